"""Candidates that are right and faster, of the kinds that people write."""

from __future__ import annotations

from pairs import Pair

RIGHT = [
    Pair(
        "membership in a set",
        "def f(xs, ys):\n    return [x for x in xs if x in ys]\n",
        "def f(xs, ys):\n    known = set(ys)\n    return [x for x in xs if x in known]\n",
        "def test():\n    assert len(f(list(range(300)), list(range(0, 600, 2)))) == 150\n",
    ),
    Pair(
        "distinct items in order",
        "def f(xs):\n    found = []\n    for x in xs:\n        if x not in found:\n"
        "            found.append(x)\n    return found\n",
        "def f(xs):\n    return list(dict.fromkeys(xs))\n",
        "def test():\n    assert f([n % 200 for n in range(600)]) == list(range(200))\n",
    ),
    Pair(
        "counting with a dictionary",
        "def f(words):\n    return {word: words.count(word) for word in words}\n",
        "def f(words):\n    counts = {}\n    for word in words:\n"
        "        counts[word] = counts.get(word, 0) + 1\n    return counts\n",
        "def test():\n    assert f(['a', 'b', 'c', 'a'] * 60)['a'] == 120\n",
    ),
    Pair(
        "counting with Counter",
        "def f(text):\n    counts = {}\n    for c in text:\n        if c not in counts:\n"
        "            counts[c] = 0\n        counts[c] += 1\n    return counts\n",
        "from collections import Counter\n\ndef f(text):\n    return dict(Counter(text))\n",
        "def test():\n    assert f('abracadabra' * 200)['a'] == 1000\n",
    ),
    Pair(
        "join",
        "def f(words):\n    text = ''\n    for i in range(len(words)):\n        if i > 0:\n"
        "            text = text + ', '\n        text = text + words[i].upper()\n    return text\n",
        "def f(words):\n    return ', '.join([word.upper() for word in words])\n",
        "def test():\n    assert f(['pear', 'fig'] * 400).count(', ') == 799\n",
    ),
    Pair(
        "comprehension",
        "def f(xs):\n    found = []\n    for i in range(len(xs)):\n        if xs[i] % 3 == 0:\n"
        "            found.append(xs[i] * 2)\n    return found\n",
        "def f(xs):\n    return [x * 2 for x in xs if x % 3 == 0]\n",
        "def test():\n    assert len(f(list(range(3000)))) == 1000\n",
    ),
    Pair(
        "accumulate",
        "def f(xs):\n    return [sum(xs[: i + 1]) for i in range(len(xs))]\n",
        "from itertools import accumulate\n\ndef f(xs):\n    return list(accumulate(xs))\n",
        "def test():\n    assert f(list(range(300)))[-1] == 44850\n",
    ),
    Pair(
        "chain",
        "def f(rows):\n    flat = []\n    for row in rows:\n        flat = flat + row\n"
        "    return flat\n",
        "from itertools import chain\n\ndef f(rows):\n    return list(chain.from_iterable(rows))\n",
        "def test():\n    assert len(f([[n, n + 1] for n in range(400)])) == 800\n",
    ),
    Pair(
        "a heap for the smallest",
        "def f(xs, k):\n    xs = list(xs)\n    found = []\n"
        "    while xs and len(found) < k:\n        found.append(min(xs))\n"
        "        xs.remove(found[-1])\n    return found\n",
        "import heapq\n\ndef f(xs, k):\n    return heapq.nsmallest(k, xs)\n",
        "def test():\n"
        "    assert f([n * 7919 % 1009 for n in range(1009)], 40) == list(range(40))\n",
    ),
    Pair(
        "bisection of what the original sorts",
        "def f(xs, queries):\n    xs = sorted(xs)\n"
        "    return [len([x for x in xs if x < query]) for query in queries]\n",
        "from bisect import bisect_left\n\n"
        "def f(xs, queries):\n    xs = sorted(xs)\n"
        "    return [bisect_left(xs, query) for query in queries]\n",
        "def test():\n    assert f(list(range(300)), list(range(0, 300, 10)))[3] == 30\n",
    ),
    Pair(
        "memo within the call",
        "def f(n):\n    return f(n - 1) + f(n - 2) if n > 1 else max(n, 0)\n",
        "def f(n):\n    before, now = 0, 1\n    for _ in range(n):\n"
        "        before, now = now, before + now\n    return before\n",
        "def test():\n    assert f(15) == 610\n",
    ),
    Pair(
        "early exit",
        "def f(xs):\n    found = False\n    for x in xs:\n        if x < 0:\n"
        "            found = True\n    return found\n",
        "def f(xs):\n    for x in xs:\n        if x < 0:\n            return True\n"
        "    return False\n",
        "def test():\n    assert f([1, -1] + [2] * 3000)\n    assert not f([1, 2])\n",
    ),
    Pair(
        "work out of the loop",
        "def f(xs):\n    return [x - min(xs) for x in xs]\n",
        "def f(xs):\n    if not xs:\n        return []\n    low = min(xs)\n"
        "    return [x - low for x in xs]\n",
        "def test():\n    assert f(list(range(5, 305))) == list(range(300))\n",
    ),
    Pair(
        "a generator, still lazy",
        "def f(xs, ys):\n    for x in xs:\n        if x not in ys:\n            yield x\n",
        "def f(xs, ys):\n    known = set(ys)\n    for x in xs:\n"
        "        if x not in known:\n            yield x\n",
        "def test():\n    assert len(list(f(list(range(300)), list(range(0, 500, 2))))) == 150\n",
    ),
    Pair(
        "a generator of windows",
        "def f(xs, n):\n    for i in range(len(xs) - n + 1):\n        yield sum(xs[i : i + n])\n",
        "def f(xs, n):\n    if n < 1:\n        for i in range(len(xs) - n + 1):\n"
        "            yield sum(xs[i : i + n])\n        return\n"
        "    total = sum(xs[:n])\n    for i in range(len(xs) - n + 1):\n        if i:\n"
        "            total += xs[i + n - 1] - xs[i - 1]\n        yield total\n",
        "def test():\n    assert list(f(list(range(600)), 100))[0] == 4950\n",
    ),
    Pair(
        "string building",
        "def f(text):\n    found = ''\n    for c in text:\n        if c != ' ':\n"
        "            found = found + c\n    return found\n",
        "def f(text):\n    return text.replace(' ', '')\n",
        "def test():\n    assert f('a b c ' * 300) == 'abc' * 300\n",
    ),
    Pair(
        "a translation",
        "def f(text):\n    return ''.join([' ' if c in '.,;:!?' else c for c in text])\n",
        "def f(text):\n    return text.translate(dict.fromkeys(map(ord, '.,;:!?'), ' '))\n",
        "def test():\n    assert f('a,b.' * 400) == 'a b ' * 400\n",
    ),
    Pair(
        "prefix sums",
        "def f(xs, spans):\n    return [sum(xs[low:high]) for low, high in spans]\n",
        "def f(xs, spans):\n    sums = [0]\n    for x in xs:\n        sums.append(sums[-1] + x)\n"
        "    n = len(xs)\n    found = []\n    for low, high in spans:\n"
        "        low, high, _ = slice(low, high).indices(n)\n"
        "        found.append(sums[high] - sums[low] if high > low else 0)\n    return found\n",
        "def test():\n"
        "    assert f(list(range(400)), [(n, n + 300) for n in range(90)])[0] == 44850\n",
    ),
    Pair(
        "two pointers",
        "def f(xs, target):\n    xs = sorted(xs)\n    for i in range(len(xs)):\n"
        "        for j in range(i + 1, len(xs)):\n            if xs[i] + xs[j] == target:\n"
        "                return True\n    return False\n",
        "def f(xs, target):\n    xs = sorted(xs)\n    low, high = 0, len(xs) - 1\n"
        "    while low < high:\n        total = xs[low] + xs[high]\n"
        "        if total == target:\n            return True\n        if total < target:\n"
        "            low += 1\n        else:\n            high -= 1\n    return False\n",
        "def test():\n    assert not f(list(range(0, 240, 2)), 301)\n    assert f([1, 2, 3], 5)\n",
    ),
    Pair(
        "a formula for integers",
        "def f(n):\n    total = 0\n    for i in range(n):\n        total += i * i\n"
        "    return total\n",
        "def f(n):\n    return (n - 1) * n * (2 * n - 1) // 6 if n > 0 else 0\n",
        "def test():\n    assert f(2000) == sum(i * i for i in range(2000))\n",
    ),
    Pair(
        "greatest common divisor",
        "def f(a, b):\n    a, b = abs(a), abs(b)\n    if not a or not b:\n"
        "        return a or b\n    while a != b:\n        if a > b:\n            a -= b\n"
        "        else:\n            b -= a\n    return a\n",
        "import math\n\ndef f(a, b):\n    return math.gcd(a, b)\n",
        "def test():\n    assert f(1, 3000) == 1\n    assert f(12, 18) == 6\n",
    ),
    Pair(
        "primes by a sieve",
        "def f(n):\n    return [m for m in range(2, n) if all(m % d for d in range(2, m))]\n",
        "def f(n):\n    if n < 3:\n        return []\n    is_prime = bytearray([1]) * n\n"
        "    for d in range(2, int(n**0.5) + 1):\n        if is_prime[d]:\n"
        "            is_prime[d * d :: d] = bytes(len(range(d * d, n, d)))\n"
        "    return [m for m in range(2, n) if is_prime[m]]\n",
        "def test():\n    assert len(f(400)) == 78\n",
    ),
    Pair(
        "a vectorised sum of integers",
        "import numpy\n\ndef f(xs):\n    total = 0\n    for x in xs:\n"
        "        total += int(x) * 2\n    return total\n",
        "import numpy\n\ndef f(xs):\n    return sum(xs.tolist()) * 2\n",
        "def test():\n    assert f(numpy.arange(2000)) == 3998000\n",
        needs="numpy",
    ),
    Pair(
        "a vectorised map over integers",
        "import numpy\n\ndef f(xs):\n    return numpy.array([x + 1 for x in xs], dtype=xs.dtype)\n",
        "import numpy\n\ndef f(xs):\n    return xs + xs.dtype.type(1)\n",
        "def test():\n    assert f(numpy.arange(2000))[-1] == 2000\n",
        needs="numpy",
    ),
    Pair(
        "a method",
        "class Basket:\n    def __init__(self, prices):\n        self.prices = prices\n\n"
        "    def total(self, names):\n        total = 0\n        for name in names:\n"
        "            for key in list(self.prices):\n                if key == name:\n"
        "                    total += self.prices[key]\n        return total\n",
        "class Basket:\n    def __init__(self, prices):\n        self.prices = prices\n\n"
        "    def total(self, names):\n        prices = self.prices\n"
        "        return sum([prices[name] for name in names if name in prices])\n",
        "def test():\n    basket = Basket({str(n): n for n in range(60)})\n"
        "    assert basket.total(['1', '2', '77'] * 30) == 90\n",
        qualname="Basket.total",
    ),
    Pair(
        "a class method",
        "class Code:\n    LETTERS = 'abcdefghijklmnopqrstuvwxyz'\n\n    @classmethod\n"
        "    def numbers(cls, text):\n"
        "        return [list(cls.LETTERS).index(c) for c in text if c in list(cls.LETTERS)]\n",
        "class Code:\n    LETTERS = 'abcdefghijklmnopqrstuvwxyz'\n\n    @classmethod\n"
        "    def numbers(cls, text):\n"
        "        places = {c: n for n, c in enumerate(cls.LETTERS)}\n"
        "        return [places[c] for c in text if c in places]\n",
        "def test():\n    assert Code.numbers('a z!' * 100) == [0, 25] * 100\n",
        qualname="Code.numbers",
    ),
    Pair(
        "asynchronous",
        "async def f(xs, ys):\n    found = []\n    for x in xs:\n        if x in ys:\n"
        "            found.append(x)\n    return found\n",
        "async def f(xs, ys):\n    known = set(ys)\n    return [x for x in xs if x in known]\n",
        "import asyncio\n\ndef test():\n"
        "    assert len(asyncio.run(f(list(range(300)), list(range(0, 600, 2))))) == 150\n",
    ),
    Pair(
        "nested data",
        "def f(orders):\n    totals = {}\n    for order in orders:\n"
        "        name = order['customer']['name']\n"
        "        totals[name] = sum(o['amount'] for o in orders"
        " if o['customer']['name'] == name)\n    return totals\n",
        "def f(orders):\n    totals = {}\n    for order in orders:\n"
        "        name = order['customer']['name']\n"
        "        totals[name] = totals.get(name, 0) + order['amount']\n    return totals\n",
        "def test():\n    orders = [{'customer': {'name': 'abc'[n % 3]}, 'amount': n}"
        " for n in range(150)]\n    assert f(orders)['a'] == 3675\n",
    ),
    Pair(
        "dataclasses",
        "from dataclasses import dataclass\n\n@dataclass\nclass Item:\n    name: str\n"
        "    price: int\n\ndef f(items):\n    found = []\n    for item in items:\n"
        "        if item.name not in [other.name for other in found]:\n"
        "            found.append(item)\n    return [item.price for item in found]\n",
        "from dataclasses import dataclass\n\n@dataclass\nclass Item:\n    name: str\n"
        "    price: int\n\ndef f(items):\n    prices = {}\n    for item in items:\n"
        "        prices.setdefault(item.name, item.price)\n    return list(prices.values())\n",
        "def test():\n    assert len(f([Item(str(n % 50), n) for n in range(200)])) == 50\n",
    ),
    Pair(
        "a set of pairs",
        "def f(edges):\n    found = set()\n    for a, b in edges:\n        for c, d in edges:\n"
        "            if b == c:\n                found.add((a, d))\n    return found\n",
        "def f(edges):\n    out = {}\n    for a, b in edges:\n"
        "        out.setdefault(a, []).append(b)\n"
        "    return {(a, d) for a, b in edges for d in out.get(b, ())}\n",
        "def test():\n    assert (0, 2) in f([(n, n + 1) for n in range(120)])\n",
    ),
    Pair(
        "grouping",
        "def f(words):\n    groups = {}\n    for word in words:\n"
        "        groups[len(word)] = [w for w in words if len(w) == len(word)]\n"
        "    return groups\n",
        "def f(words):\n    groups = {}\n    for word in words:\n"
        "        groups.setdefault(len(word), []).append(word)\n    return groups\n",
        "def test():\n    assert len(f(['fig', 'pear', 'apple'] * 40)[3]) == 40\n",
    ),
    Pair(
        "transposition",
        "def f(rows):\n    return [[row[i] for row in rows]"
        " for i in range(min([len(r) for r in rows], default=0))]\n",
        "def f(rows):\n    return list(map(list, zip(*rows)))\n",
        "def test():\n    assert f([[1, 2, 3]] * 400) == [[1] * 400, [2] * 400, [3] * 400]\n",
    ),
    Pair(
        "reversal",
        "def f(xs):\n    found = []\n    for x in xs:\n        found.insert(0, x)\n"
        "    return found\n",
        "def f(xs):\n    return xs[::-1]\n",
        "def test():\n    assert f(list(range(800)))[0] == 799\n",
    ),
    Pair(
        "anagrams",
        "def f(one, two):\n    rest = list(two)\n    for c in one:\n        if c in rest:\n"
        "            rest.remove(c)\n        else:\n            return False\n"
        "    return not rest\n",
        "def f(one, two):\n    return sorted(one) == sorted(two)\n",
        "def test():\n    assert f('abcdefghij' * 40, 'jihgfedcba' * 40)\n"
        "    assert not f('ab', 'ac')\n",
    ),
    Pair(
        "binary digits",
        "def f(n):\n    if n < 0:\n        raise ValueError('negative')\n    ones = 0\n"
        "    while n:\n        ones += n % 2\n        n //= 2\n    return ones\n",
        "def f(n):\n    if n < 0:\n        raise ValueError('negative')\n"
        "    return bin(n).count('1')\n",
        "def test():\n    assert f(2**900 - 1) == 900\n    assert f(5) == 2\n",
    ),
]
