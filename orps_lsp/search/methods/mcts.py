"""Monte-Carlo tree search over plans, as SRA-MCTS (arXiv 2411.11053): steps first, then code.

A node is the beginning of a plan. One turn selects by UCT, adds a step that the model proposes,
lets it write the code of the plan so far, and gives the score of that to all steps above.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from orps_lsp.search.core import Expansion, Search
from orps_lsp.search.strategies import Strategy
from orps_lsp.search.types import StopReason

_BRANCHES = 3
_DEPTH = 3
_EXPLORATION = math.sqrt(2) / 2  # rewards are in [0, 1]; UCT's sqrt(2) is for twice that range


@dataclass(slots=True)
class Node:
    """A plan so far. ``value`` is the sum of the rewards of all ``visits``."""

    steps: tuple[str, ...] = ()
    visits: int = 0
    value: float = 0.0
    children: list[Node] = field(default_factory=list)

    @property
    def is_open(self) -> bool:
        """Whether another step can be tried here."""
        return len(self.steps) < _DEPTH and len(self.children) < _BRANCHES


async def run(search: Search) -> StopReason:
    """Plan and write until a budget ends it, or a fix is found."""
    root = Node()
    while not search.is_fixed:
        search.round += 1
        search.report(f"turn {search.round}")
        path = select(root)
        node = path[-1]
        if node.visits and node.is_open:  # its own plan was written before
            step = await search.plan(node.steps)
            known = next((child for child in node.children if child.steps[-1] == step), None)
            if known is None:
                known = Node((*node.steps, step))
                node.children.append(known)
            path.append(known)
        steps = path[-1].steps
        ran = await search.expand([Expansion(Strategy("plan", "\n".join(steps)))])
        reward = ran[0].score if ran else 0.0
        for visited in path:
            visited.visits += 1
            visited.value += reward
    return StopReason.SUCCESS


def select(root: Node) -> list[Node]:
    """Return the way down to the first node that is open or has no children, by UCT."""
    path = [root]
    while not (node := path[-1]).is_open and node.children:
        path.append(max(node.children, key=lambda child: uct(child, node.visits)))
    return path


def uct(node: Node, parent_visits: int) -> float:
    """Mean reward and what is not known yet; a node without visits comes first."""
    if not node.visits:
        return math.inf
    unsure = math.sqrt(math.log(parent_visits) / node.visits)
    return node.value / node.visits + _EXPLORATION * unsure
