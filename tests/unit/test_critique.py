"""What is kept of a critic's words."""

from __future__ import annotations

import pytest

from orps_lsp.search.critique import supported

LEAD = "It is 9 times as fast because it"
EVIDENCE = "def unique(items):\n    return list(dict.fromkeys(items))\nAll 2 tests pass."


@pytest.mark.parametrize(
    "text",
    [
        f"{LEAD} looks each item up by its hash.",
        f"{LEAD} uses `dict.fromkeys`. The loop over `items` runs once, in `O(n log n)`.",
        f"{LEAD} uses a `set`, e.g. a hash. Version 3.5 of it is fine!",
    ],
)
def test_what_can_be_seen_may_be_said(text: str) -> None:
    assert supported(text, LEAD, EVIDENCE) == text


def test_what_is_quoted_must_be_there() -> None:
    said = f"{LEAD} uses `dict.fromkeys(items)`. `Counter` and `defaultdict` are made so. Good."
    assert supported(said, LEAD, EVIDENCE) == f"{LEAD} uses `dict.fromkeys(items)`. Good."


def test_what_ran_stays_without_its_reason() -> None:
    said = f"{LEAD} uses `collections.Counter`. It is short."
    assert supported(said, LEAD, EVIDENCE) == "It is 9 times as fast. It is short."
