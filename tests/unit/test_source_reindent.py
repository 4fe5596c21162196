"""Code takes the indentation of the module that it goes into."""

from __future__ import annotations

import ast

import pytest

from orps_lsp.source import CandidateRejected
from orps_lsp.source.reindent import reindent


def check(code: str, expected: str, unit: str = "  ") -> None:
    assert "\n".join(reindent(code, unit)) == expected
    assert ast.dump(ast.parse(expected)) == ast.dump(ast.parse(code))


COMMENTS = """\
# before
if x:
      # odd, but before the first statement
    a
    # of the inner block
# of the outer block
elif y:
    b
    if z:
        c
        # deep
      # between two levels: of the shallower one
    # shallow
# end
d
"""
COMMENTS_BY_TWO = """\
# before
if x:
    # odd, but before the first statement
  a
  # of the inner block
# of the outer block
elif y:
  b
  if z:
    c
    # deep
    # between two levels: of the shallower one
  # shallow
# end
d
"""
CONTINUED = """\
def f(x):
    y = call(
        x,
        # about x
        [
            1],
    )
    z = other(x,
              y)
    return y + \\
        z
"""
CONTINUED_WITH_TABS = """\
def f(x):
>y = call(
>>x,
>># about x
>>[
>>>1],
>)
>z = other(x,
>          y)
>return y + \\
>>z
""".replace(">", "\t")


def test_a_comment_is_in_the_block_that_it_is_indented_for() -> None:
    check(COMMENTS, COMMENTS_BY_TWO)


def test_continuation_lines_keep_levels_and_alignment() -> None:
    check(CONTINUED, CONTINUED_WITH_TABS, "\t")


def test_a_continuation_left_of_its_block_goes_to_it() -> None:
    check("if x:\n    f(\n1\n  )\n", "if x:\n  f(\n  1\n  )\n")


def test_strings_stay_and_blanks_at_line_ends_go() -> None:
    check(
        'if x:  \n    \n    y = """a  \n  b\n    """  \n    z = (f"""\n{x}\n""" +  \n        w)\n',
        'if x:\n\n  y = """a  \n  b\n    """\n  z = (f"""\n{x}\n""" +\n    w)\n',
    )
    check("if x:\n    y = 'a\\\n  b'\n", "if x:\n  y = 'a\\\n  b'\n")


def test_code_goes_behind_what_is_around_it() -> None:
    lines = reindent("if x:\n    y(\n        1)\n\nz", "  ", "\t\t")
    assert lines == ["\t\tif x:", "\t\t  y(", "\t\t    1)", "", "\t\tz"]


def test_a_level_is_what_the_first_block_has() -> None:
    check("T = {\n    1: 2,\n}\n", "T = {\n\t1: 2,\n}\n", "\t")
    check("if x:\n y = [\n   1]\n", "if x:\n\ty = [\n\t\t\t1]\n", "\t")


@pytest.mark.parametrize("code", ["(", '"""', "if x:\n    y\n  z\n"])
def test_what_has_no_tokens_is_rejected(code: str) -> None:
    with pytest.raises(CandidateRejected, match="cannot be re-indented"):
        reindent(code, "  ")
