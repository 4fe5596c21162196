"""Where a function's time goes: how often each of its lines runs, and how long.

Only the function's own frames are traced, those of what it defines included (comprehensions,
lambdas, inner functions). The time of what a line calls is the line's. Tracing adds its own cost to
every line event and every call of a Python function, most of which is kept off the clock.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from types import CodeType, FrameType
from typing import Any

from ..channel import Message

MAX_LINES = 2000  # that are reported

# Bound before the user's code is loaded, which might put others in their place.
_settrace, _clock = sys.settrace, time.perf_counter_ns


class LineTracer:
    """Counts and times the lines of a function while its calls run, for at most ``seconds``.

    When the time is over, the rest runs untraced: nothing is ever raised into the user's code.
    """

    def __init__(self, function: Callable[..., Any], seconds: float) -> None:
        code = getattr(function, "__code__", None)
        self._codes = frozenset(_codes_in(code)) if isinstance(code, CodeType) else frozenset()
        self._budget = int(seconds * 1e9)
        self._end = 0
        self._stack: list[int] = []  # the current line of each traced frame, the innermost last
        self._since = 0
        self.runs: dict[int, int] = {}
        self.ns: dict[int, int] = {}

    def run(self, work: Callable[[], None]) -> None:
        start = _clock()
        self._since, self._end = start, start + self._budget
        _settrace(self._on_call)
        try:
            work()
        finally:
            _settrace(None)

    def report(self) -> Message:
        """Return ``{"lines": [[line, runs, ns], ...]}``."""
        lines = [[line, runs, self.ns.get(line, 0)] for line, runs in self.runs.items()]
        return {"lines": sorted(lines, key=lambda item: -item[2])[:MAX_LINES]}

    def _on_call(self, frame: FrameType, event: str, argument: Any) -> Any:
        """A frame begins, or a generator goes on."""
        if frame.f_code not in self._codes or not self._end:
            return None
        self._take()
        self._stack.append(frame.f_lineno)
        self._since = _clock()
        return self._on_line

    def _on_line(self, frame: FrameType, event: str, argument: Any) -> Any:
        if event == "exception":
            return self._on_line
        if self._take() > self._end:
            self._give_up(frame)
            return None
        if event == "line":
            line = frame.f_lineno
            if self._stack:
                self._stack[-1] = line
            self.runs[line] = self.runs.get(line, 0) + 1
        elif event == "return" and self._stack:  # or a generator gives an item
            self._stack.pop()
        self._since = _clock()
        return self._on_line

    def _take(self) -> int:
        """Add the time since the last event to the line that ran; return the time."""
        now = _clock()
        if self._stack:
            line = self._stack[-1]
            self.ns[line] = self.ns.get(line, 0) + now - self._since
        return now

    def _give_up(self, frame: FrameType) -> None:
        self._end = 0
        _settrace(None)
        outer: Any = frame
        while outer is not None:
            if outer.f_code in self._codes:
                outer.f_trace = None
            outer = outer.f_back


def _codes_in(code: CodeType) -> Sequence[CodeType]:
    """Return a function's code and that of all it defines."""
    found = [code]
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            found += _codes_in(constant)
    return found
