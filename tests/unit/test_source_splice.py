"""A new version goes into its module, and nothing else changes."""

from __future__ import annotations

import ast
from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orps_lsp.source import CandidateRejected, FunctionNotFound, SourceSyntaxError, find, functions
from orps_lsp.source.splice import Splice, splice


def check(source: str, qualname: str, candidate: str, expected: str) -> Splice:
    source, candidate, expected = dedent(source), dedent(candidate), dedent(expected)
    result = splice(source, qualname, candidate)
    assert result.text == expected
    assert result.function_text == find(expected, qualname).text
    ast.parse(result.text.removeprefix("\ufeff"))
    return result


def test_the_body_is_replaced_and_the_rest_kept():
    check(
        '''\
        import os  # here

        X = 1;  Y = 2
        # about f
        @decorate( 1 )  # odd
        def f( a : int,  # first
               b = 'x' ) -> int:  # noqa
            # old remark
            """Doc  of f."""

            return a   # old
            # after
        # outside
        def g(): return 1''',
        "f",
        '''\
        @decorate(1)
        def f(a, b="x"):
            """Another doc."""

            # new remark

            total = a + 1  # sum

            return total
        ''',
        '''\
        import os  # here

        X = 1;  Y = 2
        # about f
        @decorate( 1 )  # odd
        def f( a : int,  # first
               b = 'x' ) -> int:  # noqa
            # old remark
            """Doc  of f."""

            # new remark

            total = a + 1  # sum

            return total
            # after
        # outside
        def g(): return 1''',
    )


def test_a_method_is_indented_like_its_class():
    check(
        """\
        class A:
            class B:
                def f(self):
                    return 1

            def g(self):
                return 2
        """,
        "A.B.f",
        '''\
        def f(self):
            if self:
                text = """
          kept
            as is"""
            # so
            return call(
                1,
                text)
        ''',
        '''\
        class A:
            class B:
                def f(self):
                    if self:
                        text = """
          kept
            as is"""
                    # so
                    return call(
                        1,
                        text)

            def g(self):
                return 2
        ''',
    )


def test_tabs_stay_tabs():
    check(
        "class A:\n\tdef f(self):\n\t\t'''Doc.'''\n\t\treturn 1\n",
        "A.f",
        "def f(self):\n    for x in self:\n        call(\n            x,\n        )\n"
        "    return 1 + \\\n        2\n",
        "class A:\n\tdef f(self):\n\t\t'''Doc.'''\n"
        "\t\tfor x in self:\n\t\t\tcall(\n\t\t\t\tx,\n\t\t\t)\n"
        "\t\treturn 1 + \\\n\t\t\t2\n",
    )


@pytest.mark.parametrize("unit", ["  ", "    ", "   ", "\t"])
@pytest.mark.parametrize("other", ["  ", "    ", "\t"])
def test_the_indentation_follows_the_module(unit, other):
    shape = "def f(x):\n>if x:\n>>while x:\n>>>x -= 1\n>return x\n"
    source = f"def f(x):\n{unit}return x\n"
    result = splice(source, "f", shape.replace(">", other))
    assert result.text == shape.replace(">", unit)


def test_an_odd_mixture_of_tabs_and_spaces_is_put_right():
    check(
        "def f(x):\n    return x\n",
        "f",
        "def f(x):\n if x:\n \treturn 1\n elif x:\n\t x = 2\n return x\n",
        "def f(x):\n    if x:\n        return 1\n    elif x:\n        x = 2\n    return x\n",
    )


def test_a_one_liner_takes_the_indentation_of_its_file():
    check(
        "class A:\n  x = 1\n  def f(self): return 1  # one\n",
        "A.f",
        "def f(self):\n    if self:\n        return 2\n    return 1\n",
        "class A:\n  x = 1\n  def f(self):\n    if self:\n      return 2\n    return 1\n",
    )
    check("def f(): 'doc'; return 1", "f", "def f(): return 2", "def f():\n    'doc'\n    return 2")
    check("def f(): 'doc'", "f", "def f(): return 2", "def f():\n    'doc'\n    return 2")
    check(
        "def f():\n  'doc'; return 1\n", "f", "def f(): return 2", "def f():\n  'doc'\n  return 2\n"
    )


@pytest.mark.parametrize(
    ("candidate", "body"),
    [
        ("def f(x): return [\n    x,\n]\n", "    return [\n      x,\n    ]\n"),
        ("def f(x): 'doc'; y = x; return y  # so\n", "    y = x; return y  # so\n"),
        ("def f(x):\n  'é'; return (\n    x)  # so\n", "    return (\n      x)  # so\n"),
        ("def f(x):  # no\n    '''doc\n    '''  # no\n\n    return x", "    return x\n"),
        ("def f(x):\n    # remark\n\n    return x\n", "    # remark\n\n    return x\n"),
        ("class A:\n    def f(x): return (\n        x)\n", "    return (\n      x)\n"),
        ("def f(x): 'doc'\n", "    pass\n"),
    ],
)
def test_a_body_is_taken_wherever_it_begins(candidate, body):
    module = "class A:\n  def f(x):\n"
    check(f"{module}    return 1\n", "A.f", candidate, module + body)


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("bom", ["", "\ufeff"])
@pytest.mark.parametrize("final", [True, False])
def test_line_ends_bom_and_end_of_file_stay(newline, bom, final):
    def shaped(text: str) -> str:
        return bom + (text if final else text.removesuffix("\n")).replace("\n", newline)

    result = splice(
        shaped('"""Doc."""\n\n\ndef f(x):\n    """Doc."""\n    return x\n'),
        "f",
        'import heapq\nK = 1\ndef f(x):\n    y = """\n"""\n    return heapq.heapify(x + K + y)\n',
    )
    assert result.text == shaped(
        '"""Doc."""\n\nimport heapq\n\n\nK = 1\n\n\ndef f(x):\n    """Doc."""\n    y = """\n"""\n'
        "    return heapq.heapify(x + K + y)\n"
    )


def test_mixed_line_ends_stay_where_the_lines_stay():
    source = "a = 1\r\ndef f(x):\r\n    y = 1\n    z = 2\r\n    return x\n"
    result = splice(source, "f", "def f(x):\n    y = 1\n    w = 3\n    z = 2\n    return x\n")
    assert result.text == (
        "a = 1\r\ndef f(x):\r\n    y = 1\n    w = 3\r\n    z = 2\r\n    return x\n"
    )


def test_a_stub_at_the_end_of_the_file_gets_its_body():
    check(
        'def f():\n    """Doc."""',
        "f",
        "def f():\n    return 1\n",
        'def f():\n    """Doc."""\n    return 1',
    )


def test_a_docstring_is_not_added():
    check(
        "def f():\n    return 1\n",
        "f",
        'def f():\n    """New."""\n\n    return 2\n',
        "def f():\n    return 2\n",
    )


@pytest.mark.parametrize(
    "candidate",
    [
        "class A:\n    def f(self):\n        return 2\n    def g(self):\n        return 3\n",
        "def f(self):\n    return 2\n",
        "class Other:\n    def f(self):\n        return 3\n"
        "class A:\n    def f(self):\n        return 2\n",
    ],
)
def test_a_method_may_come_with_or_without_its_class(candidate):
    check(
        "class A:\n    @property\n    def f(self):\n        return 1\n",
        "A.f",
        candidate,
        "class A:\n    @property\n    def f(self):\n        return 2\n",
    )


def test_the_last_definition_is_the_one_replaced():
    check(
        "if X:\n    def f(): return 1\nelse:\n    def f():\n        return 2\n",
        "f",
        "def f(): return 3",
        "if X:\n    def f(): return 1\nelse:\n    def f():\n        return 3\n",
    )
    check(
        "@overload\ndef f(a: int): ...\ndef f(a):\n    return a\n@overload\ndef f(a: str): ...\n",
        "f",
        "def f(a): return 3",
        "@overload\ndef f(a: int): ...\ndef f(a):\n    return 3\n@overload\ndef f(a: str): ...\n",
    )


@pytest.mark.parametrize(
    ("original", "candidate", "reason"),
    [
        ("def f(a): return a", "def f(b): return b", "parameters"),
        ("def f(a, b): return a", "def f(b, a): return a", "parameters"),
        ("def f(a): return a", "def f(a, b=None): return a", "parameters"),
        ("def f(a=1): return a", "def f(a=2): return a", "parameters"),
        ("def f(a=1): return a", "def f(a): return a", "parameters"),
        ("def f(a, *, b): return a", "def f(a, b): return a", "parameters"),
        ("def f(a, /): return a", "def f(a): return a", "parameters"),
        ("def f(*a): return a", "def f(**a): return a", "parameters"),
        ("def f(a): return a", "async def f(a): return a", "makes 'f' async"),
        ("async def f(a): return a", "def f(a): return a", "not async"),
        ("def f(a): return a", "@cache\ndef f(a): return a", "@cache"),
        ("def f(a): return a", "def g(a): return a", "does not define"),
        ("def f(a): return a", "def f(a): return (", "not parse"),
        ("def f(a): return a", "from math import *\ndef f(a): return sin(a)", r"import \*"),
        ("def g(): pass\ndef f(a): return a", "def g(): return 2\ndef f(a): return g()", "'g'"),
        ("K = 1\ndef f(a): return a", "K = 2\ndef f(a): return K", "'K'"),
        ("import K\ndef f(a): return a", "K = 2\ndef f(a): return K", "'K'"),
        ("def f(a): return a", "def sum(x): return x\ndef f(a): return sum(a)", "'sum'"),
        (
            "re = 1\ndef f(a): return a",
            "import re\ndef h(a): return re.I\ndef f(a): return h(a)",
            "import re",
        ),
    ],
)
def test_a_candidate_that_changes_more_than_the_body_is_rejected(original, candidate, reason):
    with pytest.raises(CandidateRejected, match=reason):
        splice(f"{original}\n", "f", f"{candidate}\n")


def test_annotations_and_spelling_of_the_signature_are_free():
    check(
        "def f(a: int, b='x', *, c: str = None) -> int:\n    return 1\n",
        "f",
        'def f(a, b: str = "x", *, c=None):\n    return 2\n',
        "def f(a: int, b='x', *, c: str = None) -> int:\n    return 2\n",
    )


def test_an_unknown_function_or_a_broken_file_is_reported():
    with pytest.raises(FunctionNotFound):
        splice("x = 1\n", "f", "def f(): return 1\n")
    with pytest.raises(SourceSyntaxError):
        splice("def f(:\n", "f", "def f(): return 1\n")


USES_HEAPQ = "import heapq\ndef f(x):\n    return heapq.merge(x)\n"
F = "def f(x):\n    return x\n"
NEW_F = "def f(x):\n    return heapq.merge(x)\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "import heapq\n\n\n"),
        ("#!/usr/bin/env python\n# -*- coding: utf-8 -*-\n# about f\n",
         "#!/usr/bin/env python\n# -*- coding: utf-8 -*-\nimport heapq\n\n\n# about f\n"),
        ("# Licence\n# text\n\n", "# Licence\n# text\n\nimport heapq\n\n"),
        ('"""Doc."""\n', '"""Doc."""\n\nimport heapq\n\n'),
        ('"""Doc."""\n\n\n', '"""Doc."""\n\nimport heapq\n\n\n'),
        ("from __future__ import annotations\n\n",
         "from __future__ import annotations\n\nimport heapq\n\n"),
        ("import abc\nimport sys\n\n", "import abc\nimport heapq\nimport sys\n\n"),
        ("import sys\n\n", "import heapq\nimport sys\n\n"),
        ("import numpy\n\n", "import heapq\n\nimport numpy\n\n"),
        ("from . import a\n\n", "import heapq\n\nfrom . import a\n\n"),
        ("import abc\n\nimport numpy\n\n", "import abc\nimport heapq\n\nimport numpy\n\n"),
        ("from abc import (\n    ABC,\n    abstractmethod,\n)\n",
         "import heapq\nfrom abc import (\n    ABC,\n    abstractmethod,\n)\n"),
        # already there
        ("import heapq\n\n", "import heapq\n\n"),
        ("import os, heapq\n\n", "import os, heapq\n\n"),
        ("try:\n    import heapq\nexcept ImportError:\n    heapq = None\n\n",
         "try:\n    import heapq\nexcept ImportError:\n    heapq = None\n\n"),
    ],
)  # fmt: skip
def test_an_import_goes_where_imports_are(before, after):
    check(before + F, "f", USES_HEAPQ, after + NEW_F)


@pytest.mark.parametrize(
    "before",
    [
        "heapq = 1\n",
        "import other as heapq\n",
        "def heapq(): pass\n",
        "for heapq in y: pass\n",
        "def g():\n    global heapq\n    heapq = 1\n",
        "from x import *\n",
        "if TYPE_CHECKING:\n    import heapq\n",
    ],
)
def test_an_import_whose_name_is_taken_goes_into_the_function(before):
    result = check(
        before + F,
        "f",
        USES_HEAPQ,
        f"{before}def f(x):\n    import heapq\n    return heapq.merge(x)\n",
    )
    assert result.added_imports == ("import heapq",)


def test_an_import_that_a_scope_between_hides_goes_into_the_function():
    check(
        "import heapq\ndef outer(heapq):\n    def f(x):\n        '''Doc.'''\n        return x\n"
        "    return f\n",
        "outer.f",
        USES_HEAPQ,
        "import heapq\ndef outer(heapq):\n    def f(x):\n        '''Doc.'''\n        import heapq\n"
        "        return heapq.merge(x)\n    return f\n",
    )


def test_a_builtin_is_not_hidden_from_the_rest_of_the_module():
    check(
        "def f(x):\n    return x\ndef g(): return pow(2, 3, 5)\n",
        "f",
        "from math import pow\ndef f(x):\n    return pow(x, 2)\n",
        "def f(x):\n    from math import pow\n    return pow(x, 2)\ndef g(): return pow(2, 3, 5)\n",
    )


def test_only_what_is_missing_and_used_is_imported():
    result = check(
        "import os\nfrom collections import deque\n\n" + F,
        "f",
        "from __future__ import annotations\nimport os.path, json\n"
        "import numpy as np, pandas as pd\n"
        "from collections import deque, Counter as C, OrderedDict\nimport numpy as np\n"
        "from typing import List\n"
        "def f(x: List) -> List:\n    return os.path.join(np.sum(deque(C(x))), pd)\n",
        "import os\nimport os.path\nfrom collections import Counter as C\n"
        "from collections import deque\n\nimport numpy as np\nimport pandas as pd\n\n"
        "def f(x):\n    return os.path.join(np.sum(deque(C(x))), pd)\n",
    )
    assert set(result.added_imports) == {
        "import os.path",
        "import numpy as np",
        "import pandas as pd",
        "from collections import Counter as C",
    }


def test_helpers_go_before_the_statement_that_holds_the_function():
    check(
        """\
        import os
        LIMIT = 3
        # about A
        @decorate
        class A:
          def f(self):
            return 1
        """,
        "A.f",
        """\
        from math import floor
        TABLE = {
            1: 2,
        }
        UNUSED = 1
        LIMIT = 3
        def unused(): return UNUSED
        def _half(x):
            # halve
            if x:
                return floor(x / 2)
        class Box:
            '''A box.'''
            size: int = 0
        def f(self):
            return Box(_half(TABLE[LIMIT]))
        """,
        """\
        import os
        from math import floor
        LIMIT = 3


        TABLE = {
          1: 2,
        }


        def _half(x):
          # halve
          if x:
            return floor(x / 2)


        class Box:
          '''A box.'''
          size: int = 0


        # about A
        @decorate
        class A:
          def f(self):
            return Box(_half(TABLE[LIMIT]))
        """,
    )


@pytest.mark.parametrize(
    "repeated",
    [
        "def g(x):\n    return x + 1\n",
        "def g(x: int) -> int:\n    '''Other doc.'''\n    return (x + 1)  # more\n",
        "def g(x): ...\n",
        "def g(x):\n    '''Doc.'''\n    ...\n",
    ],
)
def test_a_helper_that_the_module_has_is_not_repeated(repeated):
    module = "def g(x):\n    '''Doc.'''\n    return x + 1\n\n\n"
    check(
        module + F,
        "f",
        f"{repeated}def f(x):\n    return g(x) * 2\n",
        f"{module}def f(x):\n    return g(x) * 2\n",
    )


def test_an_outlined_class_or_constant_is_not_repeated():
    module = "K = {1: 2}\nclass A:\n    '''Doc.'''\n    def m(self): return 1\n\n\n"
    check(
        module + F,
        "f",
        "K = ...\nclass A:\n    def m(self): ...\n    ...\ndef f(x):\n    return A(K)\n",
        f"{module}def f(x):\n    return A(K)\n",
    )


def test_a_recursive_function_does_not_bring_its_old_self():
    check(
        F,
        "f",
        f"{F}\ndef f(x):\n    return x and f(x - 1)\n",
        "def f(x):\n    return x and f(x - 1)\n",
    )


LIBRARY = dedent(
    '''\
    """Module."""
    import os

    class A:
        """Class."""

        @property
        def f(self) -> int:
            """Doc

            more
            """

            x = [1,
                 2]
            if x:  # why
                return """
      text
    """

            else:
                # odd
              pass
            return 1 + \\
                2
            # end

        async def g(self, a, /, b=1, *c, d: int = 2, **e): return (yield)

    def h(x=lambda a: a,
          ): 'doc'; return {x: 1}

    def i():
    \tdef j():
    \t\treturn 1

    \treturn j
    '''
)


@pytest.mark.parametrize("qualname", ["A.f", "A.g", "h", "i", "i.j"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_function_spliced_with_itself_changes_nothing(qualname, newline):
    source = LIBRARY.replace("\n", newline)
    result = splice(source, qualname, find(source, qualname).text)
    assert result == Splice(source, find(source, qualname).text, ())


names = st.sampled_from(["alpha", "beta", "gamma"])
expressions = st.sampled_from(
    ["x", "x + 1", '"""a\n  b\n"""', "[x,\n        1]", "'#'", "f'{x}'", "lambda: x", "(yield)"]
)
simple = st.builds("{} = {}".format, names, expressions)
blocks = st.recursive(
    st.lists(
        simple | st.sampled_from(["pass", "# remark\npass", "return x"]), min_size=1, max_size=3
    ),
    lambda inner: st.builds(
        lambda head, body, rest: [head + "\n" + indented("\n".join(body)), *rest],
        st.sampled_from(
            ["if x:", "for y in x:  # why", "def inner(x):", "class Inner:", "while x:"]
        ),
        inner,
        inner,
    ),
    max_leaves=8,
)


def indented(text: str, unit: str = "    ") -> str:
    """Indent all but the content of the only multi-line string and its continuation lines."""
    return "\n".join(
        line if line in ("", "  b", '"""') else unit + line for line in text.split("\n")
    )


def is_valid(code: str) -> bool:
    try:
        compile(code, "<generated>", "exec")
    except SyntaxError:
        return False
    return True


bodies = blocks.map("\n".join).filter(lambda body: is_valid("def f(x):\n" + indented(body)))
around = st.lists(
    st.sampled_from(
        ["", "# remark", "a = 1;  b = 2", "import os  # here", "def other(x):\n  return (x,\n1)",
         "class C:\n\tdef f(self):\n\t\tpass", "'\x0c\u2028'", "if a:\n   b = '''\n#'''  "]
    ),
    max_size=4,
)  # fmt: skip


@given(around, bodies, bodies, around, st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_all_around_the_function_stays_byte_for_byte(before, old, new, after, newline, nested):
    header = ["class Holder:", "    @decorate"] if nested else ["@decorate"]
    function = "def f(x):\n" + indented(old)
    function = indented(function) if nested else function
    parts = [*before, *header, function, *after]
    source = "\n".join([*parts, ""]).replace("\n", newline)
    qualname = "Holder.f" if nested else "f"
    target = find(source, qualname)
    result = splice(source, qualname, "def f(x):\n" + indented(new) + "\n")
    lines, new_lines = source.split(newline), result.text.split(newline)
    tail = len(lines) - target.end_line
    assert new_lines[: target.def_line] == lines[: target.def_line]
    assert new_lines[len(new_lines) - tail :] == lines[len(lines) - tail :]
    assert dump(find(result.text, qualname).text) == dump("@decorate\ndef f(x):\n" + indented(new))
    again = splice(result.text, qualname, result.function_text)
    assert again.text == result.text


def dump(code: str) -> str:
    tree = ast.parse(code)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node.value = node.value.strip()
    return ast.dump(tree)


@given(st.integers(min_value=0, max_value=len(LIBRARY)))
def test_every_function_of_a_file_can_be_replaced(position):
    candidates = functions(LIBRARY)
    target = candidates[position % len(candidates)]
    header = target.header if "\n" not in target.header else target.header.replace("\n", " ")
    result = splice(LIBRARY, target.qualname, f"{header}\n    return 12345\n")
    replaced = find(result.text, target.qualname)
    assert replaced.text.rstrip().endswith("return 12345")
    assert replaced.docstring == target.docstring
