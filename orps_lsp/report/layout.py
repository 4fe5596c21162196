"""Where the candidates stand in the picture of the tree: a column per round, a row per leaf."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from orps_lsp.search.types import Candidate

ROW = 24.0  # pixels
STRIP_ROW = 16.0
STRIP_STEP = 15.0
_GAP = 5.0  # between the children of different parents


@dataclass(slots=True)
class Node:
    """A candidate, or the original (``candidate`` is None), at ``y`` pixels in its column.

    ``strip`` are the children that never ran and led nowhere. They are many and say little, so they
    stand side by side, from ``strip_y`` on.
    """

    candidate: Candidate | None
    column: int
    children: list[Node] = field(default_factory=list)
    strip: list[Candidate] = field(default_factory=list)
    y: float = 0.0
    strip_y: float = 0.0


def grow(candidates: Sequence[Candidate]) -> Node:
    """Return the tree. Who has no known parent grew from the original.

    A parent comes before its children, so that no order of them can make a circle.
    """
    root = Node(None, 0)
    nodes: dict[int | None, Node] = {None: root}
    parents = {candidate.parent for candidate in candidates}
    for candidate in candidates:
        parent = nodes.get(candidate.parent, root)
        if candidate.evaluation is None and candidate.id not in parents:
            parent.strip.append(candidate)
            continue
        node = Node(candidate, max(candidate.round, parent.column + 1))
        parent.children.append(node)
        nodes[candidate.id] = node
    return root


def arrange(root: Node, strip_width: float) -> float:
    """Give every node its ``y``; returns the height. Strips break at ``strip_width`` pixels."""
    height = 0.0
    waiting = [(root, False)]  # chains may be too long for recursion
    while waiting:
        node, children_stand = waiting.pop()
        if not children_stand:
            waiting.append((node, True))
            waiting.extend((child, False) for child in reversed(node.children))
            continue
        middles = [child.y for child in node.children]
        if node.strip:
            rows = math.ceil(len(node.strip) / per_row(strip_width))
            node.strip_y = height + ROW / 2
            middles.append(node.strip_y)
            height += ROW + (rows - 1) * STRIP_ROW
        if not middles:
            middles.append(height + ROW / 2)
            height += ROW
        else:
            height += _GAP
        node.y = (middles[0] + middles[-1]) / 2
    return height


def per_row(strip_width: float) -> int:
    """How many candidates of a strip stand side by side."""
    return max(1, int(strip_width // STRIP_STEP))


def walk(root: Node) -> Iterator[Node]:
    """All nodes, parents first, from top to bottom."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(reversed(node.children))
