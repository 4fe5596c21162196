"""Inputs made by Hypothesis, from the types of recorded calls and from annotations.

Runs in a process of its own: Hypothesis changes the interpreter that imports it.
"""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import enum
import inspect
import os
import signal
import sys
import typing
from collections.abc import Callable, Sequence
from typing import Any, Dict, Tuple

from ..loading.probe import unpickle

Call = Tuple[Tuple[Any, ...], Dict[str, Any]]
Strategy = Any

MAX_SAMPLES = 40  # recorded calls, and values of one place, that are looked at
MAX_DEPTH = 6
MAX_SIZE = 40  # of a container, where recorded ones are not longer
SMALL = 300  # integers whose range nothing tells
# Of each kind that methods of texts tell apart. Hypothesis' own choice from all of Unicode begins
# with seconds of work.
CHARACTERS = (
    " \t\n\r\x0b\x00\u00a0\u2028aAbyZ0179_-+.,;:/\"'()[]{}%$"
    "\u00e9\u00df\u0130\u03c2\u00b2\u0662\U0001f600\u0301"
)


class _OutOfTime(BaseException):
    """Passes through Hypothesis, which catches exceptions."""


def calls(
    function: Callable[..., Any],
    recorded: Sequence[bytes],
    count: int,
    seed: int,
    seconds: float,
    library: str,
) -> list[Call]:
    """Return up to ``count`` calls; none where Hypothesis cannot be had, or types tell nothing.

    The same ``seed``, the same calls; 0 is Hypothesis' own choice.
    """
    os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = "/dev/null/none"  # it writes even without database
    os.environ["HYPOTHESIS_NO_PLUGINS"] = "1"
    if library:
        sys.path.append(library)
    try:
        return _examples(function, [unpickle(data) for data in recorded], count, seed, seconds)
    except Exception:  # no Hypothesis for this Python, or types that it knows no values of
        return []


def _examples(
    function: Callable[..., Any], recorded: list[Call], count: int, seed: int, seconds: float
) -> list[Call]:
    import hypothesis

    strategy = _Strategies(hypothesis.strategies).call(function, recorded)
    found: list[Call] = []
    if strategy is None:
        return found

    @hypothesis.settings(
        phases=[hypothesis.Phase.generate],
        database=None,
        derandomize=True,
        deadline=None,
        max_examples=count,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(strategy)
    def collect(call: Call) -> None:
        found.append(call)

    if seed:
        collect = hypothesis.seed(seed)(collect)

    def out_of_time(*_: Any) -> None:
        raise _OutOfTime

    signal.signal(signal.SIGALRM, out_of_time)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    # Out of time, it may also complain that its test does not fail again.
    with contextlib.suppress(Exception, _OutOfTime):
        collect()
    signal.setitimer(signal.ITIMER_REAL, 0)
    return found


class _Strategies:
    """Makes strategies; ``st`` is ``hypothesis.strategies``."""

    def __init__(self, st: Any) -> None:
        self._st = st
        # Unbounded, they are sizes that no machine has room for.
        st.register_type_strategy(int, st.integers(-SMALL, SMALL))
        st.register_type_strategy(str, st.text(st.sampled_from(CHARACTERS), max_size=MAX_SIZE))

    def call(self, function: Callable[..., Any], recorded: list[Call]) -> Strategy | None:
        """Return a strategy of calls: like the recorded ones, else as the annotations say."""
        if not recorded:
            return self._annotated_call(function)
        hints = _hints(function)
        shapes: dict[Any, list[Call]] = {}
        for args, kwargs in recorded:
            shapes.setdefault((len(args), *kwargs), []).append((args, kwargs))
        return self._st.one_of([self._like(same, hints) for same in shapes.values()])

    def _like(self, same: list[Call], hints: list[Any]) -> Strategy:
        """Return calls like these, which have the same number and names of arguments."""
        same = same[:MAX_SAMPLES]
        first, keywords = same[0]
        args = [
            self._argument([call[0][n] for call in same], hints[n] if n < len(hints) else None)
            for n in range(len(first))
        ]
        kwargs = {name: self._argument([call[1][name] for call in same], None) for name in keywords}
        return self._st.tuples(self._st.tuples(*args), self._st.fixed_dictionaries(kwargs))

    def _argument(self, values: list[Any], hint: Any) -> Strategy:
        """Mostly like the recorded values; whatever the annotation allows, where it tells more."""
        like = self._values(values)
        if hint is None or not _tells_more(values, hint):
            return like
        return self._st.one_of(like, self._annotated(hint))

    def _annotated_call(self, function: Callable[..., Any]) -> Strategy | None:
        """Return calls with an argument for each parameter without a default."""
        hints = dict(zip(inspect.signature(function).parameters, _hints(function)))
        args: list[Strategy] = []
        kwargs: dict[str, Strategy] = {}
        for name, parameter in inspect.signature(function).parameters.items():
            if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
                continue
            hint = hints[name]
            if hint is None:
                if parameter.default is not parameter.empty:
                    hint = type(parameter.default)
                else:
                    return None
            if parameter.kind is parameter.KEYWORD_ONLY:
                kwargs[name] = self._annotated(hint)
            else:
                args.append(self._annotated(hint))
        return self._st.tuples(self._st.tuples(*args), self._st.fixed_dictionaries(kwargs))

    def _annotated(self, hint: Any) -> Strategy:
        return self._st.from_type(hint)

    def _values(self, values: list[Any], depth: int = 0) -> Strategy:
        """Return values of the same types and about the same sizes."""
        kinds: dict[type, list[Any]] = {}
        for value in values[: MAX_SAMPLES * 4]:
            kinds.setdefault(type(value), []).append(value)
        if not kinds or depth > MAX_DEPTH:
            return self._st.sampled_from(values) if values else self._st.nothing()
        return self._st.one_of([self._kind(k, same, depth) for k, same in kinds.items()])

    def _kind(self, kind: type, values: list[Any], depth: int) -> Strategy:
        st = self._st
        if kind is bool:
            return st.booleans()
        if kind is int:
            reach = 2 * max(map(abs, values)) + 10
            return st.one_of(st.integers(-10, 10), st.integers(-reach, reach))
        if kind is float:
            reach = 2 * max((abs(v) for v in values if abs(v) < 1e300), default=0.0) + 10
            return st.one_of(st.floats(-reach, reach), st.floats())
        if kind is str:
            return self._texts(values)
        if kind is bytes:
            return st.binary(max_size=_size(values))
        if kind in (list, set, frozenset, tuple) or issubclass(kind, tuple):
            return self._containers(kind, values, depth)
        if kind is dict:
            return self._dicts(values, depth)
        return self._objects(kind, values, depth)

    def _texts(self, values: list[str]) -> Strategy:
        st = self._st
        known = sorted(set("".join(values)[:2000]) | set(" aA0"))
        size = _size(values)
        return st.one_of(
            st.text(st.sampled_from(known), max_size=size),
            st.text(st.sampled_from(CHARACTERS), max_size=size),
        )

    def _containers(self, kind: Any, values: list[Any], depth: int) -> Strategy:
        st = self._st
        items = [item for value in values for item in list(value)[:MAX_SAMPLES]]
        lengths = {len(value) for value in values}
        if issubclass(kind, tuple):
            mixed = len({type(item) for item in items}) > 1
            if kind is not tuple or mixed or lengths <= {1, 2}:
                return st.one_of([self._record(kind, values, n, depth) for n in sorted(lengths)])
        if not items:
            return st.builds(kind)
        # Few distinct values make equal ones meet.
        few = st.sampled_from(items[:5]) if all(_is_scalar(item) for item in items) else None
        made = self._values(items, depth + 1)
        lists = st.lists(made if few is None else st.one_of(made, few), max_size=_size(values))
        return lists if kind is list else lists.map(kind)

    def _record(self, kind: Any, values: list[Any], length: int, depth: int) -> Strategy:
        same = [value for value in values if len(value) == length]
        fields = [self._values([value[n] for value in same], depth + 1) for n in range(length)]
        made = self._st.tuples(*fields)
        return made if kind is tuple else made.map(kind._make)

    def _dicts(self, values: list[dict[Any, Any]], depth: int) -> Strategy:
        st = self._st
        keys = [key for value in values for key in list(value)[:MAX_SAMPLES]]
        if not keys:
            return st.builds(dict)
        shape = set(values[0])
        if all(set(value) == shape for value in values) and all(type(key) is str for key in keys):
            fields = {
                key: self._values([value[key] for value in values], depth + 1) for key in values[0]
            }
            fixed = st.fixed_dictionaries(fields)
            if len({type(item) for item in values[0].values()}) > 1:
                return fixed
        items = [item for value in values for item in list(value.values())[:MAX_SAMPLES]]
        made = self._values(items, depth + 1)
        known = st.one_of(self._values(keys, depth + 1), st.sampled_from(keys))
        return st.dictionaries(known, made, max_size=_size(values))

    def _objects(self, kind: Any, values: list[Any], depth: int) -> Strategy:
        st = self._st
        if issubclass(kind, enum.Enum):
            return st.sampled_from(list(kind))
        if dataclasses.is_dataclass(kind):
            names = [field.name for field in dataclasses.fields(kind)]
            fields = {
                name: self._values([getattr(value, name, None) for value in values], depth + 1)
                for name in names
            }
            return st.fixed_dictionaries(fields).map(lambda made: _filled(values[0], made))
        if kind.__module__ == "numpy" and kind.__name__ == "ndarray" and values[0].ndim == 1:
            rows = self._values([value.tolist() for value in values], depth + 1)
            return rows.map(lambda row: _array_like(values[0], row))
        if kind.__module__ in ("datetime", "decimal", "fractions", "uuid"):
            return st.one_of(st.sampled_from(values), st.from_type(kind))
        return st.sampled_from(values)


def _hints(function: Callable[..., Any]) -> list[Any]:
    """Return the parameters' annotations, in order; None where one means nothing."""
    try:
        known = typing.get_type_hints(function)
    except Exception:
        known = {}
    return [
        None if known.get(name) in (None, Any) else known[name]
        for name in inspect.signature(function).parameters
    ]


def _tells_more(values: list[Any], hint: Any) -> bool:
    """Say whether recorded values leave open what the annotation says."""
    origin = typing.get_origin(hint)
    if origin is not None:
        containers = (list, tuple, dict, set, frozenset)
        empty = all(type(value) in containers and not value for value in values)
        return empty or not (isinstance(origin, type) and issubclass(origin, containers))
    return hint in (int, float, str, bool, bytes) and any(
        type(value) is not hint for value in values
    )


def _is_scalar(value: Any) -> bool:
    return type(value) in (bool, int, float, str, bytes)


def _size(values: list[Any]) -> int:
    return min(max(10, 2 * max(map(len, values))), MAX_SIZE)


def _filled(example: Any, fields: dict[str, Any]) -> Any:
    made = copy.copy(example)
    for name, value in fields.items():
        object.__setattr__(made, name, value)  # also of a frozen one
    return made


def _array_like(example: Any, row: list[Any]) -> Any:
    made = example[:0].copy()
    made.resize(len(row), refcheck=False)
    made[:] = row
    return made
