"""Find one function in a module's syntax tree; count and record its calls, or get hold of it."""

from __future__ import annotations

import ast
import builtins
import contextlib
import io
import pickle
import sys
import time
from collections.abc import Callable
from typing import Any, Union

from .shapes import Arguments

FunctionNode = Union[ast.FunctionDef, ast.AsyncFunctionDef]

PROBE = "__orps_probe__"
SWAPPED = "__orps_probe_swapped__"  # in code that was put in another's place
CAPTURE = "__orps_capture__"

MAX_CALLS_PER_TEST = 400
MAX_ATTEMPTS_PER_TEST = 2000
MAX_CALLS = 2000
MAX_CALL_BYTES = 4 * 1024 * 1024
MAX_BYTES = 32 * 1024 * 1024
MAX_SECONDS = 5.0


def find(tree: ast.Module, qualname: str) -> FunctionNode | None:
    """Return the definition that Python would bind: the last one that is not an ``@overload``."""
    found = [node for name, node in _definitions(tree.body, "") if name == qualname]
    real = [node for node in found if not _is_overload(node)]
    candidates = real or found
    return candidates[-1] if candidates else None


def _definitions(body: list[ast.stmt], prefix: str) -> list[tuple[str, FunctionNode]]:
    found: list[tuple[str, FunctionNode]] = []
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            name = prefix + node.name
            if not isinstance(node, ast.ClassDef):
                found.append((name, node))
            found += _definitions(node.body, name + ".")
        else:
            for child in ast.iter_child_nodes(node):
                if isinstance(child, ast.stmt):
                    found += _definitions([child], prefix)
                else:
                    inner = [s for s in ast.iter_child_nodes(child) if isinstance(s, ast.stmt)]
                    found += _definitions(inner, prefix)
    return found


def _is_overload(node: FunctionNode) -> bool:
    names = [getattr(item, "id", getattr(item, "attr", "")) for item in node.decorator_list]
    return "overload" in names


def add_probe(tree: ast.Module, qualname: str, name: str = PROBE) -> ast.Module:
    """Make the function's first statement report its arguments to the builtin ``name``."""
    node = find(tree, qualname)
    if node is None:
        return tree
    call = "{}(__name__, {}, {})".format(name, *_argument_displays(node.args))
    statement = ast.parse(call).body[0]
    first = node.body[0]
    documented = (
        isinstance(first, ast.Expr)
        and isinstance(first.value, ast.Constant)
        and isinstance(first.value.value, str)
    )
    for part in ast.walk(statement):
        ast.copy_location(part, first)
    node.body.insert(1 if documented else 0, statement)
    return tree


def _argument_displays(arguments: ast.arguments) -> tuple[str, str]:
    """Return source of the call's positional tuple and keyword dictionary."""
    positional = [item.arg + "," for item in arguments.posonlyargs + arguments.args]
    if arguments.vararg:
        positional.append(f"*{arguments.vararg.arg},")
    keywords = [f"{item.arg!r}: {item.arg}," for item in arguments.kwonlyargs]
    if arguments.kwarg:
        keywords.append(f"**{arguments.kwarg.arg},")
    return "({})".format("".join(positional)), "{{{}}}".format("".join(keywords))


def add_capture(tree: ast.Module, qualname: str) -> ast.Module:
    """Give the function an innermost decorator, which sees it before any other decorator does."""
    node = find(tree, qualname)
    if node is not None:
        name = ast.Name(CAPTURE, ast.Load())
        ast.copy_location(name, node)
        node.decorator_list.append(name)
    return tree


class Capture:
    """Holds the plain functions, one for each time that the module was loaded."""

    def __init__(self) -> None:
        self.functions: list[Callable[..., Any]] = []

    @property
    def function(self) -> Callable[..., Any] | None:
        """The one of the last time."""
        return self.functions[-1] if self.functions else None

    def install(self) -> None:
        setattr(builtins, CAPTURE, self._take)

    def _take(self, function: Callable[..., Any]) -> Callable[..., Any]:
        self.functions.append(function)
        return function


class Recorder:
    """Counts entries per test; keeps the arguments of distinct calls as pickles made at entry."""

    def __init__(self, keep_arguments: bool) -> None:
        self._keep = keep_arguments
        self._busy = False
        self._numbers: dict[bytes, int] = {}
        self._bytes = 0
        self._seconds = 0.0
        self.fresh: list[tuple[int, bytes]] = []
        self.modules: dict[str, int] = {}
        self.unpicklable = 0
        self.left_out = 0
        self.total = 0
        self.arguments = Arguments()
        self.start_test()

    def install(self, name: str = PROBE) -> None:
        setattr(builtins, name, self._enter)

    def start_test(self) -> None:
        self.entered = 0
        self.calls: set[int] = set()
        self._attempts = 0

    def _enter(self, module: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if self._busy:
            return  # pickling an argument called the function
        self.entered += 1
        self.total += 1
        self.modules[module] = self.modules.get(module, 0) + 1
        if self._keep:
            self._busy = True
            try:
                with contextlib.suppress(Exception):  # a container that a thread changes
                    self.arguments.add(sys._getframe(1).f_code, args, kwargs)
                self._record(args, kwargs)
            finally:
                self._busy = False

    def _record(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self._attempts += 1
        if (
            self._attempts > MAX_ATTEMPTS_PER_TEST
            or len(self.calls) >= MAX_CALLS_PER_TEST
            or self._seconds > MAX_SECONDS
        ):
            self.left_out += 1
            return
        start = time.perf_counter()
        try:
            data = _pickle((args, kwargs))
        except Exception:
            self.unpicklable += 1
            return
        finally:
            self._seconds += time.perf_counter() - start
        number = self._numbers.get(data)
        if number is None:
            if len(self._numbers) >= MAX_CALLS or self._bytes + len(data) > MAX_BYTES:
                self.left_out += 1
                return
            number = self._numbers[data] = len(self._numbers)
            self._bytes += len(data)
            self.fresh.append((number, data))
        self.calls.add(number)


class _Bounded(io.BytesIO):
    def write(self, data: Any) -> int:
        if self.tell() + len(data) > MAX_CALL_BYTES:
            raise pickle.PicklingError("too large")
        return super().write(data)


def _pickle(call: tuple[tuple[Any, ...], dict[str, Any]]) -> bytes:
    buffer = _Bounded()
    pickle.Pickler(buffer, protocol=4).dump(call)
    return buffer.getvalue()


def unpickle(data: bytes) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return a recorded call's positional and keyword arguments, made anew."""
    args, kwargs = pickle.loads(data)
    return args, kwargs
