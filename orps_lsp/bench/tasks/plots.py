"""Pictures of runs: pass rate against tokens, gain per round, where candidates are lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import svg

from orps_lsp.bench.tasks.compare import Group
from orps_lsp.bench.tasks.records import Record
from orps_lsp.report.marks import label, picture, rounded, title
from orps_lsp.report.text import safe

WIDTH, HEIGHT = 720.0, 300.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 52.0, 170.0, 16.0, 44.0
_STEPS = 60  # points of a curve
_BAR = 26.0
LOST = (
    ("verified", "pass the visible tests"),
    ("failed_tests", "fail a test"),
    ("broken", "do not run"),
    ("screened_out", "screened out"),
    ("duplicate", "repetitions"),
    ("disagrees", "differ from the original"),
)


def pass_rate(groups: Sequence[Group]) -> svg.SVG:
    """Share of the tasks whose best version so far passes the hidden tests, against tokens."""
    frame = _Frame(max((group.runs[0].about.tokens for group in groups), default=1), "tokens")
    elements = [*frame.draw("Pass rate against generated tokens", "rate", _ends(groups))]
    for index, group in enumerate(groups):
        records = list(group.records.values())
        at = [frame.end * step / _STEPS for step in range(_STEPS + 1)]
        points = [(tokens, _share(records, tokens)) for tokens in at]
        elements += frame.line(points, index, group.name, _final(records))
    return picture(WIDTH, HEIGHT, "rate", "img", elements)


def per_round(groups: Sequence[Group]) -> svg.SVG:
    """The same after each round."""
    last = max((p.round for g in groups for r in g.records.values() for p in r.curve), default=1)
    frame = _Frame(float(min(last, 12)), "rounds")
    elements = [*frame.draw("Pass rate after each round", "rounds", _ends(groups))]
    for index, group in enumerate(groups):
        records = list(group.records.values())
        points = [
            (float(number), _share(records, None, number)) for number in range(int(frame.end) + 1)
        ]
        elements += frame.line(points, index, group.name, points[-1][1])
    return picture(WIDTH, HEIGHT, "rounds", "img", elements)


def losses(groups: Sequence[Group]) -> svg.SVG:
    """What became of the candidates, as a bar for each group."""
    height = 30 + len(groups) * (_BAR + 14) + 60
    elements: list[svg.Element] = [title("What became of the candidates", "lost-title")]
    said = []
    y = 20.0
    for group in groups:
        counts: Counter[str] = Counter()
        for record in group.records.values():
            counts.update(record.statuses)
        total = sum(counts.values()) or 1
        x = 180.0
        elements.append(label(group.name, x - 10, y + _BAR * 0.65, "tick", "end"))
        for number, (status, name) in enumerate(LOST):
            width = (WIDTH - 200) * counts[status] / total
            if not width:
                continue
            share = f"{group.name}: {counts[status]} of {total} {name}"
            said.append(share)
            bar = svg.Rect(
                x=rounded(x),
                y=y,
                width=rounded(width),
                height=_BAR,
                class_=[f"fill-{number}"],
            )
            elements.append(svg.G(elements=[title(share), bar]))
            if width > 30:
                percent = f"{counts[status] / total:.0%}"
                elements.append(label(percent, x + width / 2, y + _BAR * 0.65, "on", "middle"))
            x += width
        y += _BAR + 14
    for number, (_, name) in enumerate(LOST):
        x, line = 180 + (number % 3) * 175, y + 8 + 20 * (number // 3)
        elements.append(
            svg.Rect(x=x, y=rounded(line), width=12, height=12, class_=[f"fill-{number}"])
        )
        elements.append(label(name, x + 18, line + 10, "tick"))
    elements.append(svg.Desc(text=safe("; ".join(said)), id="lost-desc"))
    return picture(WIDTH, height, "lost", "img", elements)


def _share(records: Sequence[Record], tokens: float | None, last_round: int | None = None) -> float:
    """Share of the tasks whose best version by then is right."""
    right = 0
    for record in records:
        points = [
            point
            for point in record.curve
            if (tokens is None or point.tokens <= tokens)
            and (last_round is None or point.round <= last_round)
        ]
        right += bool(points) and points[-1].correct
    return right / len(records) if records else 0.0


def _final(records: Sequence[Record]) -> float:
    """Share of the tasks that were solved, the last choice among what passes included."""
    return sum(record.correct for record in records) / len(records) if records else 0.0


def _ends(groups: Sequence[Group]) -> str:
    return "; ".join(f"{g.name}: {_final(list(g.records.values())):.1%}" for g in groups)


@dataclass(frozen=True, slots=True)
class _Frame:
    """Axes: shares from 0 to 1 over what goes from 0 to ``end``."""

    end: float
    unit: str

    def x(self, value: float) -> float:
        return rounded(_LEFT + (WIDTH - _LEFT - _RIGHT) * value / self.end)

    def y(self, share: float) -> float:
        return rounded(HEIGHT - _BOTTOM - (HEIGHT - _BOTTOM - _TOP) * share)

    def draw(self, text: str, name: str, described: str) -> Iterator[svg.Element]:
        yield title(text, f"{name}-title")
        yield svg.Desc(text=safe(described), id=f"{name}-desc")
        for tenth in range(0, 11, 2):
            y = self.y(tenth / 10)
            yield svg.Line(x1=_LEFT, y1=y, x2=WIDTH - _RIGHT, y2=y, class_=["grid"])
            yield label(f"{tenth * 10} %", _LEFT - 8, y + 4, "tick", "end")
        for step in range(5):
            value = self.end * step / 4
            yield label(f"{value:g}", self.x(value), HEIGHT - _BOTTOM + 18, "tick", "middle")
        middle = (_LEFT + WIDTH - _RIGHT) / 2
        yield label(self.unit, middle, HEIGHT - 6, "tick", "middle")

    def line(
        self, points: Sequence[tuple[float, float]], index: int, name: str, final: float
    ) -> Iterator[svg.Element]:
        """A curve of steps, and its name at what it came to."""
        path: list[svg.PathData] = [svg.MoveTo(self.x(points[0][0]), self.y(points[0][1]))]
        for value, share in points[1:]:
            path.append(svg.HorizontalLineTo(self.x(value)))
            path.append(svg.VerticalLineTo(self.y(share)))
        yield svg.Path(d=path, class_=["curve", f"stroke-{index % 6}"])
        x, y = self.x(self.end), self.y(final)
        yield svg.Circle(cx=x, cy=y, r=3.5, class_=[f"fill-{index % 6}"])
        yield label(f"{name} {final:.0%}", x + 8, y + 4, "tick", f"text-{index % 6}")
