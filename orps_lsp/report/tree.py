"""The search tree as a picture: every candidate a link to what is known of it."""

from __future__ import annotations

from collections.abc import Iterator

import svg

from orps_lsp.report import layout, words
from orps_lsp.report.layout import Node
from orps_lsp.report.marks import label, mark, picture, rounded, title
from orps_lsp.report.text import safe, shortened
from orps_lsp.search.types import Candidate, Outcome

_WIDTH = 990.0  # pixels; more only if there are very many rounds
_HEAD = 34.0
_ROOT_WIDTH = 92.0
_COLUMN = (132.0, 420.0)  # narrowest and widest
_CHARACTER = 6.5  # the mean width of one, on the safe side
_FAN = 28.0  # what a column keeps free for the edges to the next one
_EDGE_GAP = 4.0
_LABEL = 17.0  # from a mark's middle to its label: beyond the largest mark and its halo


def draw(outcome: Outcome) -> svg.SVG:
    """Return the tree, rounds from left to right, the path to the best refinement marked."""
    return _Drawing(outcome).draw()


class _Drawing:
    def __init__(self, outcome: Outcome) -> None:
        self._outcome = outcome
        self._root = layout.grow(outcome.candidates)
        self._nodes = list(layout.walk(self._root))
        self._ranks = {r.candidate.id: r.rank for r in outcome.refinements}
        self._columns = max(node.column + bool(node.strip) for node in self._nodes)
        share = (_WIDTH - _ROOT_WIDTH) / max(self._columns, 1)
        narrowest, widest = _COLUMN
        self._column = min(max(share, narrowest), widest)
        self._height = layout.arrange(self._root, self._column - _FAN)
        self._path = self._winning_path()

    def draw(self) -> svg.SVG:
        back: list[svg.Element] = []  # edges lie below all marks; those of the path above others
        front: list[svg.Element] = []
        for node in self._nodes:
            for child in node.children:
                chosen = self._on_path(child)
                edge = self._edge(node, child.column, child.y, _radius(child.candidate), chosen)
                (front if chosen else back).append(edge)
            if node.strip:
                back.append(self._edge(node, node.column + 1, node.strip_y, 4.0, False))
        marks = [element for node in self._nodes for element in self._marks(node)]
        width = _ROOT_WIDTH + self._columns * self._column
        described = svg.Desc(text=self._description(), id="tree-desc")
        name: list[svg.Element] = [title("The search tree", "tree-title"), described]
        elements = [*name, *self._heads(), *back, *front, *marks]
        return picture(width, _HEAD + self._height + 6, "tree", "group", elements)

    def _description(self) -> str:
        said = f"{words.count(len(self._outcome.candidates), 'candidate')}, rounds from left to "
        said += "right. Each is a link to its difference, critique and tests."
        if self._path:
            steps = ", ".join(str(number) for number in sorted(self._path))
            said += f" The best refinement was reached by way of {steps}."
        return said

    def _winning_path(self) -> frozenset[int]:
        """Numbers of the candidates from the original to the best refinement."""
        if not self._outcome.refinements:
            return frozenset()
        parents = {c.id: c.parent for c in self._outcome.candidates}
        path: set[int] = set()
        step: int | None = self._outcome.refinements[0].candidate.id
        while step in parents and step not in path:
            path.add(step)
            step = parents[step]
        return frozenset(path)

    def _on_path(self, node: Node) -> bool:
        return node.candidate is not None and node.candidate.id in self._path

    # -- places

    def _x(self, column: int) -> float:
        return _ROOT_WIDTH + (column - 1) * self._column + 14 if column else 14.0

    def _y(self, y: float) -> float:
        return _HEAD + y

    def _text(self, candidate: Candidate) -> str:
        result = words.result(candidate)
        room = int((self._column - _FAN - 24) / _CHARACTER)
        name = f"{candidate.id} {candidate.strategy}"
        return f"{shortened(name, max(room - len(result) - 2, 6))}  {result}"

    # -- drawing

    def _heads(self) -> Iterator[svg.Element]:
        for column in range(1, self._columns + 1):
            yield label(f"Round {column}", self._x(column) - 6, 14, "head")

    def _edge(self, parent: Node, column: int, y: float, radius: float, chosen: bool) -> svg.Path:
        """A curve from the end of the parent's label to the child's row, and on to its mark."""
        if parent.candidate is None:
            x1 = self._x(0) + 8 + len("original") * _CHARACTER + _EDGE_GAP
        else:
            x1 = (
                self._x(parent.column) + _LABEL + 6 + len(self._text(parent.candidate)) * _CHARACTER
            )
        x2 = self._x(column) - radius - _EDGE_GAP
        y1, y2 = self._y(parent.y), self._y(y)
        # All of the bend is before the next column. From there on the child's row is free.
        end = self._x(parent.column + 1) - 14
        bend = max(end - _FAN, min(x1, end - 12))
        middle = (bend + end) / 2
        places = [rounded(value) for value in (middle, y1, middle, y2, end, y2)]
        return svg.Path(
            d=[
                svg.MoveTo(rounded(min(x1, bend)), rounded(y1)),
                svg.LineTo(rounded(bend), rounded(y1)),
                svg.CubicBezier(*places),
                svg.LineTo(rounded(x2), rounded(y2)),
            ],
            class_=["edge", "path"] if chosen else ["edge"],
        )

    def _marks(self, node: Node) -> Iterator[svg.Element]:
        x, y = self._x(node.column), self._y(node.y)
        if node.candidate is None:
            yield svg.Rect(x=x - 6, y=rounded(y - 6), width=12, height=12, rx=2, class_=["origin"])
            yield label("original", x + 12, y + 4, "name")
        else:
            yield self._link(node.candidate, x, y, text=self._text(node.candidate))
        per_row = layout.per_row(self._column - _FAN)
        for index, candidate in enumerate(node.strip):
            row, place = divmod(index, per_row)
            strip_x = self._x(node.column + 1) + place * layout.STRIP_STEP
            yield self._link(candidate, strip_x, self._y(node.strip_y) + row * layout.STRIP_ROW)

    def _link(self, candidate: Candidate, x: float, y: float, text: str = "") -> svg.A:
        radius = _radius(candidate)
        rank = self._ranks.get(candidate.id)
        status = words.STATUS[candidate.status]
        said = f"Candidate {candidate.id}, {candidate.strategy}: {status}"
        if candidate.evaluation:
            said += f", {words.result(candidate)}"
        said += f", reward {candidate.score:.2f}" + (f", refinement {rank}" if rank else "")
        elements: list[svg.Element] = [title(said)]
        if candidate.id in self._path:
            elements.append(
                svg.Circle(cx=rounded(x), cy=rounded(y), r=rounded(radius + 3), class_=["halo"])
            )
        elements.append(mark(candidate.status, x, y, radius))
        if rank:
            elements.append(label(str(rank), x, y + 3.6, "rank"))
        if text:
            kinds = ["name", "offered"] if rank else ["name"]
            elements.append(label(text, x + _LABEL, y + 4, *kinds))
        return svg.A(
            href=f"#candidate-{candidate.id}", elements=elements, extra={"aria-label": safe(said)}
        )


def _radius(candidate: Candidate | None) -> float:
    """Pixels, by the reward in [0, 1]."""
    return 3.5 + 6 * min(max(candidate.score, 0.0), 1.0) if candidate else 6.0
