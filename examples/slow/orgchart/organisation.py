"""The organisation chart, as the staff directory exports it: each person with their manager."""

from __future__ import annotations

from collections.abc import Mapping

Chart = Mapping[str, "str | None"]


def top_level(reports_to: Chart) -> list[str]:
    """Return the people who report to nobody."""
    return [name for name, manager in reports_to.items() if manager is None]


def chain_of_command(name: str, reports_to: Chart) -> list[str]:
    """Return the managers above somebody, the nearest first."""
    chain = []
    manager = reports_to.get(name)
    while manager is not None:
        chain.append(manager)
        manager = reports_to.get(manager)
    return chain


def headcounts(reports_to: dict[str, str | None]) -> dict[str, int]:
    """Return for each person how many people work below them, directly or not."""

    def people_below(name: str) -> int:
        people = 0
        for employee, manager in reports_to.items():
            if manager == name:
                people += 1 + people_below(employee)
        return people

    return {name: people_below(name) for name in reports_to}
