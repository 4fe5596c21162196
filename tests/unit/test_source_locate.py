"""Functions are found by name and by place, whatever the file looks like."""

from __future__ import annotations

import ast
import sys
from textwrap import dedent

import pytest

from orps_lsp.source import (
    FunctionNotFound,
    NotRefinable,
    SourceSyntaxError,
    check_refinable,
    digest,
    find,
    find_at,
    functions,
)

SHAPES = dedent(
    '''\
    """Shapes."""
    import functools


    def area(width: int, height: int = 1) -> int:
        """Return the area."""
        def inner(x):
            return x
        return inner(width) * height


    class Shape:
        @property
        def name(self):
            return "shape"

        @functools.lru_cache(maxsize=None)
        @staticmethod
        def sides(
            kind: str,  # a colon: in a comment
            table={"a": lambda: 3},
        ) -> "dict[str, int]":  # noqa: X
            return table

        class Corner:
            async def angle(self):
                pass

    if True:
        def last(): return 1
    '''
)


def test_all_functions_are_listed_in_file_order():
    assert [function.qualname for function in functions(SHAPES)] == [
        "area",
        "area.inner",
        "Shape.name",
        "Shape.sides",
        "Shape.Corner.angle",
        "last",
    ]


def test_a_function_knows_its_place_and_kind():
    area, inner, name, sides, angle, last = functions(SHAPES)
    assert (area.start_line, area.def_line, area.end_line) == (5, 5, 9)
    assert (name.start_line, name.def_line, name.end_line) == (13, 14, 15)
    assert area.docstring == "Return the area."
    assert name.docstring is None
    assert [f.is_method for f in (area, inner, name, angle, last)] == [
        False,
        False,
        True,
        True,
        False,
    ]
    assert angle.is_async
    assert not area.is_async
    assert angle.is_stub
    assert not area.is_stub
    assert (area.indent, name.indent, angle.indent) == ("", "    ", "        ")
    assert sides.decorators == ("functools.lru_cache(maxsize=None)", "staticmethod")


def test_text_is_dedented_and_complete():
    name = find(SHAPES, "Shape.name")
    assert name.text == '@property\ndef name(self):\n    return "shape"'


@pytest.mark.parametrize(
    ("qualname", "header"),
    [
        ("area", "def area(width: int, height: int = 1) -> int:"),
        ("last", "def last():"),
        ("Shape.Corner.angle", "async def angle(self):"),
        (
            "Shape.sides",
            'def sides(\n    kind: str,  # a colon: in a comment\n    table={"a": lambda: 3},\n'
            ') -> "dict[str, int]":',
        ),
    ],
)
def test_the_header_ends_at_its_own_colon(qualname, header):
    assert find(SHAPES, qualname).header == header


@pytest.mark.parametrize(
    "body",
    [
        "pass",
        "...",
        '"""Only words."""',
        '"""Words."""\n    ...',
        "raise NotImplementedError",
        "raise NotImplementedError('later')",
    ],
)
def test_a_body_that_does_nothing_is_a_stub(body):
    assert find(f"def f():\n    {body}\n", "f").is_stub


@pytest.mark.parametrize("body", ["return", "x = 1", "raise ValueError", "'''Words.'''\n    f()"])
def test_a_body_that_does_something_is_no_stub(body):
    assert not find(f"def f():\n    {body}\n", "f").is_stub


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("bom", ["", "\ufeff"])
def test_line_ends_and_bom_change_no_line_number(newline, bom):
    function = find(bom + SHAPES.replace("\n", newline), "Shape.name")
    assert function == find(SHAPES, "Shape.name")


def test_only_real_line_ends_count_as_lines():
    source = 'X = "\u2028"\n\x0c\ndef f():\n\treturn "\x0c\u2028\x85"\n'
    function = find(source, "f")
    assert (function.start_line, function.end_line) == (3, 4)
    assert function.text == 'def f():\n\treturn "\x0c\u2028\x85"'


def test_strings_keep_their_content_when_dedented():
    source = dedent(
        '''\
        class A:
            def f(self):
                """Doc.

                More.
                """
                return """
                    keep
        me"""
        '''
    )
    text = find(source, "A.f").text
    body = ast.parse(text).body[0]
    assert isinstance(body, ast.FunctionDef)
    assert ast.literal_eval(body.body[1].value) == "\n            keep\nme"
    assert '    """Doc.\n\n    More.\n    """' in text


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("if X:\n    def f(): return 1\nelse:\n    def f(): return 2\n", 4),
        (
            "class A:\n    @property\n    def f(self): return 1\n"
            "    @f.setter\n    def f(self, v): pass\n",
            5,
        ),
        ("@overload\ndef f(a: int): ...\n@overload\ndef f(a: str): ...\ndef f(a): return a\n", 5),
        ("def f(a): return a\n@typing.overload\ndef f(a: int): ...\n", 1),
        ("@overload\ndef f(a): ...\n@overload\ndef f(b): ...\n", 4),
    ],
)
def test_of_several_definitions_the_one_that_python_binds_is_found(source, line):
    assert find(source, functions(source)[0].qualname).def_line == line


def test_an_unknown_name_brings_near_ones():
    with pytest.raises(FunctionNotFound) as caught:
        find(SHAPES, "aera")
    assert "Did you mean 'area'" in caught.value.advice
    assert "Shape.sides" in caught.value.advice
    with pytest.raises(FunctionNotFound, match=r"Did you mean 'Shape\.sides'"):
        find(SHAPES, "sides")
    with pytest.raises(FunctionNotFound, match="none at all"):
        find("x = 1\n", "f")


def test_a_lambda_is_named_as_such():
    for source in ("f = lambda x: x\n", "f: F = lambda x: x\n"):
        with pytest.raises(NotRefinable, match="lambda"):
            find(source, "f")
    with pytest.raises(NotRefinable, match="lambda"):
        find_at("é = 1; f = lambda x: x\n", 1, 14)
    assert find_at("é = 1; f = lambda x: x\n", 1, 2) is None


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("def f(:\n", "line 1"),
        ("x = 1\nif x:\ny\n", "line 3"),
        ("x = '\0'", "null"),
        ("(" * 5000 + ")" * 5000, "does not parse"),
    ],
)
def test_a_file_that_does_not_parse_is_reported(source, words):
    with pytest.raises(SourceSyntaxError, match=words) as caught:
        functions(source)
    assert "Fix it first" in caught.value.advice


@pytest.mark.parametrize(
    ("line", "qualname"),
    [
        (1, None),
        (5, "area"),
        (7, "area.inner"),
        (8, "area.inner"),
        (9, "area"),
        (10, None),
        (12, None),
        (13, "Shape.name"),
        (20, "Shape.sides"),
        (26, "Shape.Corner.angle"),
        (30, "last"),
        (1000, None),
    ],
)
def test_the_innermost_function_at_a_line_is_found(line, qualname):
    function = find_at(SHAPES, line)
    assert (function.qualname if function else None) == qualname


@pytest.mark.parametrize(
    ("source", "line", "reason"),
    [
        ("# @generated by protoc\ndef f():\n    return 1\n", 2, "generated"),
        ("# Code generated by x. DO NOT EDIT.\ndef f():\n    return 1\n", 2, "generated"),
        ("@overload\ndef f(a: int): ...\ndef f(a): return a\n", 1, "@overload"),
        ("if X:\n    def f(): return 1\nelse:\n    def f(): return 2\n", 2, "line 4"),
        ("class A(ABC):\n    @abstractmethod\n    def f(self): ...\n", 2, "abstract"),
        ("class A(Protocol[T]):\n    def f(self):\n        'Doc.'\n", 2, "abstract"),
    ],
)
def test_what_cannot_be_refined_is_refused_with_the_reason(source, line, reason):
    function = find_at(source, line)
    assert function is not None
    with pytest.raises(NotRefinable, match=reason):
        check_refinable(source, function)


@pytest.mark.parametrize(
    "source",
    [
        "def f(): ...\n",
        "def f(a):\n    return a\n",
        "class A(Protocol):\n    def f(self): return 1\n",
        "class A:\n    @abc.abstractmethod\n    def f(self): return 1\n",
        "\n" * 30 + "# do not edit\ndef f():\n    return 1\n",
    ],
)
def test_ordinary_functions_and_stubs_can_be_refined(source):
    check_refinable(source, functions(source)[0])


def test_a_function_that_is_gone_cannot_be_refined():
    function = find(SHAPES, "area")
    with pytest.raises(FunctionNotFound):
        check_refinable("def other(): return 1\n", function)


def test_the_digest_follows_the_text_alone():
    before = digest(find(SHAPES, "area"))
    assert digest(find("\n\n" + SHAPES.replace("\n", "\r\n"), "area")) == before
    assert digest(find(SHAPES.replace("* height", "+ height"), "area")) != before


def test_a_long_elif_chain_is_no_problem():
    branches = "".join(f"    elif x == {n}:\n        return {n}\n" for n in range(150))
    source = f"def f(x):\n    if x < 0:\n        def g(): return 1\n{branches}"
    assert [function.qualname for function in functions(source)] == ["f", "f.g"]


@pytest.mark.skipif(sys.version_info < (3, 12), reason="syntax of Python 3.12")
def test_type_parameters_and_nested_quotes_are_understood():
    source = (
        "class A[T: int]:\n    def f[S: (str, bytes)]() -> None:\n"
        "        return f\"{x[\"a\"]}\" + '''\n'''\n"
    )
    function = find(source, "A.f")
    assert function.header == "def f[S: (str, bytes)]() -> None:"
    assert ast.parse(function.text)
