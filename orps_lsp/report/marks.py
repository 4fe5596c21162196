"""The signs for what became of a candidate, in all pictures: a shape each, not only a colour."""

from __future__ import annotations

from collections.abc import Iterable

import svg

from orps_lsp.report.text import safe
from orps_lsp.search.types import Status


def mark(status: Status, x: float, y: float, radius: float) -> svg.Element:
    """Verified: a disc. Failed: a diamond. Screened out: a triangle. Duplicate: a small ring."""
    kind = [f"mark-{status.value}"]
    if status is Status.VERIFIED:
        return svg.Circle(cx=rounded(x), cy=rounded(y), r=rounded(radius), class_=kind)
    if status is Status.DUPLICATE:
        return svg.Circle(cx=rounded(x), cy=rounded(y), r=rounded(radius * 0.8), class_=kind)
    if status is Status.FAILED:
        corners = [(0.0, -1.2), (1.2, 0.0), (0.0, 1.2), (-1.2, 0.0)]
    else:
        corners = [(0.0, -1.2), (1.1, 0.9), (-1.1, 0.9)]
    points = [svg.Point(rounded(x + dx * radius), rounded(y + dy * radius)) for dx, dy in corners]
    return svg.Polygon(points=points, class_=kind)


def label(text: str, x: float, y: float, *kinds: str) -> svg.Text:
    """Text in a picture; the library escapes nothing."""
    return svg.Text(text=safe(text), x=rounded(x), y=rounded(y), class_=list(kinds))


def title(text: str, name: str | None = None) -> svg.Title:
    return svg.Title(text=safe(text), id=name)


def picture(
    width: float, height: float, name: str, role: str, elements: Iterable[svg.Element]
) -> svg.SVG:
    """A drawing named by its ``{name}-title`` and described by its ``{name}-desc``."""
    return svg.SVG(
        viewBox=svg.ViewBoxSpec(0, 0, rounded(width), rounded(height)),
        width=rounded(width),
        height=rounded(height),
        class_=[name],
        elements=list(elements),
        extra={
            "role": role,
            "aria-labelledby": f"{name}-title",
            "aria-describedby": f"{name}-desc",
        },
    )


def rounded(value: float) -> float:
    """A tenth of a pixel: what is drawn does not grow by digits that nobody sees."""
    return round(value, 1)
