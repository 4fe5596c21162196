"""Draws icon.png: a tree of versions that narrows to one. Needs nothing but Python.

The shapes are sampled on a grid four times as fine as the picture, which smooths their edges.
"""

from __future__ import annotations

import math
import struct
import zlib
from pathlib import Path

SIZE = 128  # pixels
FINE = 4
BACKGROUND, LINE, NODE, BEST = (24, 36, 58), (96, 125, 168), (148, 178, 220), (126, 217, 150)
ROOT, FIRST, LAST = (26, 64), ((62, 30), (62, 64), (62, 98)), (102, 64)
EDGES = [(ROOT, node) for node in FIRST] + [(FIRST[1], LAST), (FIRST[2], LAST)]
DISCS = [(ROOT, 9, NODE), *((node, 8, NODE) for node in FIRST), (LAST, 14, BEST)]
TICK = [((95, 64), (100, 70)), ((100, 70), (110, 58))]


def distance(point: tuple[float, float], line: tuple[tuple[int, int], tuple[int, int]]) -> float:
    """Of a point to a stretch of line."""
    (ax, ay), (bx, by) = line
    dx, dy = bx - ax, by - ay
    along = ((point[0] - ax) * dx + (point[1] - ay) * dy) / (dx * dx + dy * dy)
    along = min(1.0, max(0.0, along))
    return math.dist(point, (ax + along * dx, ay + along * dy))


def colour(x: float, y: float) -> tuple[int, int, int, int]:
    corner = 22
    inner = (min(max(x, corner), SIZE - corner), min(max(y, corner), SIZE - corner))
    if math.dist((x, y), inner) > corner:
        return (*BACKGROUND, 0)
    if any(distance((x, y), line) < 2.2 for line in TICK):
        return (*BACKGROUND, 255)
    for centre, radius, fill in DISCS:
        if math.dist((x, y), centre) < radius:
            return (*fill, 255)
    if any(distance((x, y), line) < 2 for line in EDGES):
        return (*LINE, 255)
    return (*BACKGROUND, 255)


def pixel(column: int, row: int) -> bytes:
    steps = [(step + 0.5) / FINE for step in range(FINE)]
    samples = [colour(column + dx, row + dy) for dy in steps for dx in steps]
    return bytes(round(sum(channel) / len(samples)) for channel in zip(*samples, strict=True))


def chunk(kind: bytes, data: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(kind + data))
    return struct.pack(">I", len(data)) + kind + data + checksum


rows = (b"\0" + b"".join(pixel(column, row) for column in range(SIZE)) for row in range(SIZE))
header = struct.pack(">IIBBBBB", SIZE, SIZE, 8, 6, 0, 0, 0)
Path(__file__).with_name("icon.png").write_bytes(
    b"\x89PNG\r\n\x1a\n"
    + chunk(b"IHDR", header)
    + chunk(b"IDAT", zlib.compress(b"".join(rows), 9))
    + chunk(b"IEND", b"")
)
