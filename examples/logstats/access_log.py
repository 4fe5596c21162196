"""Figures for the operations dashboard, from the web server's access log.

A line has the time in seconds since the epoch, method, path, status and duration in milliseconds:
``1709251200 GET /cart 200 48``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Request(NamedTuple):
    """One line of the log."""

    time: int
    method: str
    path: str
    status: int
    millis: int


class AccessLog:
    """The requests of one log file, in the order in which they were written."""

    def __init__(self, requests: Iterable[Request] = ()) -> None:
        self.requests = list(requests)

    @classmethod
    def parse(cls, lines: Iterable[str]) -> AccessLog:
        """Read a log; blank lines and comments (``#``) are skipped.

        Raises:
            ValueError: a line does not have five fields, or a number is none.
        """
        requests = []
        for line in lines:
            if not line.strip() or line.startswith("#"):
                continue
            time, method, path, status, millis = line.split()
            requests.append(Request(int(time), method, path, int(status), int(millis)))
        return cls(requests)

    def status_counts(self) -> dict[int, int]:
        """Return how many requests ended with each status."""
        counts: dict[int, int] = {}
        for request in self.requests:
            counts[request.status] = counts.get(request.status, 0) + 1
        return counts

    def latency_by_path(self, percent: int) -> dict[str, int]:
        """Return for each path the duration in milliseconds that ``percent`` % of its requests met.

        This is the nearest-rank percentile: 50 gives the median, 100 the slowest request. The paths
        are in the order of their first request.
        """
        latency: dict[str, int] = {}
        for request in self.requests:
            durations = sorted(
                other.millis for other in self.requests if other.path == request.path
            )
            rank = max(1, -(-percent * len(durations) // 100))
            latency[request.path] = durations[rank - 1]
        return latency

    def error_rate(self) -> float:
        """Return the share of requests with a server error (5xx), 0.0 for an empty log."""
        if not self.requests:
            return 0.0
        return sum(request.status >= 500 for request in self.requests) / len(self.requests)
