"""What a function's text says of its slowness: by examples, and for any code at all."""

from __future__ import annotations

import ast
import re
import textwrap
from pathlib import Path

import pytest

from orps_lsp.source.diagnosis import diagnose
from orps_lsp.source.locate import functions

ROOT = Path(__file__).parents[2]


def plans(body: str, arguments: str = "xs, ys") -> list[str]:
    text = f"def f({arguments}):\n{textwrap.indent(textwrap.dedent(body).strip(), '    ')}\n"
    return [finding.plan for finding in diagnose(text)]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            """
            for x in xs:
                for y in ys:
                    if y.key == x.name and y.ok:
                        found.append(y)
            """,
            "Go through `ys` once, before the loop, and group it in a dict by `y.key`; then look "
            "up `x.name` there: no loop inside the loop",
        ),
        (
            "return [sum(y.n for y in ys if x.id == y.id.lower()) for x in xs]",
            "Go through `ys` once, before the loop, and group it in a dict by `y.id.lower()`; then "
            "look up `x.id` there: no loop inside the loop",
        ),
        (
            """
            for n in range(len(xs)):
                total = 0
                for x in xs[: n + 1]:
                    total += x
                result.append(total)
            """,
            "Keep a running `total` from one step to the next: add what is new, and do without "
            "the inner loop",
        ),
        (
            "result = []\nfor x in xs:\n    if x not in result:\n        result.append(x)",
            "Keep a set beside `result` and look into that, not into the list",
        ),
        (
            "return [x for x in xs if x in ys]",
            "Make a set of `ys` before the loop and look into that",
        ),
        (
            "for x in xs:\n    for y in sorted(ys, key=len):\n        use(x, y)",
            "Compute `sorted(ys, key=len)` only once, before the loop",
        ),
        (
            "for x in xs:\n    if re.compile(ys).search(x):\n        use(x)",
            "Compute `re.compile(ys)` only once, before the loop",
        ),
        (
            "while xs:\n    x = min(xs)\n    xs.remove(x)",
            "Keep `xs` in order all the time, with heapq or bisect, instead of min() again in "
            "each step",
        ),
        (
            "return {x: xs.count(x) for x in xs}",
            "Count `xs` once with collections.Counter, before the loop",
        ),
        (
            "return [ys.index(x) for x in xs]",
            "Note the position of each item of `ys` in a dict, before the loop",
        ),
        (
            "while xs:\n    x = xs.pop(0)",
            "Make `xs` a collections.deque, with popleft() and appendleft()",
        ),
        (
            "text = ''\nfor x in xs:\n    text += x",
            "Collect the pieces of `text` in a list and join them at the end",
        ),
        (
            "out = []\nfor x in xs:\n    out = out + [x]",
            "Append to `out` in place instead of making a new list",
        ),
        (
            "for i in range(9):\n    for j in range(-2, 3):\n        use(xs[i + j])",
            "Slide a window over `xs`: add what comes in, remove what goes out",
        ),
        (
            "for x in xs:\n    for y in ys:\n        if y.begin <= x < y.end: use(x)",
            "Sort `ys` by `y.begin` once, before the loop; then use bisect, or go through both in "
            "order, instead of the inner loop",
        ),
        (
            "for x in xs:\n    n = 0\n    for y in xs:\n        n += len(parse(y))",
            "Go through `xs` once, before the loops, and keep in a list what is needed of each",
        ),
        (
            "for n in range(9):\n    best = sorted(xs[:n])",
            "Keep what came so far of `xs` in order, with bisect.insort, instead of sorted() again "
            "in each step",
        ),
        (
            "out = []\nfor x in xs:\n    out.insert(place(x), x)",
            "Collect `out` in any order and sort it once, by a key",
        ),
        (
            """
            def below(name):
                return sum(below(x) for x, boss in xs.items() if boss == name)
            return below(ys)
            """,
            "Go through `xs.items()` once, before the loop, and group it in a dict by `boss`; then "
            "look up `name` there: no loop inside the loop",
        ),
        (
            "return f(xs[1:], ys) + f(xs, ys[1:])",
            "Fill a table from the small cases up, instead of recursion",
        ),
    ],
)
def test_a_place_that_may_be_slow_is_named(body: str, expected: str) -> None:
    assert expected in plans(body)


@pytest.mark.parametrize(
    ("arguments", "body"),
    [
        ("xs, ys: set[int]", "return [x for x in xs if x in ys]"),
        ("xs, ys: typing.Mapping[str, int]", "return [x for x in xs if x in ys]"),
        ("xs", "seen = set()\nreturn [x for x in xs if x not in seen]"),
        ("xs", "seen: dict[int, int] = make()\nreturn [x for x in xs if x in seen]"),
        ("xs, y", "return y in xs"),  # once
        ("xs", "return sorted(xs)"),
        ("xs", "return [x.lower() for x in xs]"),
        ("xs", "total = 0\nfor x in xs:\n    total += x\nreturn total"),
        ("xs", "for x in xs:\n    for y in x.items:\n        if y.key == x.name: use(y)"),
        ("x", "return f(x - 1) if x else 0"),
        ("xs, ys", "for x in xs:\n    for y in ys:\n        tell(y)"),  # as often as before
        ("xs", "for x in xs:\n    y = sum(range(x))\n    use(y)"),  # a key that seldom comes twice
        ("n", "for x in range(n):\n    y = [x for x in f()]\n    use(y)"),
        ("xs", "for x in xs:\n    y = sum(x.a, last)\n    last = y"),  # from turn to turn
        ("xs", "for x in xs:\n    y = f(x.a)\n    y.append(x)"),  # each has its own
        ("xs", "for x in xs:\n    if f(x.a): return x\n    use(x)"),
        ("xs", "for x in sorted(xs):\n    use(x)"),
        ("xs", "for x in sorted(xs):\n    total = total * x + 1"),
    ],
)
def test_what_is_quick_gets_no_advice(arguments: str, body: str) -> None:
    assert plans(body, arguments) == []


def test_every_function_of_this_project_can_be_looked_at() -> None:
    count = 0
    for path in (ROOT / "orps_lsp").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                found = diagnose(ast.unparse(node))
                assert len(found) <= 5 and len({f.plan for f in found}) == len(found)
                count += 1
    assert count > 1000


def rewritten(body: str, arguments: str = "xs, ys") -> str:
    """The function's body as the first rule that knows something has it."""
    text = f"def f({arguments}):\n{textwrap.indent(textwrap.dedent(body).strip(), '    ')}\n"
    found = next(finding.rewrite for finding in diagnose(text) if finding.rewrite)
    return textwrap.dedent(found.partition("\n")[2]).strip()


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            """
            out = []
            for x in xs:  # all of them
                for a, y in ys:
                    if y.key == x.name: out.append(y)
            return out
            """,
            """
            out = []
            groups = {}
            for a, y in ys:
                groups.setdefault(y.key, []).append((a, y))
            for x in xs:  # all of them
                for a, y in groups.get(x.name, ()):
                    if y.key == x.name: out.append(y)
            return out
            """,
        ),
        (
            """
            for n in range(len(xs)):
                total = ys
                for x in xs[: n + 1]:
                    total += x
                use(total)
            """,
            """
            total = ys
            for n in range(len(xs)):
                for x in xs[n:n + 1]:
                    total += x
                use(total)
            """,
        ),
        (
            """
            out = []
            for x in xs:
                if x not in out:
                    out.append(x)
            return out
            """,
            """
            out = []
            out_set = set(out)
            for x in xs:
                if x not in out_set:
                    out.append(x)
                    out_set.add(x)
            return out
            """,
        ),
        (
            """
            for x in xs:
                for a, y in ys.items():
                    if x in parse(y): use(a, parse(y), x)
            """,
            """
            prepared = [((a, y), parse(y)) for a, y in ys.items()]
            for x in xs:
                for (a, y), value_1 in prepared:
                    if x in value_1: use(a, value_1, x)
            """,
        ),
        (
            """
            for x in xs:
                for line in ys:
                    day, kind = line.split()
                    if kind != "A":
                        continue
                    if day and kind:
                        late = parse(day) - x
                        use(line, late)
            """,
            """
            prepared = []
            for line in ys:
                day, kind = line.split()
                if kind != 'A':
                    continue
                if day and kind:
                    prepared.append((line, parse(day)))
            for x in xs:
                for line, value_1 in prepared:
                    late = value_1 - x
                    use(line, late)
            """,
        ),
        (
            """
            for x in xs:
                for y in ys:
                    if y.ok and y.n > x:
                        use(y)
            """,
            """
            prepared = []
            for y in ys:
                if y.ok:
                    prepared.append(y)
            for x in xs:
                for y in prepared:
                    if y.n > x:
                        use(y)
            """,
        ),
        (
            """
            for x in xs:
                total = 0
                for y in ys:
                    total += y.n * x.rate
                rest = sorted(ys, key=lambda y: y.n)
                use(x, total, rest)
            """,
            """
            known = {}
            for x in xs:
                if x.rate not in known:
                    total = 0
                    for y in ys:
                        total += y.n * x.rate
                    rest = sorted(ys, key=lambda y: y.n)
                    known[x.rate] = rest, total
                rest, total = known[x.rate]
                use(x, total, rest)
            """,
        ),
        (
            """
            for x in xs:
                best = sorted(x)
                for y in best:
                    if y > 3: total += y
            """,
            """
            for x in xs:
                best = x
                for y in best:
                    if y > 3: total += y
            """,
        ),
        (
            """
            while xs:
                found = False
                for y in ys:
                    if y == a - 1:
                        found = True
                        break
                xs = step(found)
            """,
            """
            known = set(ys)
            while xs:
                found = False
                if a - 1 in known:
                    found = True
                xs = step(found)
            """,
        ),
        (
            """
            for x in range(xs):
                for (a, b), y in ys:
                    if y == x:
                        found = 1
                        break
                for y in ys:
                    if y.begin < x <= y.end:
                        taken = True
                use(found, taken)
            """,
            """
            known = {y for (a, b), y in ys}
            for x in range(xs):
                if x in known:
                    found = 1
                for y in ys:
                    if y.begin < x <= y.end:
                        taken = True
                use(found, taken)
            """,
        ),
        (
            """
            for x in range(xs):
                taken = False
                for y in ys:
                    if y.begin <= x and y.end > x:
                        taken = True
                use(taken)
            """,
            """
            known = {number for y in ys for number in range(y.begin, y.end)}
            for x in range(xs):
                taken = False
                if x in known:
                    taken = True
                use(taken)
            """,
        ),
        (
            "return [[y for y in sorted(ys)] for x in xs]",
            "prepared = sorted(ys)\nreturn [[y for y in prepared] for x in xs]",
        ),
        (
            "q = [xs]\nwhile q:\n    x = q.pop(0)\n    q.insert(0, ys)",
            "q = deque([xs])\nwhile q:\n    x = q.popleft()\n    q.appendleft(ys)",
        ),
        (
            "out = []\nfor x in xs:\n    out = out + [x]\nreturn out",
            "out = []\nfor x in xs:\n    out += [x]\nreturn out",
        ),
        (
            "def g(n):\n    return g(n - 1) + g(n - 2) if n > 1 else n\nreturn g(xs)",
            "@cache\ndef g(n):\n    return g(n - 1) + g(n - 2) if n > 1 else n\nreturn g(xs)",
        ),
    ],
)
def test_a_rule_changes_what_it_names_and_nothing_else(body: str, expected: str) -> None:
    assert rewritten(body) == textwrap.dedent(expected).strip()


@pytest.mark.parametrize(
    "body",
    [
        # what the loop around decides, or what changes on the way, cannot be prepared
        "for x in xs:\n    for y in ys:\n        if y.used: continue\n        y.used = True",
        "for x in xs:\n    for y in ys:\n        if x > y: continue\n        use(y)",
        "for x in xs:\n    for y in ys:\n        z = g(y)\n        ys.append(z)",
        # more than two ends, or none of them
        "for x in xs:\n    for y in ys:\n        if y.a < x < y.b and y.c: z = 1",
        "for x in xs:\n    for y in ys:\n        if y.a < x < y.b != 3: z = 1",
        "for x in xs:\n    for y in ys:\n        if y.a < x and y.b < x: z = 1",
        "for x in xs:\n    for y in ys:\n        if x.a < y.a < x.b: z = 1",
    ],
)
def test_what_depends_on_more_than_the_item_stays(body: str) -> None:
    found = diagnose(f"def f(xs, ys):\n{textwrap.indent(body, '    ')}\n")
    assert not re.search(r"prepared = \[\]|known", "".join(each.rewrite for each in found))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            'def f(n):\n    """Fib."""\n    if n < 2:\n        return """a\nb"""\n'
            "    return f(n - 1) + f(n - 2)\n",
            'def f(n):\n    """Fib."""\n    @cache\n    def again(n):\n        if n < 2:\n'
            '            return """a\nb"""\n        return again(n - 1) + again(n - 2)\n\n'
            "    return again(n)\n",
        ),
        (
            "def f(self, n):\n    return self.f(n - 1) + self.f(n - 2)\n",
            "def f(self, n):\n    @cache\n    def again(n):\n"
            "        return again(n - 1) + again(n - 2)\n\n    return again(n)\n",
        ),
        ("def f(*n):\n    return f(n) + f(n)\n", ""),
        ("async def f(n):\n    return await f(n) + await f(n)\n", ""),
    ],
)
def test_a_recursion_gets_a_cache_for_one_call(text: str, expected: str) -> None:
    found = {finding.name: finding.rewrite for finding in diagnose(text)}
    assert re.sub(r" +\n", "\n", found["memo"]) == expected


def test_a_sort_by_hand_is_named_with_its_key() -> None:
    body = "while a(out[i]) >= a(x): i += 1\nfor x in xs:\n    out.insert(i, x)"
    assert "Sort everything once, with sorted(..., key=a), instead of `out.insert`" in plans(body)


def test_a_new_name_is_new() -> None:
    text = rewritten("ys_set = 1\nfor x in xs:\n    if x in ys: use(ys_set)")
    assert "ys_set_2 = set(ys)" in text and "if x in ys_set_2: use(ys_set)" in text


def test_every_rewrite_of_this_projects_functions_parses_and_keeps_the_header() -> None:
    count = 0
    for path in (ROOT / "orps_lsp").rglob("*.py"):
        source = path.read_text()
        for function in functions(source):
            for finding in diagnose(function.text):
                if finding.rewrite:
                    (again,) = functions(finding.rewrite)[:1]
                    assert again.header == function.header
                    count += 1
    assert count > 20
