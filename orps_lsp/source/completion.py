"""Imports that an answer forgot: names of the standard library that everyone knows by heart.

A small model writes ``Counter(words)`` and leaves the import out, or cannot place it because its
answer was begun for it inside the function. A NameError would throw away a good idea.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Mapping

from orps_lsp.source.names import bindings, free_names
from orps_lsp.source.syntax import parse

_MODULES: Mapping[str, str] = {
    "bisect": "bisect bisect_left bisect_right insort insort_left insort_right",
    "collections": "ChainMap Counter OrderedDict defaultdict deque namedtuple",
    "dataclasses": "dataclass field replace",
    "datetime": "date datetime time timedelta timezone",
    "decimal": "Decimal ROUND_DOWN ROUND_HALF_EVEN ROUND_HALF_UP",
    "fractions": "Fraction",
    "functools": "cache lru_cache partial reduce",
    "heapq": "heapify heappop heappush heappushpop heapreplace nlargest nsmallest",
    "itertools": "accumulate chain combinations count cycle dropwhile groupby islice pairwise "
    "permutations product repeat starmap takewhile tee zip_longest",
    "math": "ceil comb factorial floor gcd hypot inf isclose isqrt lcm log log2 prod sqrt",
    "operator": "attrgetter itemgetter mul methodcaller",
    "statistics": "fmean mean median mode pstdev stdev",
    "string": "ascii_letters ascii_lowercase ascii_uppercase digits punctuation",
    "typing": "Any Callable Dict Generator Iterable Iterator List Mapping Optional Sequence Set "
    "Tuple Union",
    "json": "",
    "random": "",
    "re": "",
    "time": "",
    "unicodedata": "",
}
_SOURCES = {name: module for module, names in _MODULES.items() for name in names.split()}


def with_known_imports(code: str, source: str) -> str:
    """Put before ``code`` the imports of well-known names that it uses and nobody provides.

    ``source`` is the module that the code is meant for; what that binds is left alone. Both parse.
    """
    tree = parse(code)
    provided = bindings(tree.body) | bindings(parse(source).body) | set(dir(builtins))
    modules = _used_as_modules(tree)
    missing = sorted(set(free_names(*tree.body)) - provided)
    lines = []
    for name in missing:
        if name in _MODULES and (name in modules or name not in _SOURCES):
            lines.append(f"import {name}")
        elif name in _SOURCES:
            lines.append(f"from {_SOURCES[name]} import {name}")
    return "\n".join([*lines, "", "", code]) if lines else code


def _used_as_modules(tree: ast.Module) -> set[str]:
    """Names that an attribute is taken of: ``bisect.insort`` and ``bisect(a, x)`` both occur."""
    return {
        node.value.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id in _MODULES
        and node.attr in _MODULES[node.value.id].split()
    }
