"""How long hovers, code actions and code lenses take while somebody types in a long file."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping, Sequence
from typing import Any

from orps_lsp.bench.errors import BenchError
from orps_lsp.bench.server.client import Client
from orps_lsp.bench.server.project import FUNCTION, Project

METHODS = {
    "hover": "textDocument/hover",
    "code_action": "textDocument/codeAction",
    "code_lens": "textDocument/codeLens",
}
_TYPED = 'print("a", [1])'  # most of its beginnings are no valid Python
_STROKES_EACH = 3  # requests of each kind between two keystrokes
_PAUSE_SECONDS = 0.01
_SEARCH_SECONDS = 600.0  # until a search that does not end is given up
Milliseconds = Mapping[str, Sequence[float]]


class Typist:
    """Somebody who types statements into functions, one character a change."""

    def __init__(self, client: Client, project: Project) -> None:
        self._client = client
        self._uri = project.uri
        self._lines = project.text.split("\n")
        # The searched function is the first one, and is left alone: its results would be outdated.
        self._functions = list(project.functions[1:])
        self._random = random.Random(0)
        self._version = 1
        self._left = ""
        self._line = 0

    def stroke(self) -> None:
        """Type one character; a new line comes with its indentation, as editors do it."""
        if not self._left:
            self._begin()
            return
        character, self._left = self._left[0], self._left[1:]
        self._insert(character)

    def place(self) -> dict[str, int]:
        """A position in the head of some function, often the one that is searched."""
        if self._random.random() < 0.5:
            line = next(n for n, text in enumerate(self._lines) if f"def {FUNCTION}(" in text)
        else:
            line = self._random.choice(self._functions)
        return {"line": line, "character": 6}

    def _begin(self) -> None:
        self._line = self._random.choice(self._functions)
        head = self._lines[self._line]
        indent = " " * (len(head) - len(head.lstrip()) + 4)
        self._left = _TYPED
        self._insert("\n" + indent)
        self._functions = [n + (n > self._line) for n in self._functions]
        self._line += 1
        self._lines.insert(self._line, indent)

    def _insert(self, text: str) -> None:
        place = {"line": self._line, "character": len(self._lines[self._line])}
        if text[0] != "\n":
            self._lines[self._line] += text
        self._version += 1
        self._client.notify(
            "textDocument/didChange",
            {
                "textDocument": {"uri": self._uri, "version": self._version},
                "contentChanges": [{"range": {"start": place, "end": place}, "text": text}],
            },
        )


class Searches:
    """Keeps a search going on in the server, one after another."""

    def __init__(self, client: Client, project: Project) -> None:
        self._client = client
        self._argument = {"uri": project.uri, "qualname": FUNCTION}
        self._job: int | None = None
        self._generating = False
        self._changed = asyncio.Event()
        self._seen = 0  # candidates of the present search
        self._failure = ""
        self.started = 0
        self.candidates = 0
        client.heard = self._heard

    async def keep(self) -> None:
        """Return once a search is at work on candidates.

        Raises:
            BenchError: it failed.
        """
        while not self._generating:
            if self._job is None:
                self.started += 1
                self._seen = 0
                command = {"command": "orps.refine", "arguments": [self._argument]}
                answer = await self._client.request("workspace/executeCommand", command)
                self._job = answer["job"]
            await self._wait()

    async def end(self) -> None:
        """Cancel what goes on."""
        command = {"command": "orps.cancel", "arguments": [{}]}
        await self._client.request("workspace/executeCommand", command)

    async def _wait(self) -> None:
        self._changed.clear()
        try:
            await asyncio.wait_for(self._changed.wait(), _SEARCH_SECONDS)
        except asyncio.TimeoutError:
            raise BenchError("The search does nothing.") from None
        if self._failure:
            raise BenchError(f"The search failed: {self._failure}")

    def _heard(self, method: str, params: Any) -> None:
        if method == "orps/progress":
            generated = params["candidates"]["generated"]
            self.candidates += max(0, generated - self._seen)
            self._seen = max(generated, self._seen)
            if generated:
                self._generating = True
        elif method == "orps/finished":
            self._job = None
            self._generating = False
            if params["state"] == "failed":
                self._failure = params["message"]
        self._changed.set()


async def measure(
    client: Client,
    project: Project,
    typist: Typist,
    requests: int,
    searches: Searches | None = None,
    *,
    typing: bool = True,
) -> Milliseconds:
    """Send ``requests`` of each kind, a keystroke before every third round; milliseconds of each.

    Raises:
        BenchError: the server answered with an error, or a search failed.
    """
    found: dict[str, list[float]] = {name: [] for name in METHODS}
    for number in range(requests):
        if searches is not None:
            await searches.keep()
        if typing and number % _STROKES_EACH == 0:
            typist.stroke()
        place = typist.place()
        params = {
            "textDocument": {"uri": project.uri},
            "position": place,
            "range": {"start": place, "end": place},
            "context": {"diagnostics": [], "triggerKind": 1},
        }
        # In turn, so that each kind is now and then the first behind a keystroke.
        names = list(METHODS)
        for name in names[number // _STROKES_EACH % 3 :] + names[: number // _STROKES_EACH % 3]:
            found[name].append(await client.timed(METHODS[name], params) * 1000)
        await asyncio.sleep(_PAUSE_SECONDS)
    return found
