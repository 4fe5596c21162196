"""Forgotten imports of the standard library are added, and nothing else is touched."""

from __future__ import annotations

import pytest

from orps_lsp.source.completion import with_known_imports


@pytest.mark.parametrize(
    ("body", "source", "imports"),
    [
        ("return Counter(x)", "", ["from collections import Counter"]),
        ("return collections.Counter(x)", "", ["import collections"]),
        ("return bisect_left(x, 1)", "", ["from bisect import bisect_left"]),
        ("return bisect.insort(x, 1)", "", ["import bisect"]),
        ("return bisect(x, 1)", "", ["from bisect import bisect"]),
        ("return datetime.timedelta(1)", "", ["import datetime"]),
        ("return datetime.now()", "", ["from datetime import datetime"]),
        ("return re.sub('a', 'b', x)", "", ["import re"]),
        (
            "return reduce(mul, chain(x))",
            "",
            [
                "from itertools import chain",
                "from operator import mul",
                "from functools import reduce",
            ],
        ),
        ("return Counter(x)", "from collections import Counter\n", []),
        ("return Counter(x)", "class Counter: ...\n", []),
        ("Counter = len\n    return Counter(x)", "", []),
        ("from collections import Counter\n    return Counter(x)", "", []),
        ("return count + len(x)", "count = 3\n", []),
        ("return unheard_of(x)", "", []),
        ("return os.getcwd()", "", []),
    ],
)
def test_known_names_are_imported(body: str, source: str, imports: list[str]) -> None:
    code = f"def f(x):\n    {body}\n"
    completed = with_known_imports(code, source)
    assert completed.endswith(code)
    added = [line for line in completed.removesuffix(code).splitlines() if line]
    assert sorted(added) == sorted(imports)
