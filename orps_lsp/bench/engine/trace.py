"""A recorded search: each request to the engine, and which answers it waited for.

On disk a trace is one JSON object. A text is a list of parts: the number of a literal, or a quote
``{"answer": request}``, with a ``length`` where that is not quoted whole. Prompts of a search begin
alike, so literals are front-coded: ``texts`` holds each one once, as ``[earlier text, characters in
common, the rest]``.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, cast

from orps_lsp.bench.engine.texts import Quote, Text, filled
from orps_lsp.bench.errors import BenchError
from orps_lsp.llm.protocol import Message, Prompt, Sampling

FORMAT = 2
SHIPPED = Path(__file__).with_name("traces") / "orders.json"
Json = dict[str, Any]
Kind = Literal["complete", "choose"]
Role = Literal["system", "user", "assistant"]


@dataclass(frozen=True, slots=True)
class TracedRequest:
    """One request. ``after`` are the numbers of the earlier ones that it waited for.

    Those that it quotes are among them. ``messages`` and ``prefill`` are those of its prompt.
    ``prompt_tokens`` and ``generated`` are those of the recorded model. ``options`` belong to a
    choice, ``sampling`` to a completion.
    """

    kind: Kind
    messages: tuple[tuple[Role, Text], ...]
    prefill: Text = ()
    after: tuple[int, ...] = ()
    sampling: Sampling = field(default_factory=Sampling)
    options: tuple[str, ...] = ()
    prompt_tokens: int = 0
    generated: int = 0

    @property
    def quotes(self) -> tuple[Quote, ...]:
        """All that its prompt quotes, as often as it does."""
        texts = (*(text for _, text in self.messages), self.prefill)
        return tuple(part for text in texts for part in text if isinstance(part, Quote))

    def prompt(self, answers: Mapping[int, str]) -> Prompt:
        """The prompt, given what the model wrote for the requests that it quotes."""
        messages = (Message(role, filled(text, answers)) for role, text in self.messages)
        return Prompt(tuple(messages), filled(self.prefill, answers))


@dataclass(frozen=True, slots=True)
class Trace:
    """A search as the engine saw it; ``about`` says in plain values what was searched, and how."""

    requests: tuple[TracedRequest, ...]
    about: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path) -> Trace:
        """Read a trace.

        Raises:
            BenchError: the file is missing or no trace.
        """
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            if data["format"] != FORMAT:
                raise ValueError(f"its format is {data['format']}, not {FORMAT}")
            texts = _unpack(data["texts"])
            requests = tuple(_decode(item, texts) for item in data["requests"])
            for number, request in enumerate(requests):
                _check(number, request, requests)
            return cls(requests, data["about"])
        except (OSError, ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
            raise BenchError(
                f"The trace {path} cannot be read: {type(error).__name__}: {error}.",
                "Record one with `orps-lsp bench trace FILE::QUALNAME --out TRACE.json`.",
            ) from error

    def save(self, path: Path) -> None:
        """Write the trace.

        Raises:
            BenchError: the file cannot be written.
        """
        texts: dict[str, int] = {}
        requests = [_encode(request, texts) for request in self.requests]
        data = {
            "format": FORMAT,
            "about": dict(self.about),
            "texts": _pack(texts),
            "requests": requests,
        }
        lines = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
        try:
            path.write_text(lines + "\n", encoding="utf-8")
        except OSError as error:
            raise BenchError(f"The trace cannot be written: {error}.") from error


def needed(finished: Iterable[int], after: Iterable[Iterable[int]]) -> tuple[int, ...]:
    """The members of ``finished`` that no other member waits for, however indirectly.

    ``after[n]`` is what request n waits for, itself so reduced. Waiting for the result is waiting
    for all of ``finished``.
    """
    finished = set(finished)
    waits = [tuple(earlier) for earlier in after]
    implied: set[int] = set()
    for number in sorted(finished, reverse=True):
        reach = [number]
        while reach:
            for earlier in waits[reach.pop()]:
                if earlier not in implied:
                    implied.add(earlier)
                    reach.append(earlier)
    return tuple(sorted(finished - implied))


def _check(number: int, request: TracedRequest, requests: Sequence[TracedRequest]) -> None:
    """Refuse what could not be replayed.

    Raises:
        ValueError: it waits for what never comes, or quotes what it does not wait for.
    """
    if any(not 0 <= earlier < number for earlier in request.after):
        raise ValueError(f"request {number} waits for one that comes later")
    for quote in request.quotes:
        if quote.answer not in request.after or requests[quote.answer].kind != "complete":
            raise ValueError(f"request {number} quotes what it does not wait for")


def _encode(request: TracedRequest, texts: dict[str, int]) -> Json:
    def parts(text: Text) -> list[int | Json]:
        return [
            texts.setdefault(part, len(texts)) if isinstance(part, str) else quoted(part)
            for part in text
        ]

    data: Json = {
        "kind": request.kind,
        "messages": [[role, parts(text)] for role, text in request.messages],
        "prefill": parts(request.prefill),
        "after": request.after,
        "tokens": [request.prompt_tokens, request.generated],
    }
    if request.kind == "choose":
        return {**data, "options": request.options}
    default = asdict(Sampling())
    chosen = {k: v for k, v in asdict(request.sampling).items() if v != default[k]}
    return {**data, "sampling": chosen}


def quoted(quote: Quote) -> Json:
    """A quote as it stands in a file, and as the naive child takes it."""
    return {name: value for name, value in asdict(quote).items() if value is not None}


def _decode(data: Json, texts: list[str]) -> TracedRequest:
    def text(parts: Iterable[int | Json]) -> Text:
        return tuple(Quote(**part) if isinstance(part, dict) else texts[part] for part in parts)

    kind = data["kind"]
    if kind not in ("complete", "choose"):
        raise ValueError(f"unknown kind of request {kind!r}")
    prompt_tokens, generated = data["tokens"]
    known = {item.name for item in fields(Sampling)}
    sampling = {k: v for k, v in data.get("sampling", {}).items() if k in known}
    if "stop" in sampling:
        sampling["stop"] = tuple(sampling["stop"])
    return TracedRequest(
        cast(Kind, kind),
        tuple((role, text(parts)) for role, parts in data["messages"]),
        text(data["prefill"]),
        tuple(data["after"]),
        Sampling(**sampling),
        tuple(data.get("options", ())),
        prompt_tokens,
        generated,
    )


def _pack(texts: Iterable[str]) -> list[tuple[int, int, str]]:
    """Code each text by the earlier one with which it has the most in common."""
    packed: list[tuple[int, int, str]] = []
    earlier: list[str] = []
    for text in texts:
        shared = [len(os.path.commonprefix((text, other))) for other in earlier]
        most = max(shared, default=0)
        packed.append((shared.index(most) if most else 0, most, text[most:]))
        earlier.append(text)
    return packed


def _unpack(packed: Iterable[tuple[int, int, str]]) -> list[str]:
    texts: list[str] = []
    for number, length, rest in packed:
        texts.append((texts[number][:length] if length else "") + rest)
    return texts
