"""Settings: one frozen dataclass, one parser for every source, problems reported and never fatal.

Sources, later wins: defaults, ``[tool.orps]`` in the workspace's pyproject.toml, the editor (LSP
initialisation options and ``workspace/configuration``, section ``orps``), command-line flags.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from enum import Enum
from pathlib import Path
from typing import Any, get_type_hints

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


_ROOT_MARKERS = ("pyproject.toml", "setup.py", "setup.cfg", "pytest.ini", "tox.ini", ".git")
_PLAIN_NAME = re.compile(r"(?!.*\.gguf$)[A-Za-z0-9][A-Za-z0-9._-]*")


class Origin(str, Enum):
    """Where a setting came from; it decides whom to tell, and what may be set there."""

    WORKSPACE = "pyproject.toml"
    EDITOR = "editor settings"
    COMMAND_LINE = "command line"


def _setting(
    default: Any,
    doc: str,
    *,
    choices: tuple[str, ...] = (),
    minimum: float | None = None,
    maximum: float | None = None,
    user_only: bool = False,
    plain_name: bool = False,
) -> Any:
    """A field of :class:`Settings`; the metadata is what parser, docs and editors share."""
    metadata = {
        "doc": doc,
        "choices": choices,
        "minimum": minimum,
        "maximum": maximum,
        "user_only": user_only,
        "plain_name": plain_name,
    }
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings and their defaults. Names are the same in every source."""

    model: str = _setting(
        "auto",
        "Catalogue name, path of a .gguf file, or hf:repo/file; an endpoint's name for its model.",
        plain_name=True,
    )
    engine: str = _setting(
        "llama_cpp",
        "What runs the model.",
        choices=("llama_cpp", "openai_compatible", "scripted"),
        user_only=True,
    )
    endpoint: str = _setting(
        "",
        "URL of an OpenAI-compatible server, with its /v1; a key comes from ORPS_API_KEY.",
        user_only=True,
    )
    concurrency: int = _setting(
        16, "Requests to the endpoint at the same time.", minimum=1, maximum=256, user_only=True
    )
    script: str = _setting("", "Answers for the scripted engine (a JSON file).", user_only=True)
    method: str = _setting(
        "orps",
        "Search method.",
        choices=(
            *("orps", "chain", "best_of_n", "reflexion"),
            *("repair", "mcts", "depth_first", "greedy"),
        ),
    )
    seconds: float = _setting(150.0, "Time budget of a search in seconds; 0: none.", minimum=0)
    candidates: int = _setting(32, "Candidates a search generates at most; 0: no limit.", minimum=0)
    rounds: int = _setting(3, "Rounds of refinement.", minimum=1, maximum=20)
    tokens: int = _setting(0, "Tokens a search generates at most; 0: no limit.", minimum=0)
    beam: int = _setting(3, "Candidates kept for the next round.", minimum=1, maximum=16)
    seed: int = _setting(0, "Seed of the search: same seed, same candidates.", minimum=0)
    temperature: float = _setting(0.8, "Sampling temperature.", minimum=0, maximum=2)
    alpha: float = _setting(
        -1.0,
        "Weight of the critic's score against the outcome, 0 to 1; -1: what suits the model.",
        minimum=-1,
        maximum=1,
    )
    context: int = _setting(
        0, "Tokens of context for all sequences together; 0: automatic.", minimum=0
    )
    threads: int = _setting(0, "Threads of the engine; 0: the physical cores.", minimum=0)
    gpu_layers: int = _setting(
        -1, "Layers of the model on a GPU; -1: all that a GPU takes, 0: none.", minimum=-1
    )
    flash_attention: str = _setting("auto", "Flash attention.", choices=("auto", "on", "off"))
    python: str = _setting(
        "",
        "Interpreter of the project; empty: the active environment, .venv, else our own.",
        user_only=True,
    )
    sandbox: str = _setting(
        "auto",
        "Sandbox of evaluations.",
        choices=("auto", "bubblewrap", "landlock", "seatbelt", "none"),
        user_only=True,
    )
    test_timeout: float = _setting(
        120.0, "Seconds that the project's tests may take for the baseline.", minimum=1
    )
    untested: str = _setting(
        "refuse",
        "Functions that no test calls: refuse them, or generate inputs and go by these alone.",
        choices=("refuse", "generate"),
    )
    memory_mb: int = _setting(2048, "Memory limit of one evaluation in MiB.", minimum=128)
    float_tolerance: float = _setting(
        0.0, "Relative difference that floats in results may have; 0: none.", minimum=0, maximum=0.1
    )
    code_lens: str = _setting(
        "functions",
        "Code lenses of an editor: above all functions, above those with a search or results, off.",
        choices=("functions", "results", "off"),
    )
    prove_seconds: float = _setting(
        2.0, "Seconds for CrossHair, where it is installed, on what passed; 0: off.", minimum=0
    )
    keep_traces: bool = _setting(
        False,
        "Keep every search on this machine, with prompts and code, for `orps-lsp export traces`.",
        user_only=True,
    )


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a source, in words."""

    origin: Origin
    message: str

    def __str__(self) -> str:
        return f"{self.origin.value}: {self.message}"


def parse(
    values: Mapping[str, Any], origin: Origin, base: Settings | None = None
) -> tuple[Settings, tuple[Problem, ...]]:
    """Lay ``values`` over ``base``. What is unknown or wrong is reported and left at the base's."""
    settings = base or Settings()
    known = {item.name: item for item in fields(Settings)}
    types = get_type_hints(Settings)
    accepted: dict[str, Any] = {}
    problems: list[Problem] = []
    for name, value in values.items():
        if name not in known:
            near = _nearest(name, known)
            problems.append(Problem(origin, f"unknown setting '{name}'{near}."))
            continue
        metadata = known[name].metadata
        if metadata["user_only"] and origin is Origin.WORKSPACE:
            problems.append(
                Problem(origin, f"'{name}' can only be set by you (editor or command line).")
            )
            continue
        fault = _fault(value, types[name], metadata)
        if metadata["plain_name"] and origin is Origin.WORKSPACE and not fault:
            # Opening a project must not make its choice of file be downloaded or parsed.
            fault = "" if _PLAIN_NAME.fullmatch(value) else "must be a plain name in a project"
        if fault:
            problems.append(
                Problem(origin, f"'{name}' {fault}; {getattr(settings, name)!r} is used instead.")
            )
            continue
        accepted[name] = float(value) if types[name] is float else value
    return replace(settings, **accepted), tuple(problems)


def find_workspace(file: Path) -> Path:
    """The nearest folder above ``file`` that looks like a project's root, else its own folder."""
    folder = file.resolve().parent
    for candidate in (folder, *folder.parents):
        if any((candidate / marker).exists() for marker in _ROOT_MARKERS):
            return candidate
    return folder


def read_workspace(
    workspace: Path, base: Settings | None = None
) -> tuple[Settings, tuple[Problem, ...]]:
    """Read ``[tool.orps]`` of ``workspace/pyproject.toml``; a missing file is no problem."""
    settings = base or Settings()
    path = workspace / "pyproject.toml"
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return settings, ()
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        return settings, (Problem(Origin.WORKSPACE, f"cannot be read: {error}."),)
    tool = document.get("tool")
    table = tool.get("orps", {}) if isinstance(tool, dict) else {}
    if not isinstance(table, dict):
        return settings, (Problem(Origin.WORKSPACE, "[tool.orps] must be a table."),)
    return parse(table, Origin.WORKSPACE, settings)


def _fault(value: Any, expected: type, metadata: Mapping[str, Any]) -> str:
    """Say what is wrong with ``value``, or nothing."""
    if expected is str:
        if not isinstance(value, str):
            return f"must be a text, not {value!r}"
        if metadata["choices"] and value not in metadata["choices"]:
            return f"must be one of {', '.join(metadata['choices'])}, not {value!r}"
        return ""
    if expected is bool:
        return "" if isinstance(value, bool) else f"must be true or false, not {value!r}"
    # bool is an int to Python, but `true` seconds are a mistake to people.
    number = int if expected is int else (int, float)
    if isinstance(value, bool) or not isinstance(value, number):
        return f"must be a {'whole ' if expected is int else ''}number, not {value!r}"
    low, high = metadata["minimum"], metadata["maximum"]
    if value != value or (low is not None and value < low) or (high is not None and value > high):
        limits = f"at least {low}" if high is None else f"between {low} and {high}"
        return f"must be {limits}, not {value!r}"
    return ""


def _nearest(name: str, known: Mapping[str, Any]) -> str:
    import difflib

    match = difflib.get_close_matches(name, known, n=1)
    return f" (did you mean '{match[0]}'?)" if match else ""
