"""The tram network: which stations are how far from each other."""

from __future__ import annotations

from collections.abc import Sequence

Link = tuple[str, str]


def stations(links: Sequence[Link]) -> list[str]:
    """Return all stations, in the order in which the links name them."""
    return list(dict.fromkeys(station for link in links for station in link))


def stops_away(origin: str, links: Sequence[Link]) -> dict[str, int]:
    """Return for each station that can be reached how many stops it is away.

    A link goes both ways. Nearer stations come first.
    """
    visited = [origin]
    queue = [origin]
    stops = {origin: 0}
    while queue:
        station = queue.pop(0)
        for start, end in links:
            if start == station:
                neighbour = end
            elif end == station:
                neighbour = start
            else:
                continue
            if neighbour not in visited:
                visited.append(neighbour)
                queue.append(neighbour)
                stops[neighbour] = stops[station] + 1
    return stops


def is_connected(links: Sequence[Link]) -> bool:
    """Say whether every station can be reached from every other one."""
    names = stations(links)
    return not names or len(stops_away(names[0], links)) == len(names)
