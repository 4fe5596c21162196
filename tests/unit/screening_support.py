"""A module with a function to be refined, and versions of it as a candidate would have them."""

from __future__ import annotations

import textwrap

ORIGINAL = '''\
"""Numbers."""
import math
from operator import add
from settings import OPTIONS

LOG = []
TABLE = {}
GRID = ((1, 2), (3, 4))


class Box:
    size = 1

    def __init__(self, size):
        self.size = size


def other(x):
    return math.floor(x)


def f(xs, start=0):
    """Sort, and say so."""
    LOG.append(xs)
    return sorted(xs)


def last():
    return f([])
'''
_FUNCTION = '''\
def f(xs, start=0):
    """Sort, and say so."""
    LOG.append(xs)
    return sorted(xs)
'''


def version(body: str, top: str = "") -> str:
    """Return the module with another body of ``f``, and ``top`` before it."""
    function = f"def f(xs, start=0):\n{textwrap.indent(textwrap.dedent(body), '    ')}\n"
    return ORIGINAL.replace(_FUNCTION, f"{textwrap.dedent(top)}\n\n{function}")
