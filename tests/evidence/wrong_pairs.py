"""Candidates that pass weak tests and are wrong, or right and not faster."""

from __future__ import annotations

from pairs import Pair

# The tests of each pair pass with both versions; a caller can tell the two apart all the same.
WRONG = [
    Pair(
        "skips inputs",
        "def f(xs):\n    return [x * x for x in xs if x % 2 == 0]\n",
        "def f(xs):\n    return [x * x for x in xs[::2]]\n",
        "def test():\n    assert f(list(range(400))) == [x * x for x in range(0, 400, 2)]\n",
    ),
    Pair(
        "off by one at an edge",
        "def f(xs, limit):\n    return [x for x in xs if x <= limit]\n",
        "def f(xs, limit):\n    return [x for x in xs if x < limit]\n",
        "def test():\n    assert f([1, 5, 9, 20], 10) == [1, 5, 9]\n",
    ),
    Pair(
        "stops one item early",
        "def f(xs, x):\n"
        "    for i in range(len(xs)):\n"
        "        if xs[i] == x:\n"
        "            return i\n"
        "    return -1\n",
        "def f(xs, x):\n"
        "    try:\n"
        "        return xs.index(x, 0, -1)\n"
        "    except ValueError:\n"
        "        return -1\n",
        "def test():\n    assert f([5, 3, 8, 1], 8) == 2\n    assert f([1, 2], 7) == -1\n",
    ),
    Pair(
        "another exception type",
        "def f(prices, names):\n    return [prices[name] for name in names]\n",
        "def f(prices, names):\n"
        "    try:\n"
        "        return list(map(prices.__getitem__, names))\n"
        "    except KeyError as error:\n"
        "        raise ValueError(error.args[0]) from None\n",
        "def test():\n"
        "    assert f({'a': 1, 'b': 2}, ['a', 'b', 'a']) == [1, 2, 1]\n"
        "    with pytest.raises(Exception):\n"
        "        f({'a': 1}, ['b'])\n",
    ),
    Pair(
        "other exception arguments",
        "def f(n):\n"
        "    if n < 0:\n"
        "        raise ValueError('negative', n)\n"
        "    return sum(range(n))\n",
        "def f(n):\n"
        "    if n < 0:\n"
        "        raise ValueError('negative')\n"
        "    return n * (n - 1) // 2\n",
        "def test():\n"
        "    assert f(300) == 44850\n"
        "    with pytest.raises(ValueError):\n"
        "        f(-1)\n",
    ),
    Pair(
        "an explicit check dropped",
        "def f(n):\n"
        "    if n < 0:\n"
        "        raise ValueError('negative')\n"
        "    return sum(range(n))\n",
        "def f(n):\n    return n * (n - 1) // 2 if n > 0 else 0\n",
        "def test():\n    assert f(300) == 44850\n    assert f(10) == 45\n",
    ),
    Pair(
        "swallowed exception",
        "def f(texts):\n    return [int(text) for text in texts]\n",
        "def f(texts):\n"
        "    try:\n"
        "        return list(map(int, texts))\n"
        "    except ValueError:\n"
        "        return []\n",
        "def test():\n"
        "    assert f(['1', '22'] * 99) == [1, 22] * 99\n"
        "    try:\n"
        "        f(['x'])\n"
        "    except ValueError:\n"
        "        pass\n",
    ),
    Pair(
        "changes its argument",
        "def f(xs):\n    return sorted(xs)\n",
        "def f(xs):\n    xs.sort()\n    return list(xs)\n",
        "def test():\n    assert f([3, 1, 2] * 80) == sorted([3, 1, 2] * 80)\n",
    ),
    Pair(
        "returns its argument",
        "def f(xs):\n    return [x for x in xs if x is not None]\n",
        "def f(xs):\n    return xs if None not in xs else [x for x in xs if x is not None]\n",
        "def test():\n    assert f([1, None, 2]) == [1, 2]\n    assert f([1] * 400) == [1] * 400\n",
    ),
    Pair(
        "returns parts of its argument",
        "def f(rows):\n    return [list(row) for row in rows]\n",
        "def f(rows):\n    return rows[:]\n",
        "def test():\n    assert f([[1, 2]] * 50 + [[3]]) == [[1, 2]] * 50 + [[3]]\n",
    ),
    Pair(
        "rows that are one object",
        "def f(height, width):\n    return [[0 for _ in range(width)] for _ in range(height)]\n",
        "def f(height, width):\n    return [[0] * width] * height\n",
        "def test():\n    assert f(2, 3) == [[0, 0, 0], [0, 0, 0]]\n",
    ),
    Pair(
        "lost laziness: reads its input at once",
        "def f(xs):\n    for x in xs:\n        yield x * x\n",
        "def f(xs):\n    yield from [x * x for x in xs]\n",
        "def test():\n    assert list(f(list(range(300)))) == [x * x for x in range(300)]\n",
    ),
    Pair(
        "lost laziness: a list",
        "def f(xs):\n    return (x * x for x in xs)\n",
        "def f(xs):\n    return [x * x for x in xs]\n",
        "def test():\n    assert list(f(list(range(300)))) == [x * x for x in range(300)]\n",
    ),
    Pair(
        "lost laziness: an iterator over a list",
        "def f(xs):\n    return map(abs, xs)\n",
        "def f(xs):\n    return iter([abs(x) for x in xs])\n",
        "def test():\n    assert list(f([-1, 2])) == [1, 2]\n",
    ),
    Pair(
        "generator without its exception at the end",
        "def f(xs, n):\n"
        "    for x in xs[:n]:\n"
        "        yield x\n"
        "    if len(xs) < n:\n"
        "        raise ValueError('too few')\n",
        "def f(xs, n):\n    yield from xs[:n]\n",
        "def test():\n"
        "    assert next(f([7, 8], 5)) == 7\n"
        "    assert list(f([1, 2, 3], 2)) == [1, 2]\n",
    ),
    Pair(
        "keeps results across calls, by length",
        "def f(xs):\n    return sum(x * x for x in xs)\n",
        "_known = {}\n\n"
        "def f(xs):\n"
        "    if len(xs) not in _known:\n"
        "        _known[len(xs)] = sum([x * x for x in xs])\n"
        "    return _known[len(xs)]\n",
        "def test():\n    assert f([1, 2, 3]) == 14\n    assert f([1, 2]) == 5\n",
    ),
    Pair(
        "keeps results across calls, the same list",
        "def f(n):\n    return [i * i for i in range(n)]\n",
        "import functools\n\n"
        "@functools.lru_cache(maxsize=None)\n"
        "def _squares(n):\n"
        "    return [i * i for i in range(n)]\n\n"
        "def f(n):\n"
        "    return _squares(n)\n",
        "def test():\n    assert f(3) == [0, 1, 4]\n",
    ),
    Pair(
        "keeps results across calls, copied",
        "def f(n):\n    return [i * i for i in range(n)]\n",
        "_known = {}\n\n"
        "def f(n):\n"
        "    if n not in _known:\n"
        "        _known[n] = [i * i for i in range(n)]\n"
        "    return _known[n].copy()\n",
        "def test():\n    assert f(300)[:3] == [0, 1, 4]\n",
    ),
    Pair(
        "shared mutable default",
        "def f(xs):\n    seen = []\n    for x in xs:\n        if x not in seen:\n"
        "            seen.append(x)\n    return len(seen)\n",
        "def _distinct(xs, seen=set()):\n    seen.update(xs)\n    return len(seen)\n\n"
        "def f(xs):\n    return _distinct(xs)\n",
        "def test():\n    assert f([1, 2, 1] * 60) == 2\n",
    ),
    Pair(
        "sums floats in another order",
        "def f(xs):\n    total = 0.0\n    for x in xs:\n        total += x\n    return total\n",
        "import math\n\ndef f(xs):\n    return math.fsum(xs)\n",
        "def test():\n    assert f([0.5, 0.25] * 100) == 75.0\n",
    ),
    Pair(
        "multiplies instead of adding floats",
        "def f(x, n):\n    total = 0.0\n    for _ in range(n):\n        total += x\n"
        "    return total\n",
        "def f(x, n):\n    return x * n * 1.0 if n > 0 else 0.0\n",
        "def test():\n    assert f(0.5, 400) == 200.0\n",
    ),
    Pair(
        "negative zero",
        "def f(xs):\n    return [x if x > 0 else -x for x in xs]\n",
        "def f(xs):\n    return list(map(abs, xs))\n",
        "def test():\n    assert f([-1.5, 2.0, 0.0]) == [1.5, 2.0, 0.0]\n",
    ),
    Pair(
        "not a number",
        "def f(xs):\n    return sorted(xs)[-1]\n",
        "def f(xs):\n    return max(xs)\n",
        "def test():\n    assert f([0.5, 3.5, -2.0, 1.25]) == 3.5\n",
    ),
    Pair(
        "a length instead of a truth value",
        "def f(xs):\n    return len([x for x in xs if x > 0]) > 0\n",
        "def f(xs):\n    return len([x for x in xs if x > 0][:1])\n",
        "def test():\n    assert f([1, -1])\n    assert not f([-1])\n",
    ),
    Pair(
        "a float instead of an integer",
        "def f(xs):\n    return sum(x // 2 * 2 for x in xs)\n",
        "def f(xs):\n    return sum([x // 2 * 2.0 for x in xs])\n",
        "def test():\n    assert f([2, 4, 7]) == 12\n",
    ),
    Pair(
        "division of negatives",
        "def f(xs, n):\n    return [x // n for x in xs]\n",
        "def f(xs, n):\n    return [int(x / n) for x in xs]\n",
        "def test():\n    assert f([7, 8, 9], 2) == [3, 4, 4]\n",
    ),
    Pair(
        "large integers through floats",
        "def f(n):\n"
        "    low, high = 0, n + 1\n"
        "    while high - low > 1:\n"
        "        middle = (low + high) // 2\n"
        "        low, high = (middle, high) if middle * middle <= n else (low, middle)\n"
        "    return low\n",
        "def f(n):\n    return int(n ** 0.5)\n",
        "def test():\n    assert f(16) == 4\n    assert f(99) == 9\n    assert f(123456) == 351\n",
    ),
    Pair(
        "order of a dictionary",
        "def f(words):\n    return {word: len(word) for word in words}\n",
        "def f(words):\n    return {word: len(word) for word in sorted(set(words))}\n",
        "def test():\n    assert f(['pear', 'fig'] * 60) == {'fig': 3, 'pear': 4}\n",
    ),
    Pair(
        "order of distinct items",
        "def f(xs):\n    found = []\n    for x in xs:\n        if x not in found:\n"
        "            found.append(x)\n    return found\n",
        "def f(xs):\n    return list(set(xs))\n",
        "def test():\n    assert f([0, 1, 1, 2] * 30) == [0, 1, 2]\n",
    ),
    Pair(
        "a set instead of a list",
        "def f(xs):\n    return sorted({x % 7 for x in xs})\n",
        "def f(xs):\n    return {x % 7 for x in xs}\n",
        "def test():\n    assert sorted(f(list(range(200)))) == list(range(7))\n",
    ),
    Pair(
        "an array of bytes",
        "def f(n):\n    data = b''\n    for i in range(n):\n        data += bytes([i % 256])\n"
        "    return data\n",
        "def f(n):\n    return bytearray(i % 256 for i in range(n))\n",
        "def test():\n    assert f(4) == b'\\x00\\x01\\x02\\x03'\n",
    ),
    Pair(
        "a plain tuple",
        "from collections import namedtuple\n\nPoint = namedtuple('Point', 'x y')\n\n"
        "def f(xs):\n    return [Point(x, x * x) for x in xs]\n",
        "from collections import namedtuple\n\nPoint = namedtuple('Point', 'x y')\n\n"
        "def f(xs):\n    return [(x, x * x) for x in xs]\n",
        "def test():\n    assert f([1, 2]) == [(1, 1), (2, 4)]\n",
    ),
    Pair(
        "a field that equality leaves out",
        "from dataclasses import dataclass, field\n\n"
        "@dataclass\nclass Line:\n    text: str\n    number: int = field(compare=False)\n\n"
        "def f(texts):\n    return [Line(text, n) for n, text in enumerate(texts, 1)]\n",
        "from dataclasses import dataclass, field\n\n"
        "@dataclass\nclass Line:\n    text: str\n    number: int = field(compare=False)\n\n"
        "def f(texts):\n    return [Line(text, 0) for text in texts]\n",
        "def test():\n    assert f(['a', 'b']) == [Line('a', 1), Line('b', 2)]\n",
    ),
    Pair(
        "another attribute",
        "class Counter:\n    def __init__(self):\n        self.seen = 0\n\n"
        "    def add(self, xs):\n        for x in xs:\n            self.seen += 1\n"
        "        return sum(xs)\n",
        "class Counter:\n    def __init__(self):\n        self.seen = 0\n\n"
        "    def add(self, xs):\n        return sum(xs)\n",
        "def test():\n    assert Counter().add([1, 2, 3]) == 6\n",
        qualname="Counter.add",
    ),
    Pair(
        "no longer prints",
        "def f(xs):\n    for x in xs:\n        print(x)\n    return len(xs)\n",
        "def f(xs):\n    return len(xs)\n",
        "def test():\n    assert f([1, 2, 3]) == 3\n",
    ),
    Pair(
        "asynchronous, first items only",
        "async def f(xs):\n    return [x + 1 for x in xs]\n",
        "async def f(xs):\n    return [x + 1 for x in xs[:100]]\n",
        "import asyncio\n\ndef test():\n    assert asyncio.run(f([1, 2])) == [2, 3]\n",
    ),
    Pair(
        "long inputs cut",
        "def f(xs):\n    return [x for x in xs if xs.count(x) == 1]\n",
        "def f(xs):\n    xs = xs[:64]\n    return [x for x in xs if xs.count(x) == 1]\n",
        "def test():\n    assert f([1, 2, 1]) == [2]\n",
    ),
    Pair(
        "unicode case",
        "def f(words, word):\n    return [w for w in words if w.casefold() == word.casefold()]\n",
        "def f(words, word):\n    word = word.lower()\n"
        "    return [w for w in words if w.lower() == word]\n",
        "def test():\n    assert f(['Fig', 'fig', 'pear'], 'FIG') == ['Fig', 'fig']\n",
    ),
    Pair(
        "unicode digits",
        "def f(text):\n    return [c for c in text if c.isdigit()]\n",
        "def f(text):\n    return [c for c in text if '0' <= c <= '9']\n",
        "def test():\n    assert f('a1b2') == ['1', '2']\n",
    ),
    Pair(
        "other line ends",
        "def f(text):\n    return text.splitlines()\n",
        "def f(text):\n    return text.split('\\n') if text else []\n",
        "def test():\n    assert f('a\\nb') == ['a', 'b']\n    assert f('') == []\n",
    ),
    Pair(
        "several blanks",
        "def f(text):\n    return text.split()\n",
        "def f(text):\n    return text.split(' ')\n",
        "def test():\n    assert f('one two three') == ['one', 'two', 'three']\n",
    ),
    Pair(
        "empty input",
        "def f(xs):\n    best = 0\n    for x in xs:\n        best = max(best, x)\n"
        "    return best\n",
        "def f(xs):\n    return max(xs) if xs else None\n",
        "def test():\n    assert f([4, 9, 2]) == 9\n",
    ),
    Pair(
        "duplicate keys",
        "def f(pairs):\n    found = {}\n    for key, value in pairs:\n"
        "        if key not in found:\n            found[key] = value\n    return found\n",
        "def f(pairs):\n    return dict(pairs)\n",
        "def test():\n    assert f([('a', 1), ('b', 2)]) == {'a': 1, 'b': 2}\n",
    ),
    Pair(
        "order of equal items",
        "def f(rows):\n    return sorted(rows, key=lambda row: row[0])\n",
        "def f(rows):\n    return sorted(rows)\n",
        "def test():\n    assert f([(2, 'a'), (1, 'b')]) == [(1, 'b'), (2, 'a')]\n",
    ),
    Pair(
        "only for sorted input",
        "def f(xs, x):\n    return x in xs\n",
        "import bisect\n\n"
        "def f(xs, x):\n    i = bisect.bisect_left(xs, x)\n"
        "    return i < len(xs) and xs[i] == x\n",
        "def test():\n    assert f([1, 4, 6, 9], 6)\n    assert not f([1, 4, 6, 9], 5)\n",
    ),
    Pair(
        "dtype of an array",
        "import numpy\n\ndef f(xs):\n    return numpy.array([x * x for x in xs])\n",
        "import numpy\n\ndef f(xs):\n    xs = numpy.array(xs, dtype=numpy.int32)\n"
        "    return xs * xs\n",
        "def test():\n    assert f([1, 2, 3]).tolist() == [1, 4, 9]\n",
        needs="numpy",
    ),
    Pair(
        "shape of an array",
        "import numpy\n\ndef f(xs):\n    return numpy.array([[x] for x in xs])\n",
        "import numpy\n\ndef f(xs):\n    return numpy.array(xs)\n",
        "def test():\n    assert f([1, 2, 3]).sum() == 6\n",
        needs="numpy",
    ),
    Pair(
        "index of a frame",
        "import pandas\n\ndef f(rows):\n    frame = pandas.DataFrame(rows, columns=['a'])\n"
        "    return frame[frame['a'] > 0]\n",
        "import pandas\n\ndef f(rows):\n"
        "    return pandas.DataFrame([row for row in rows if row > 0], columns=['a'])\n",
        "def test():\n    assert f([3, -1, 2])['a'].tolist() == [3, 2]\n",
        needs="pandas",
    ),
]

_SQUARES = (
    "def f(xs):\n    found = []\n    for x in xs:\n        found.append(x * x)\n    return found\n"
)
_TEST_SQUARES = "def test():\n    assert f(list(range(999))) == [x * x for x in range(999)]\n"

# Right, and yet no gain: on other inputs, or on none.
NOT_FASTER = [
    Pair("a clone", _SQUARES, _SQUARES, _TEST_SQUARES),
    Pair("a renamed clone", _SQUARES, _SQUARES.replace("found", "squares"), _TEST_SQUARES),
    Pair("slower", _SQUARES, _SQUARES.replace("x * x", "pow(int(x), 2)"), _TEST_SQUARES),
    Pair(
        "faster on the tests' input alone",
        "def f(xs):\n    return sorted(xs)[len(xs) // 2]\n",
        "_KNOWN = [n * 7919 % 1009 for n in range(1009)]\n\n"
        "def f(xs):\n    return 504 if xs == _KNOWN else sorted(xs)[len(xs) // 2]\n",
        "def test():\n    assert f([n * 7919 % 1009 for n in range(1009)]) == 504\n",
    ),
    Pair(
        "faster only from the second call on",
        "def f(xs):\n    return sum(x * x % 7 for x in xs)\n",
        "import functools\n\n"
        "@functools.lru_cache(maxsize=None)\n"
        "def _total(xs):\n    return sum(x * x % 7 for x in xs)\n\n"
        "def f(xs):\n    return _total(tuple(xs))\n",
        "def test():\n    assert f(list(range(500))) == sum(x * x % 7 for x in range(500))\n",
    ),
]
