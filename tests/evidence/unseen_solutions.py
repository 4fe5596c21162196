"""Faster versions of the functions in examples/unseen, by project: see `slow_solutions`."""

from __future__ import annotations

SOLUTIONS = {
    "buildplan": """
def critical_path(self) -> list[str]:
    tasks = self.tasks
    done: dict[str, tuple[int, str | None]] = {}
    active: set[str] = set()

    def longest(name: str) -> int:
        known = done.get(name)
        if known is not None:
            return known[0]
        if name in active:
            raise ValueError(f"{name} needs itself")
        if name not in tasks:
            raise ValueError(f"unknown task {name}")
        active.add(name)
        best_minutes, best_need = -1, None
        for need in tasks[name].needs:
            minutes = longest(need)
            if minutes > best_minutes:
                best_minutes, best_need = minutes, need
        active.discard(name)
        total = max(best_minutes, 0) + tasks[name].minutes
        done[name] = (total, best_need)
        return total

    best_total, end = -1, None
    for name in tasks:
        total = longest(name)
        if total > best_total:
            best_total, end = total, name
    path = []
    while end is not None:
        path.append(end)
        end = done[end][1]
    path.reverse()
    return path
""",
    "crewpeak": """
def peak_demand(jobs: list[Job]) -> Peak | None:
    change: dict[int, int] = {}
    for job in jobs:
        if job.end <= job.start or job.crew < 1:
            raise ValueError(f"bad job {job.name}")
        change[job.start] = change.get(job.start, 0) + job.crew
        change[job.end] = change.get(job.end, 0) - job.crew
    if not jobs:
        return None
    crew = best = 0
    at = None
    for minute in sorted(change):
        crew += change[minute]
        if crew > best:
            best, at = crew, minute
    return Peak(at, best, tuple(job.name for job in jobs if job.start <= at < job.end))
""",
    "drillcheck": """
def closest_pair(holes: list[Hole]) -> Spacing | None:
    points = sorted((hole.x, hole.y, index) for index, hole in enumerate(holes))
    best = None
    limit = None
    for k, (x, y, i) in enumerate(points):
        for m in range(k - 1, -1, -1):
            ox, oy, j = points[m]
            dx = (x - ox) ** 2
            if limit is not None and dx > limit:
                break
            gap = dx + (y - oy) ** 2
            if limit is None or gap <= limit:
                candidate = (gap, i, j) if i < j else (gap, j, i)
                if best is None or candidate < best:
                    best = candidate
                    limit = gap
    if best is None:
        return None
    return Spacing(best[1], best[2], math.sqrt(best[0]))
""",
    "glossary": """
def rank_terms(
    text: str, min_count: int = 1, stop_words: tuple[str, ...] = STOP_WORDS
) -> list[Term]:
    if min_count < 1:
        raise ValueError("min_count must be at least 1")
    stops = {stop.lower() for stop in stop_words}
    seen: dict[str, list[int]] = {}
    for position, word in enumerate(split_words(text)):
        entry = seen.get(word)
        if entry is None:
            seen[word] = [1, position]
        else:
            entry[0] += 1
    terms = [Term(w, c, p) for w, (c, p) in seen.items() if c >= min_count and w not in stops]
    return sorted(terms, key=lambda term: term.count, reverse=True)
""",
    "loadprofile": """
def best_window(readings: list[Reading], min_length: int, max_length: int) -> Window | None:
    if not 1 <= min_length <= max_length:
        raise ValueError("need 1 <= min_length <= max_length")
    from collections import deque

    count = len(readings)
    prefix = [0]
    for reading in readings:
        prefix.append(prefix[-1] + reading.watts)
    best = None
    best_total = None
    # from the last start to the first: the queue holds candidate ends, best (and shortest) first
    ends: deque[int] = deque()
    for start in range(count - min_length, -1, -1):
        end = start + min_length
        while ends and prefix[ends[0]] <= prefix[end]:
            ends.popleft()
        ends.appendleft(end)
        while ends[-1] > start + max_length:
            ends.pop()
        total = prefix[ends[-1]] - prefix[start]
        if best_total is None or total >= best_total:
            best_total = total
            best = (start, ends[-1] - start)
    return None if best is None else Window(best[0], best[1], best_total)
""",
    "primers": """
def longest_shared(first: str, second: str) -> Shared | None:
    one = clean(first)
    two = clean(second)

    def common_start(size: int) -> int:
        known = {two[i:i + size] for i in range(len(two) - size + 1)}
        for start in range(len(one) - size + 1):
            if one[start:start + size] in known:
                return start
        return -1

    low, high, at = 0, min(len(one), len(two)), -1
    while low < high:
        middle = (low + high + 1) // 2
        start = common_start(middle)
        if start < 0:
            high = middle - 1
        else:
            low, at = middle, start
    if low == 0:
        return None
    stretch = one[at:at + low]
    return Shared(stretch, at, two.find(stretch))
""",
    "renewals": """
def monthly_totals(lines: list[str]) -> list[MonthRow]:
    months: dict[str, list] = {}
    for line in lines:
        if not line.strip():
            continue
        item = parse_line(line)
        label = month_label(item.day)
        row = months.get(label)
        if row is None:
            months[label] = [1, item.cents, item.day]
        else:
            row[0] += 1
            row[1] += item.cents
            if item.day > row[2]:
                row[2] = item.day
    return [MonthRow(label, *months[label]) for label in sorted(months)]
""",
    "routetable": """
def lookup_all(self, addresses: list[str]) -> list[str]:
    tables: dict[tuple[int, int], dict[int, str]] = {}
    if addresses:
        parsed = [ipaddress.ip_address(address) for address in addresses]
        for route in self.routes:
            net = ipaddress.ip_network(route.prefix)
            shift = net.max_prefixlen - net.prefixlen
            tables.setdefault((net.version, shift), {}).setdefault(
                int(net.network_address) >> shift, route.gateway)
    else:
        parsed = []
    levels = {version: [(shift, table) for (v, shift), table in sorted(
        tables.items(), key=lambda item: item[0]) if v == version] for version in (4, 6)}
    gateways = []
    for address in parsed:
        value = int(address)
        for shift, table in levels[address.version]:
            gateway = table.get(value >> shift)
            if gateway is not None:
                gateways.append(gateway)
                break
        else:
            gateways.append(UNREACHABLE)
    return gateways
""",
    "settleup": """
def settle(balance: dict[str, int]) -> list[Transfer]:
    from heapq import heapify, heappop, heapreplace

    if sum(balance.values()) != 0:
        raise ValueError("balances do not add up to zero")
    debtors = [(cents, name) for name, cents in balance.items() if cents < 0]
    creditors = [(-cents, name) for name, cents in balance.items() if cents > 0]
    heapify(debtors)
    heapify(creditors)
    transfers = []
    while debtors:
        debt, sender = debtors[0]
        credit, receiver = creditors[0]
        cents = min(-debt, -credit)
        transfers.append(Transfer(sender, receiver, cents))
        if debt + cents:
            heapreplace(debtors, (debt + cents, sender))
        else:
            heappop(debtors)
        if credit + cents:
            heapreplace(creditors, (credit + cents, receiver))
        else:
            heappop(creditors)
    return transfers
""",
    "stocktake": """
def variances(book: list[BookItem], counts: list[Count]) -> list[Variance]:
    check_counts(counts)
    totals: dict[str, int] = {}
    places: dict[str, dict[str, None]] = {}
    for count in counts:
        sku = count.sku
        if sku in totals:
            totals[sku] += count.quantity
        else:
            totals[sku] = count.quantity
            places[sku] = {}
        places[sku][count.place] = None
    result = []
    booked: set[str] = set()
    for item in book:
        sku = item.sku
        if sku in booked:
            raise ValueError(f"{sku} is booked twice")
        booked.add(sku)
        difference = totals.get(sku, 0) - item.quantity
        if difference:
            found = tuple(places.get(sku, ()))
            result.append(Variance(sku, difference, difference * item.unit_cents, found))
    for sku, total in totals.items():
        if sku not in booked:
            result.append(Variance(sku, total, 0, tuple(places[sku])))
    return result
""",
    "tinylex": r"""
def tokenize(source: str) -> list[Token]:
    master = re.compile("|".join(f"(?P<{kind}>{pattern})" for kind, pattern in PATTERNS))
    tokens: list[Token] = []
    pos = 0
    line = 1
    line_start = 0
    end = len(source)
    while pos < end:
        match = master.match(source, pos)
        if match is None:
            raise LexError(f"{line}:{pos - line_start + 1}: unexpected {source[pos]!r}")
        kind = match.lastgroup
        text = match.group()
        if kind not in SKIPPED:
            tokens.append(Token(kind, text, line, pos - line_start + 1))
        if "\n" in text:
            line += text.count("\n")
            line_start = pos + text.rfind("\n") + 1
        pos = match.end()
    return tokens
""",
    "wordrack": """
def group_anagrams(words: list[str], min_size: int = 2) -> list[list[str]]:
    if min_size < 1:
        raise ValueError("min_size must be at least 1")
    groups: dict[str, list[str]] = {}
    for word in words:
        key = "".join(sorted(fold(word)))
        if key:
            groups.setdefault(key, []).append(word)
    kept = [group for group in groups.values() if len(group) >= min_size]
    return sorted(kept, key=len, reverse=True)
""",
}
