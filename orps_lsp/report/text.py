"""Text from models and tests on its way into a page: nothing in it stays invisible."""

from __future__ import annotations

import unicodedata

from markupsafe import Markup, escape

# Controls (Cc), formats such as those that reorder lines (Cf), lone surrogates, private use and
# unassigned ones: what a reader cannot see, or an encoder cannot write.
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def visible(text: str) -> str:
    """Write characters that have no shape as their escapes; line feeds and tabs stay.

    Else code could look like other code than it is (CVE-2021-42574).
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        repr(char)[1:-1] if char not in "\n\t" and unicodedata.category(char) in _HIDDEN else char
        for char in text
    )


def safe(text: str) -> Markup:
    """Return ``text`` as it may stand in HTML and SVG, also between the quotes of an attribute."""
    return escape(visible(text))


def shortened(text: str, limit: int) -> str:
    """Cut ``text`` to ``limit`` characters, and say so by an ellipsis."""
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
