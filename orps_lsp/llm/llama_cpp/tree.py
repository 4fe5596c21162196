"""The prefix tree over what the key-value cache holds, as SGLang's radix cache (arXiv 2312.07104).

Every cell of the cache belongs to one node of the tree, and every node's cells are held by at least
one sequence id of llama.cpp. So the size of the tree is the number of cells in use, exactly; a
prefix that two requests have in common takes its cells once, also where both have computed it.

A sequence is *active* while a request runs on it. Afterwards it is *retained*: its id holds the
cells of a leaf for requests to come, until their room or the id is needed, least recently used
leaves first.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Protocol

END = -1  # as llama.cpp: to the end of the sequence


class Cells(Protocol):
    """The key-value cache: which sequence sees which cells. Positions are [start, end)."""

    def share(self, source: int, target: int, start: int, end: int) -> None:
        """Let ``target`` see the cells of ``source`` in that range."""
        ...

    def forget(self, sequence: int, start: int, end: int) -> None:
        """Take the cells of that range from ``sequence``; those that nobody sees are free."""
        ...


class _Node:
    """A run of tokens. ``pins`` counts the active sequences that end here or below."""

    __slots__ = ("children", "ends", "parent", "pins", "start", "tokens", "used")

    def __init__(self, parent: _Node | None, start: int, tokens: list[int]) -> None:
        self.parent = parent
        self.start = start
        self.tokens = tokens
        self.children: dict[int, _Node] = {}
        self.ends: set[int] = set()
        self.pins = 0
        self.used = 0

    @property
    def end(self) -> int:
        return self.start + len(self.tokens)

    def path(self) -> Iterator[_Node]:
        """This node and those above it, without the root."""
        node = self
        while node.parent:
            yield node
            node = node.parent


class PrefixTree:
    """Owns the sequence ids below ``sequences`` and the cells that they hold."""

    def __init__(self, cells: Cells, sequences: int) -> None:
        self._cells = cells
        self._free = deque(range(sequences))
        self._root = _Node(None, 0, [])
        self._at: dict[int, _Node] = {}  # where each sequence ends, active or retained
        self._active: set[int] = set()
        self._clock = 0
        self.size = 0  # cells in use
        self.pinned = 0  # of these, cells that active sequences need

    def match(self, tokens: Sequence[int]) -> tuple[int, int]:
        """How many of the first ``tokens`` are in the cache, and how many of these are unpinned."""
        length = unpinned = 0
        for node, common in self._walk(tokens):
            length += common
            unpinned += 0 if node.pins else common
        return length, unpinned

    def open(self, tokens: Sequence[int]) -> tuple[int, int] | None:
        """Start an active sequence with the longest prefix of ``tokens`` that is in the cache.

        Returns its id and the length of that prefix; None where every id is active.
        """
        # First: what it evicts may be what would have matched.
        if not self._free and not self._free_an_id(spare=tokens):
            return None
        sequence = self._free.popleft()
        node = self._root
        for deeper, common in list(self._walk(tokens)):
            node = deeper if common == len(deeper.tokens) else self._split(deeper, common)
        if node is not self._root:
            self._cells.share(self._holder(node), sequence, 0, node.end)
        self._active.add(sequence)
        self._arrive(sequence, node)
        self._clock += 1
        for passed in node.path():
            passed.used = self._clock
            self._pin(passed)
        return sequence, node.end

    def extend(self, sequence: int, tokens: Sequence[int]) -> None:
        """Note that an active sequence has computed ``tokens`` behind what it had.

        Where the tree has them already, from another sequence, it gives up its own cells for those.
        """
        rest = list(tokens)
        while rest:
            node = self._at[sequence]
            if node is not self._root and not node.children and node.ends == {sequence}:
                node.tokens += rest
                self._grow(len(rest))
                return
            child = node.children.get(rest[0])
            if child is None:
                child = _Node(node, node.end, rest)
                node.children[rest[0]] = child
                self.size += len(rest)
                rest = []
            else:
                common = common_prefix(child.tokens, rest)
                if common < len(child.tokens):
                    child = self._split(child, common)
                self._cells.forget(sequence, child.start, child.end)
                self._cells.share(self._holder(child), sequence, child.start, child.end)
                rest = rest[common:]
            child.used = self._clock
            self._pin(child)
            node.ends.discard(sequence)
            self._arrive(sequence, child)

    def close(self, sequence: int) -> None:
        """End an active sequence. What it holds alone is retained."""
        self._active.remove(sequence)
        node = self._at[sequence]
        for passed in node.path():
            passed.pins -= 1
            if not passed.pins:
                self.pinned -= len(passed.tokens)
        if node is self._root or node.children or len(node.ends) > 1:
            self._release(sequence)
            self._join(node)

    def evict(self) -> bool:
        """Free the cells of the least recently used leaf that is not pinned, if there is one."""
        leaves = [node for node in self._leaves() if not node.pins]
        if not leaves:
            return False
        self._drop(min(leaves, key=lambda leaf: leaf.used))
        return True

    # -- nodes

    def _walk(self, tokens: Sequence[int]) -> Iterator[tuple[_Node, int]]:
        """The nodes along ``tokens`` and how much of each they share; the last may be partial."""
        node, length = self._root, 0
        while length < len(tokens):
            child = node.children.get(tokens[length])
            if child is None:
                return
            common = common_prefix(child.tokens, tokens[length : length + len(child.tokens)])
            yield child, common
            if common < len(child.tokens):
                return
            node, length = child, length + common

    def _split(self, node: _Node, length: int) -> _Node:
        """Cut a node in two, and return the upper one, which has ``length`` tokens."""
        assert node.parent
        upper = _Node(node.parent, node.start, node.tokens[:length])
        upper.pins, upper.used = node.pins, node.used
        node.parent.children[upper.tokens[0]] = upper
        node.parent, node.start, node.tokens = upper, upper.end, node.tokens[length:]
        upper.children[node.tokens[0]] = node
        return upper

    def _join(self, node: _Node) -> None:
        """Undo a split that nothing needs any more."""
        if node.parent and not node.ends and len(node.children) == 1:
            (child,) = node.children.values()
            child.parent, child.start = node.parent, node.start
            child.tokens = node.tokens + child.tokens
            child.parent.children[child.tokens[0]] = child

    def _drop(self, leaf: _Node) -> None:
        """Give up the cells of a leaf; its sequence goes on to hold what is above, if it must."""
        (sequence,) = leaf.ends
        parent = leaf.parent
        assert parent
        del parent.children[leaf.tokens[0]]
        self.size -= len(leaf.tokens)
        self._cells.forget(sequence, leaf.start, END)
        if parent is self._root or parent.children or parent.ends:
            self._release(sequence)
            self._join(parent)
        else:
            leaf.ends.discard(sequence)
            self._arrive(sequence, parent)

    def _leaves(self) -> Iterator[_Node]:
        return (
            node
            for sequence, node in self._at.items()
            if sequence not in self._active and not node.children
        )

    def _holder(self, node: _Node) -> int:
        """A sequence that sees all cells from the root to the end of ``node``."""
        while not node.ends:
            node = next(iter(node.children.values()))
        return next(iter(node.ends))

    # -- sequences

    def _arrive(self, sequence: int, node: _Node) -> None:
        """Let a sequence end here; a retained one that did holds nothing now that it does not."""
        for other in node.ends - self._active:
            self._release(other)
        node.ends.add(sequence)
        self._at[sequence] = node

    def _release(self, sequence: int) -> None:
        """Free a sequence's id; others hold what it held."""
        self._at.pop(sequence).ends.discard(sequence)
        self._cells.forget(sequence, 0, END)
        self._free.append(sequence)

    def _free_an_id(self, spare: Sequence[int]) -> bool:
        """Evict retained leaves until an id is free; those along ``spare`` last."""
        wanted = {id(node) for node, _ in self._walk(spare)}
        while not self._free:
            leaves = [node for node in self._leaves() if not node.pins]
            if not leaves:
                return False
            self._drop(min(leaves, key=lambda leaf: (id(leaf) in wanted, leaf.used)))
        return True

    def _pin(self, node: _Node) -> None:
        if not node.pins:
            self.pinned += len(node.tokens)
        node.pins += 1

    def _grow(self, cells: int) -> None:
        self.size += cells
        self.pinned += cells


def common_prefix(a: Sequence[int], b: Sequence[int]) -> int:
    """Length of the common prefix."""
    limit = min(len(a), len(b))
    if a[:limit] == b[:limit]:
        return limit
    return next(i for i in range(limit) if a[i] != b[i])
