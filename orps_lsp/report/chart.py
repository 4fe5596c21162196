"""Speed-up against time: what each candidate measured, and the best so far."""

from __future__ import annotations

import math
from collections.abc import Iterator

import svg

from orps_lsp.evaluation.protocol import Speedup
from orps_lsp.report import words
from orps_lsp.report.marks import label, mark, picture, rounded, title
from orps_lsp.report.text import safe
from orps_lsp.search.types import Candidate, Outcome, Status

_WIDTH, _HEIGHT = 960.0, 300.0
_LEFT, _RIGHT, _TOP = 56.0, 24.0, 16.0
_FLOOR = 218.0  # where the plot ends; below it the lane of those that did not hold, then the axis
_LANE = 238.0
_AXIS = 256.0
_RADIUS = 5.0
_MOST_TICKS = 8


def draw(outcome: Outcome) -> svg.SVG | None:
    """Return the chart; None if no speed was measured: an empty one says nothing."""
    chart = _Chart(outcome)
    return chart.draw() if chart.measured else None


class _Chart:
    def __init__(self, outcome: Outcome) -> None:
        self._candidates = outcome.candidates
        self._ranks = {r.candidate.id: r.rank for r in outcome.refinements}
        self.measured = [
            (candidate, speedup)
            for candidate in outcome.candidates
            if (speedup := _speedup(candidate)) is not None
        ]
        medians = [speedup.median for _, speedup in self.measured] or [1.0]
        self._low = min(*medians, 1.0) / 1.3
        self._high = max(*medians, 1.0) * 1.5
        self._end = max([outcome.seconds, *(c.seconds for c in outcome.candidates), 1.0])

    def draw(self) -> svg.SVG:
        elements: list[svg.Element] = [
            title("Speed-up over time", "chart-title"),
            svg.Desc(text=safe(self._description()), id="chart-desc"),
            *self._axes(),
            *self._best_so_far(),
            *self._unverified(),
            *self._points(),
        ]
        return picture(_WIDTH, _HEIGHT, "chart", "img", elements)

    def _description(self) -> str:
        candidate, speedup = max(self.measured, key=lambda pair: pair[1].median)
        return (
            f"{len(self.measured)} of {len(self._candidates)} candidates held and were measured; "
            f"the fastest, candidate {candidate.id}, reached {words.ratio(speedup.median)} after "
            f"{words.duration(candidate.seconds)}."
        )

    def _x(self, seconds: float) -> float:
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * seconds / self._end

    def _y(self, ratio: float) -> float:
        """Logarithmic: twice as fast is the same step anywhere."""
        share = math.log(ratio / self._low) / math.log(self._high / self._low)
        return _FLOOR - (_FLOOR - _TOP) * min(max(share, 0.0), 1.0)

    def _axes(self) -> Iterator[svg.Element]:
        for ratio in _ratios(self._low, self._high):
            y = self._y(ratio)
            kind = "zero" if ratio == 1 else "grid"
            yield _line(_LEFT, y, _WIDTH - _RIGHT, y, kind)
            yield label(f"{ratio:g}x", _LEFT - 8, y + 4, "tick", "end")
        yield _line(_LEFT, _AXIS, _WIDTH - _RIGHT, _AXIS, "axis")
        for seconds in _times(self._end):
            yield _line(self._x(seconds), _AXIS, self._x(seconds), _AXIS + 5, "axis")
            yield label(f"{seconds:g}", self._x(seconds), _AXIS + 18, "tick", "middle")
        middle = (_LEFT + _WIDTH - _RIGHT) / 2
        yield label("seconds since the search began", middle, _HEIGHT - 6, "tick", "middle")

    def _best_so_far(self) -> Iterator[svg.Element]:
        """Steps along the lower ends of the intervals, which the ranking goes by."""
        best = 1.0
        path: list[svg.PathData] = [svg.MoveTo(_LEFT, rounded(self._y(best)))]
        for candidate, speedup in sorted(self.measured, key=lambda pair: pair[0].seconds):
            if speedup.claimed and speedup.low > best:
                best = speedup.low
                path.append(svg.HorizontalLineTo(rounded(self._x(candidate.seconds))))
                path.append(svg.VerticalLineTo(rounded(self._y(best))))
        path.append(svg.HorizontalLineTo(_WIDTH - _RIGHT))
        yield svg.Path(d=path, class_=["claim"])

    def _unverified(self) -> Iterator[svg.Element]:
        for candidate in self._candidates:
            if candidate.status is not Status.VERIFIED:
                sign = mark(candidate.status, self._x(candidate.seconds), _LANE, _RADIUS - 1)
                yield svg.G(elements=[title(self._said(candidate)), sign])

    def _points(self) -> Iterator[svg.Element]:
        for candidate, speedup in self.measured:
            x, y = self._x(candidate.seconds), self._y(speedup.median)
            said = f"{self._said(candidate)} ({words.interval(speedup)})"
            rank = self._ranks.get(candidate.id)
            elements: list[svg.Element] = [
                title(said),
                _line(x, self._y(speedup.low), x, self._y(speedup.high), "whisker"),
                mark(candidate.status, x, y, _RADIUS + 2 * (rank is not None)),
            ]
            if rank:
                elements.append(label(str(rank), x, y + 3.6, "rank"))
            yield svg.G(elements=elements)
            if rank == 1:
                # Beside the side that is free: points and line come from the left, and go on.
                yield label(words.ratio(speedup.median), x - 12, y - 6, "offered", "end")

    def _said(self, candidate: Candidate) -> str:
        after = words.duration(candidate.seconds)
        return f"Candidate {candidate.id}, after {after}: {words.result(candidate)}"


def _speedup(candidate: Candidate) -> Speedup | None:
    """What was measured, if it can be drawn."""
    speedup = candidate.evaluation.speedup if candidate.evaluation else None
    if speedup is None or candidate.status is not Status.VERIFIED:
        return None
    values = (speedup.low, speedup.median, speedup.high)
    return speedup if all(math.isfinite(value) and value > 0 for value in values) else None


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> svg.Line:
    return svg.Line(x1=rounded(x1), y1=rounded(y1), x2=rounded(x2), y2=rounded(y2), class_=[kind])


def _ratios(low: float, high: float) -> list[float]:
    """Round ratios between both, 1 among them."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    fine = [digit * 10.0**power for power in powers for digit in (1, 1.5, 2, 3, 5, 7)]
    for digits in ((1, 1.5, 2, 3, 5, 7), (1, 2, 5), (1,)):
        ticks = [t for t in fine if low <= t <= high and _digit(t) in digits]
        if len(ticks) <= _MOST_TICKS:
            break
    return ticks if 1.0 in ticks else sorted([*ticks, 1.0])


def _digit(tick: float) -> float:
    return round(tick / 10.0 ** math.floor(math.log10(tick) + 1e-9), 3)


def _times(end: float) -> list[float]:
    """Round numbers of seconds from 0 to the end."""
    rough = end / _MOST_TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(digit * power for digit in (1, 2, 5, 10) if digit * power >= rough)
    return [round(index * step, 6) for index in range(int(end / step + 1e-9) + 1)]
