"""How complex source is said to be."""

from __future__ import annotations

import pytest

from orps_lsp.evaluation.static import Complexity, complexity

NESTED = '''
@decorated
async def walk(a, b=1):
    """A docstring
    of two lines."""
    # a comment
    if a and b:
        for x in a:
            yield x

    inner = lambda: 1
'''
METHOD = """
class A:
    def m(self):
        return 1 if 2 else 3
"""


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("def f():\n    return 1\n", Complexity(cyclomatic=1, cognitive=0, nodes=4, lines=2)),
        ("def f():\n    'doc'\n    return 1\n", Complexity(1, 0, 4, 2)),
        ("def f():\n    return (\n        1\n    )\n", Complexity(1, 0, 4, 4)),
        ("def f(x):\n    def g():\n        return x\n    return g\n", Complexity(2, 0, 9, 4)),
    ],
)
def test_complexity_counts_what_a_reader_must_follow(source: str, expected: Complexity) -> None:
    assert complexity(source) == expected


def test_complexity_grows_with_branches_and_leaves_out_documentation() -> None:
    nested = complexity(NESTED)
    assert (nested.cyclomatic, nested.cognitive, nested.lines) == (4, 4, 6)
    assert complexity(METHOD).cyclomatic == 2


def test_complexity_of_broken_source_is_a_syntax_error() -> None:
    with pytest.raises(SyntaxError):
        complexity("def f(:")
