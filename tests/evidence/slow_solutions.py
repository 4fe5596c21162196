"""Faster versions of the functions in examples/slow, by project.

They are not kept beside the projects, where a search would find them.
"""

from __future__ import annotations

SOLUTIONS = {
    "alerts": """
def error_bursts(lines: Sequence[str], seconds: int, threshold: int) -> list[str]:
    from bisect import bisect_left
    from datetime import timedelta

    errors = []
    for line in lines:
        time, level, _ = line.split(" ", 2)
        if level == "ERROR":
            errors.append((time, datetime.fromisoformat(time)))
    if not errors:
        return []
    first = errors[0][1]
    stamps = [(moment - first) // timedelta(microseconds=1) for _, moment in errors]
    ordered = sorted(stamps)
    bursts = []
    for (time, _), stamp in zip(errors, stamps):
        after = bisect_left(ordered, stamp + seconds * 1_000_000)
        if max(0, after - bisect_left(ordered, stamp)) >= threshold:
            bursts.append(time)
    return bursts
""",
    "currencies": """
def to_euros(self, amounts: Sequence[ForeignAmount]) -> list[Decimal]:
    by_currency = {}
    for rate in self.rates:
        by_currency.setdefault(rate.currency, []).append(rate)
    for rates in by_currency.values():
        rates.sort(key=lambda rate: rate.day, reverse=True)
    converted = []
    for amount in amounts:
        for rate in by_currency.get(amount.currency, ()):
            if rate.day <= amount.day:
                converted.append(amount.amount * rate.euros)
                break
        else:
            raise LookupError(f"no rate of {amount.currency} on {amount.day}")
    return converted
""",
    "leaderboard": """
def rank_history(results: Sequence[Result]) -> list[int]:
    from bisect import bisect_right

    ordered: list[int] = []
    places = []
    for result in results:
        position = bisect_right(ordered, result.points)
        places.append(len(ordered) - position + 1)
        ordered.insert(position, result.points)
    return places
""",
    "leave": """
def working_days(first: date, last: date, holidays: Sequence[date]) -> int:
    if last < first:
        return 0
    weeks, rest = divmod((last - first).days + 1, 7)
    days = 5 * weeks + sum((first.weekday() + offset) % 7 < SATURDAY for offset in range(rest))
    free = {day for day in holidays if first <= day <= last and day.weekday() < SATURDAY}
    return days - len(free)
""",
    "ledger": """
def balance_history(opening: Decimal, bookings: Sequence[Booking]) -> list[Line]:
    balance = opening
    history = []
    for booking in sorted(bookings, key=lambda booking: booking.booked_on):
        balance = balance + booking.amount
        history.append(Line(booking.booked_on, booking.text, balance.quantize(CENT)))
    return history
""",
    "orgchart": """
def headcounts(reports_to: dict[str, str | None]) -> dict[str, int]:
    reports: dict[str | None, list[str]] = {}
    for employee, manager in reports_to.items():
        reports.setdefault(manager, []).append(employee)
    known: dict[str, int] = {}

    def people_below(name: str) -> int:
        if name not in known:
            known[name] = sum(1 + people_below(employee) for employee in reports.get(name, ()))
        return known[name]

    return {name: people_below(name) for name in reports_to}
""",
    "receivables": """
def open_items(invoices: Sequence[Invoice], payments: Sequence[Payment]) -> list[OpenItem]:
    paid: dict[str, int] = {}
    for payment in payments:
        reference = payment.reference.replace(" ", "").upper()
        paid[reference] = paid.get(reference, 0) + payment.amount_cents
    items = []
    for invoice in invoices:
        open_cents = invoice.total_cents - paid.get(invoice.number.upper(), 0)
        if open_cents > 0:
            items.append(OpenItem(invoice.number, invoice.customer, open_cents))
    return sorted(items, key=lambda item: item.open_cents, reverse=True)
""",
    "redaction": """
def redact(messages: Iterable[str], secrets: Sequence[str]) -> list[str]:
    ordered = [secret for secret in sorted(secrets, key=len, reverse=True) if secret != ""]
    redacted = []
    for message in messages:
        for secret in ordered:
            message = message.replace(secret, MASK)
        redacted.append(message)
    return redacted
""",
    "releases": """
def newest_first(tags: Sequence[str]) -> list[str]:
    return sorted(tags, key=version_key, reverse=True)
""",
    "rooms": """
def free_slots(bookings: Sequence[Booking], opens: int, closes: int) -> list[tuple[int, int]]:
    slots = []
    free_from = opens
    for begin, end in sorted(bookings):
        if begin >= closes:
            break
        if end <= begin or end <= free_from:
            continue
        if begin > free_from:
            slots.append((free_from, begin))
        free_from = end
    if free_from < closes:
        slots.append((free_from, closes))
    return slots
""",
    "searchindex": """
def build_index(articles: Sequence[Article]) -> dict[str, list[str]]:
    index: dict[str, list[str]] = {}
    for article in articles:
        for word in set(tokenise(article.title + " " + article.body)):
            index.setdefault(word, []).append(article.slug)
    return {word: sorted(index[word]) for word in sorted(index)}
""",
    "sensors": """
def moving_median(readings: list[int], window: int) -> list[int]:
    from bisect import bisect_left, insort

    if window < 1 or window % 2 == 0:
        raise ValueError(f"a window of {window} readings has no middle")
    reach = window // 2
    nearby = sorted(readings[:reach])
    smoothed = []
    for position in range(len(readings)):
        if position + reach < len(readings):
            insort(nearby, readings[position + reach])
        if position > reach:
            del nearby[bisect_left(nearby, readings[position - reach - 1])]
        smoothed.append(nearby[len(nearby) // 2])
    return smoothed
""",
    "spelling": """
def edit_distance(typed: str, known: str) -> int:
    row = list(range(len(known) + 1))
    for above, letter in enumerate(typed):
        diagonal, row[0] = row[0], above + 1
        for column, other in enumerate(known, 1):
            replaced = diagonal + (letter != other)
            diagonal = row[column]
            row[column] = min(replaced, diagonal + 1, row[column - 1] + 1)
    return row[-1]
""",
    "timesheets": """
def overtime_by_week(entries: Sequence[Entry]) -> dict[tuple[str, str], int]:
    weeks: dict[str, str] = {}
    worked: dict[tuple[str, str], int] = {}
    for entry in entries:
        if entry.day not in weeks:
            year, week, _ = datetime.strptime(entry.day, DAY_FORMAT).isocalendar()
            weeks[entry.day] = week_name(year, week)
        key = (entry.employee, weeks[entry.day])
        worked[key] = worked.get(key, 0) + entry.minutes
    return {
        key: minutes - WEEKLY_MINUTES
        for key, minutes in worked.items()
        if minutes > WEEKLY_MINUTES
    }
""",
    "transit": """
def stops_away(origin: str, links: Sequence[Link]) -> dict[str, int]:
    from collections import deque

    neighbours: dict[str, list[str]] = {}
    for start, end in links:
        neighbours.setdefault(start, []).append(end)
        if end != start:
            neighbours.setdefault(end, []).append(start)
    stops = {origin: 0}
    queue = deque([origin])
    while queue:
        station = queue.popleft()
        for neighbour in neighbours.get(station, ()):
            if neighbour not in stops:
                stops[neighbour] = stops[station] + 1
                queue.append(neighbour)
    return stops
""",
    "warehouse": """
def pick_list(lines: Sequence[OrderLine], stock: Sequence[StockItem]) -> list[Pick]:
    wanted: dict[str, int] = {}
    for line in lines:
        wanted[line["sku"]] = wanted.get(line["sku"], 0) + line["quantity"]
    places: dict[str, StockItem] = {}
    for item in stock:
        places.setdefault(item.sku, item)
    picks = []
    for sku, total in wanted.items():
        if sku in places:
            place = places[sku]
            quantity = min(total, place.available)
            picks.append(Pick(place.shelf, sku, quantity, total - quantity))
    return sorted(picks, key=lambda pick: (pick.shelf, pick.sku))
""",
    "wire": """
def split_frames(received: bytes) -> list[bytes]:
    payloads = []
    position = 0
    while position < len(received):
        header = received[position : position + HEADER_BYTES]
        if len(header) < HEADER_BYTES:
            raise FrameError("the header is cut off")
        length = int.from_bytes(header, "big")
        position += HEADER_BYTES
        payload = received[position : position + length]
        if len(payload) < length:
            raise FrameError(f"{length - len(payload)} bytes are missing")
        payloads.append(payload)
        position += length
    return payloads
""",
}
