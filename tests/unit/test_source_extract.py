"""Code is found in a model's answer however it is wrapped up, or refused with the reason."""

from __future__ import annotations

import ast
from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orps_lsp.source import Function, NoCode, extract, find

CODE = "def f(xs):\n    return sorted(set(xs))\n"
WITH_IMPORT = (
    "from collections import Counter\n\n\ndef f(xs):\n    return Counter(xs).most_common()\n"
)
ORIGINAL = find("def f(xs: list[int], n=1) -> int:\n    '''Doc.'''\n    return xs\n", "f")
METHOD = find("class Bag:\n    def f(self, xs):\n        return xs\n", "Bag.f")


def check(answer: str, expected: str, target: Function | str = "f") -> None:
    assert extract(answer, target) == expected
    ast.parse(expected)


@pytest.mark.parametrize(
    "answer",
    [
        # fences
        f"```python\n{CODE}```",
        f"```py\n{CODE}```\n",
        f"```Python3\n{CODE}```",
        f"```\n{CODE}```",
        f"~~~python\n{CODE}~~~",
        f"````python\n{CODE}````",
        f"``` python\n{CODE}```",
        f'```python title="a.py"\n{CODE}```',
        f"```{{.python}}\n{CODE}```",
        f"```python\r\n{CODE}```".replace("\n", "\r\n"),
        f"```python\n{CODE.rstrip()}```",
        f"```python {CODE}```",
        f"Here it is: ```python\n{CODE}```",
        f"```python\n\n\n{CODE}\n\n```",
        f"1. First:\n\n   ```python\n{CODE.replace('def', '   def').replace('    r', '       r')}"
        "   ```\n",
        # no closing, no opening, no fence at all
        f"```python\n{CODE}",
        f"{CODE}```",
        f"{CODE}```\nThis version uses a set: it's faster.",
        CODE,
        CODE.rstrip(),
        f"\ufeff{CODE}",
        # prose around it
        f"Sure! Here's the function:\n\n```python\n{CODE}```\nIt's O(n log n), isn't it?",
        f"Sure! Here's the function:\n\n{CODE}",
        f"Note\n{CODE}",
        f"Thought: use a set.\nimport the idea of sets.\n{CODE}",
        f"{CODE}\nThis uses a set.",
        f"{CODE}This uses a set.",
        f"{CODE}\n**Explanation** (don't skip):\n- a `set`\n- `sorted`\n",
        f"{CODE}\n\nDone",
        f"Code:\n\n    {CODE.replace(chr(10), chr(10) + '    ')}\n\nThat's it.",
        # what comes after the function
        f"```python\n{CODE}\nprint(f([1, 2]))\n```",
        f"```python\n{CODE}\nassert f([]) == []\n\nxs = [1]\nresult = f(xs)\nprint(result)\n```",
        f"```python\n{CODE}\n# Example usage\nif __name__ == '__main__':\n    print(f([1]))\n```",
        f"```python\n{CODE}\n>>> f([1])\n[1]\n```",
        f"```python\n{CODE}\nfor x in f([1]):\n    print(x\n```",
        f"```python\n{CODE}\nprint(f([1,",
        f"```python\n{CODE}\ndef test_f():\n    assert f([]) == []\n```",
        f"```python\n{CODE}\ndef test_f():\n    assert f([",
        # several blocks
        f"```python\ndef f(xs):\n    return xs\n```\nBetter:\n```python\n{CODE}```",
        f"```python\n{CODE}```\nUsage:\n```python\nprint(f([1]))\n```",
        f"```python\n{CODE}```\nUsage:\n```\n[1, 2]\n```\nThat's all.",
        f"```python\n{CODE}```\n```python\ndef f(xs):\n    ...\n```",
        f"```python\n{CODE}```\nOr:\n```python\ndef f(xs):\n    return sorted(",
        f"{CODE}```\nUsage:\n```python\nprint(f([1]))\n```",
        f"```python\ndef f(xs):\n    return xs\n\n\n{CODE}```",
        f"```bash\npip install sets\n```\n```python\n{CODE}```",
        # unneeded imports, helpers and constants
        f"```python\nimport os\nfrom typing import List\n{CODE}```",
        f"```python\nLIMIT = 3\ndef unused():\n    return LIMIT\n{CODE}```",
        # the class of a method, or another scope, around it
        f"```python\nclass Bag:\n    {CODE.replace('    ret', '        ret')}```",
        f"```python\ndef outer():\n    {CODE.replace('    ret', '        ret')}    return f\n```",
        # another name
        f"```python\n{CODE.replace('f(', 'unique_sorted(')}```",
        f"```python\n{CODE.replace('f(', 'f_fast(')}\nprint(f_fast([1]))\n```",
        f"Try this.\n{CODE.replace('f(', 'quick(')}",
    ],
)
def test_the_function_alone_is_taken(answer):
    check(answer, CODE)


@pytest.mark.parametrize(
    "answer",
    [
        f"```python\n{WITH_IMPORT}```\nThis version uses a Counter.",
        f"{WITH_IMPORT}```\nThis version uses a Counter.",
        f"Let's count.\n\n{WITH_IMPORT}\nThat's it.",
        "```python\ndef f(xs):\n    return Counter(xs).most_common()\n```\n"
        "Put this at the top of the file:\n```python\nfrom collections import Counter\n```",
        "from collections import Counter\n\n    def f(xs):\n        return Counter(xs)"
        ".most_common()\n",
        "```python\ndef f(xs):\n    return Counter(xs).most_common()\n\n"
        "from collections import Counter\n```",
    ],
)
def test_imports_that_are_used_come_along(answer):
    check(answer, WITH_IMPORT)


def test_helpers_and_constants_that_are_used_come_along():
    code = dedent(
        """\
        import math, os

        LIMIT = 3
        OTHER = 4

        @dataclass
        class Box:
            size: int = LIMIT

        def unused():
            return OTHER

        def _half(x):
            return math.floor(x / 2)

        def f(xs):
            result = [_half(x) for x in xs]
            return Box(result)

        result = f([1])
        """
    )
    check(
        f"```python\n{code}```",
        "import math, os\n\n\nLIMIT = 3\n\n\n@dataclass\nclass Box:\n    size: int = LIMIT\n\n\n"
        "def _half(x):\n    return math.floor(x / 2)\n\n\n"
        "def f(xs):\n    result = [_half(x) for x in xs]\n    return Box(result)\n",
    )


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("", "no function 'f'"),
        ("I cannot do that.", "no function 'f'"),
        ("```python\nprint(1)\n```", "no function 'f'"),
        ("```python\ndef a(x):\n    return x\ndef b(x):\n    return x\n```", "no function 'f'"),
        ("```python\ndef f(xs):\n    seen = set()\n    return sorted(", "middle of 'f'"),
        ("```python\ndef f(xs):\n    seen = set()\n    # now\n    return sorted(", "middle of 'f'"),
        ("```python\ndef f(xs):\n    seen = set()\n    ret", "middle of 'f'"),
        ("```python\ndef f(xs):\n    seen = set()\n    seen.add", "middle of 'f'"),
        ("```python\ndef f(xs):\n    for x in xs:\n", "'f'"),
        ("```python\ndef f(xs):\n    '''Return", "'f'"),
        ("```python\ndef f(xs", "'f'"),
        ("```python\ndef f(xs):\n    x = = 1\n    return x\n```", "not parse .invalid syntax"),
        (
            "```python\ndef f(xs):\n    y = 1\n    x = = 1\n    z = 2\n    return x\n```",
            "error .invalid syntax. in 'f'",
        ),
        ("```python\ndef f(xs):\n    pass\n```", "no body"),
        ("```python\ndef f(xs):\n    '''Doc.'''\n    ...\n```", "no body"),
        ("```python\ndef f2(xs):\n    return f(xs)\n```", "uses 'f'"),
    ],
)
def test_an_answer_without_a_complete_function_is_refused(answer, reason):
    with pytest.raises(NoCode, match=reason):
        extract(answer, "f")


def test_a_star_import_stays_for_others_to_judge():
    code = "from math import *\n\n\ndef f(x):\n    return sin(x)\n"
    check(code, code)


def test_calls_follow_a_new_name():
    check(
        "```python\ndef größe(n):\n    é = 'größe'; return größe(n - 1) if n else é\n```",
        "def f(n):\n    é = 'größe'; return f(n - 1) if n else é\n",
    )


def test_attributes_and_keywords_of_the_old_name_stay():
    check(
        "def g(x):\n    return x.g + h(g=g(x))\n",
        "def f(x):\n    return x.g + h(g=f(x))\n",
    )


@pytest.mark.parametrize(
    "answer",
    [
        "```python\nseen = set(xs)\nreturn len(seen)\n```",
        "    seen = set(xs)\n    return len(seen)\n",
        "seen = set(xs)\n    return len(seen)\n```\nDone.",
        "```python\n    seen = set(xs)\n    return len(seen)\n```\nThis counts.",
        "seen = set(xs)\nreturn len(seen)\n\nThis uses a set, doesn't it?",
    ],
)
def test_a_bare_body_is_put_under_the_header(answer):
    check(
        answer,
        "def f(xs: list[int], n=1) -> int:\n    seen = set(xs)\n    return len(seen)\n",
        ORIGINAL,
    )


def test_a_bare_body_with_a_function_of_its_own_is_still_a_body():
    check(
        "def g(x):\n    return x\nreturn g(xs)",
        "def f(self, xs):\n    def g(x):\n        return x\n    return g(xs)\n",
        METHOD,
    )


def test_a_bare_body_keeps_its_strings():
    code = extract('x = """\n  a\n"""\nreturn x', ORIGINAL)
    assert '"""\n  a\n"""' in code


@pytest.mark.parametrize(
    "answer",
    ["Done.", "Done", "Yes, sure", "Note: fast", "seen = set()\nreturn len(", "x = 1\nfor y in"],
)
def test_prose_and_pieces_are_no_body(answer):
    with pytest.raises(NoCode):
        extract(answer, ORIGINAL)


def test_the_method_of_the_right_class_is_taken():
    answer = dedent(
        """\
        ```python
        class Other:
            def f(self):
                return 0

        class Bag:
            LIMIT = 3

            @property
            def f(self):
                text = '''
          kept
        '''
                return text

            def g(self):
                return 2

        class Last:
            def f(self):
                return 1
        ```
        """
    )
    check(
        answer,
        "@property\ndef f(self):\n    text = '''\n  kept\n'''\n    return text\n",
        METHOD,
    )


def test_a_qualified_name_is_understood():
    check(f"```python\n{CODE}```", CODE, "Bag.f")


def test_async_functions_are_found():
    code = "async def f(xs):\n    return await g(xs)\n"
    check(f"Here:\n{code}\nThat's it.", code)


def test_fences_in_a_docstring_do_not_end_the_code():
    code = (
        'def f(xs):\n    """Sort.\n\n    ```\n    f([2, 1])\n    ```\n    """\n    return xs[:]\n'
    )
    check(f"```python\n{code}```\nDone.", code)
    check(f"{code}```\nDone.", code)
    check(code, code)


def test_an_earlier_version_with_the_same_name_is_left_out():
    check(
        "def f(n):\n    return f(n - 1)\n\ndef f(n):\n    return n and f(n - 2)\n",
        "def f(n):\n    return n and f(n - 2)\n",
    )


@given(st.text(max_size=200))
def test_any_text_gives_code_or_no_code(text):
    for answer in (text, f"def f(x):\n    {text}", f"```\ndef f(x):\n    return 1\n{text}"):
        try:
            code = extract(answer, ORIGINAL)
        except NoCode:
            continue
        assert "f" in {
            node.name for node in ast.parse(code).body if isinstance(node, ast.FunctionDef)
        }


@given(st.integers(min_value=0, max_value=200))
def test_a_truncated_answer_gives_all_of_the_function_or_a_whole_statement_less(length):
    code = dedent(
        """\
        def f(xs):
            total = 0
            for x in xs:
                if x > 0:
                    total += g(x, key="a")
            return {"total": total}
        """
    )
    answer = f"```python\n{code}```\nDone."[:length]
    try:
        result = extract(answer, "f")
    except NoCode:
        return
    assert code.startswith(result.rstrip("\n"))
    assert ast.parse(result)
