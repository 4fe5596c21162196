"""Let CrossHair look for an input on which two versions of a function differ.

Runs in a process of its own: CrossHair changes the interpreter that imports it.
"""

from __future__ import annotations

import collections
import copy
import inspect
import pickle
import signal
import sys
import typing
from collections.abc import Callable, Sequence
from typing import Any, Dict, List, Optional, Set, Tuple

from ..channel import Message
from ..loading.probe import unpickle

MAX_DIFFERENCES = 3  # its models of values are not exact: one may turn out to be none
MAX_SAMPLES = 20
PATHS = 4  # how many of the longest paths fit into the time
MAX_DEPTH = 4


# As values: what stands in their brackets is known at run time only.
_LIST: Any = List
_SET: Any = Set
_DICT: Any = Dict
_TUPLE: Any = Tuple
_OPTIONAL: Any = Optional


class _OutOfTime(BaseException):
    """Passes through CrossHair, which catches exceptions."""


def examine(
    original: Callable[..., Any],
    candidate: Callable[..., Any],
    recorded: Sequence[bytes],
    seconds: float,
    library: str,
) -> Message:
    """Return the ``inputs``, as pickles, on which the versions seem to differ.

    ``ran`` says that CrossHair could be had and knows the arguments' types, ``exhausted`` that it
    went through all paths. ``library`` is a folder to import it from, where the project has none.
    """
    if library:
        sys.path.append(library)
    signature = typed(original, [unpickle(data) for data in recorded[:MAX_SAMPLES]])
    if signature is None:
        return {"ran": False}
    search = _Search(original, candidate, signature)
    try:
        _limited(3 * seconds, lambda: search.run(seconds))
    except ImportError:
        return {"ran": False}
    except _OutOfTime:
        pass  # what was found until then counts
    except Exception:  # CrossHair gives up in many ways
        return {"ran": bool(search.found), "inputs": search.found, "exhausted": False}
    return {"ran": True, "inputs": search.found, "exhausted": search.exhausted}


def _limited(seconds: float, work: Callable[[], None]) -> None:
    """CrossHair's own limits are not kept by loops of the functions."""

    def out_of_time(*_: Any) -> None:
        raise _OutOfTime

    signal.signal(signal.SIGALRM, out_of_time)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        work()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


class _Search:
    """Executes both versions on symbolic arguments, path by path."""

    def __init__(
        self,
        original: Callable[..., Any],
        candidate: Callable[..., Any],
        signature: inspect.Signature,
    ) -> None:
        self._original = original
        self._candidate = candidate
        self._signature = signature
        self.found: list[bytes] = []
        self.exhausted = False

    def run(self, seconds: float) -> None:
        import crosshair.core_and_libs  # noqa: F401  registers its models of built-in types
        from crosshair.behavior_compare import flexible_equal
        from crosshair.core import deep_realize, explore_paths
        from crosshair.diff_behavior import describe_behavior
        from crosshair.options import DEFAULT_OPTIONS, AnalysisOptionSet
        from crosshair.statespace import RootNode

        chosen = AnalysisOptionSet(
            per_condition_timeout=seconds,
            per_path_timeout=seconds / PATHS,
            max_uninteresting_iterations=0,
        )
        options = DEFAULT_OPTIONS.overlay(chosen)
        options.stats = collections.Counter()
        agreed = 0

        def run_both(first: inspect.BoundArguments) -> tuple[Any, ...]:
            second = copy.deepcopy(first)
            one = describe_behavior(self._original, first)
            return one, describe_behavior(self._candidate, second), second

        def completed(space: Any, before: Any, first: Any, both: Any, *_: Any) -> bool:
            nonlocal agreed
            if both is None:
                return False
            (result, error), (other, other_error), second = both
            alike = type(error) is type(other_error) and bool(
                flexible_equal(result, other) and flexible_equal(first.arguments, second.arguments)
            )
            space.detach_path()
            if alike:
                agreed += not hasattr(result, "__next__")  # it was not looked into
            else:
                self._add(deep_realize(dict(before.arguments)))
            return len(self.found) >= MAX_DIFFERENCES

        unsteady: list[bool] = []
        explore_paths(
            run_both,
            self._signature,
            options,
            RootNode(),
            completed,
            on_nondeterminism=lambda: unsteady.append(True),
        )
        all_agreed = agreed == options.stats["num_paths"] and not unsteady
        self.exhausted = all_agreed and bool(options.stats["exhaustion"])

    def _add(self, arguments: dict[str, Any]) -> None:
        ordered = collections.OrderedDict(arguments)
        call = inspect.BoundArguments(self._signature, ordered)
        try:
            self.found.append(pickle.dumps((call.args, call.kwargs), protocol=4))
        except Exception:
            return


def typed(function: Callable[..., Any], recorded: list[Any]) -> inspect.Signature | None:
    """Return the signature with types from annotations, else from recorded calls.

    None for functions that CrossHair does not follow: generators, asynchronous ones, and those
    with arguments of types that are not Python's own.
    """
    lazy = (inspect.isgeneratorfunction, inspect.iscoroutinefunction, inspect.isasyncgenfunction)
    if any(is_kind(function) for is_kind in lazy):
        return None
    signature = inspect.signature(function)
    try:
        hints = typing.get_type_hints(function)
    except Exception:  # a name that is imported for type checkers only
        hints = {}
    values = _by_name(signature, recorded)
    parameters = []
    for name, parameter in signature.parameters.items():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            return None
        hint = hints[name] if name in hints else _infer(values.get(name, []))
        if hint is None or not _is_known(hint):
            return None
        parameters.append(parameter.replace(annotation=hint, default=parameter.empty))
    return inspect.Signature(parameters) if parameters else None


def _by_name(signature: inspect.Signature, recorded: list[Any]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for args, kwargs in recorded:
        try:
            bound = signature.bind(*args, **kwargs)
        except TypeError:
            continue
        for name, value in bound.arguments.items():
            found.setdefault(name, []).append(value)
    return found


def _infer(values: list[Any], depth: int = 0) -> Any:
    """Return the type of the values as an annotation; None if it is not clear or not known."""
    kinds: set[type] = {type(value) for value in values}
    optional = type(None) in kinds and len(kinds) == 2
    kinds.discard(type(None))
    if len(kinds) != 1 or depth > MAX_DEPTH:
        return None
    kind = kinds.pop()
    same = [value for value in values if value is not None]
    hint = _infer_kind(kind, same, depth)
    return _OPTIONAL[hint] if optional and hint is not None else hint


def _infer_kind(kind: Any, values: list[Any], depth: int) -> Any:
    if kind in (bool, int, float, str, bytes):
        return kind
    if kind is dict:
        keys = _infer([key for value in values for key in value], depth + 1)
        items = _infer([item for value in values for item in value.values()], depth + 1)
        return None if keys is None or items is None else _DICT[keys, items]
    if kind is tuple:
        parts = [_infer(list(part), depth + 1) for part in zip(*values)]
        fixed = len({len(value) for value in values}) == 1 and parts
        return _TUPLE[tuple(parts)] if fixed and None not in parts else None
    if kind in (list, set):
        item = _infer([item for value in values for item in value], depth + 1)
        if item is None:
            return None
        return _LIST[item] if kind is list else _SET[item]
    return None


def _is_known(hint: Any) -> bool:
    """Say whether an annotation is made of Python's own types only."""
    arguments = [part for part in typing.get_args(hint) if part is not Ellipsis]
    if arguments:
        return all(_is_known(part) for part in arguments)
    return getattr(hint, "__module__", "") == "builtins" or hint is type(None)
