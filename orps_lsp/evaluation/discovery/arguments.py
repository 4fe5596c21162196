"""What the tests call the function with, in words. Pure.

The worker tells types and sizes (``worker/loading/shapes.py``) from within the tests' process, so
nothing of that is taken on trust: what is not plain, short and a name is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MAX_PARAMETERS = 12
MAX_TYPES = 3  # of one parameter, or of a container's items
DEPTHS = (3, 1, 0)  # of containers; less where that makes too long a sentence
MAX_NUMBER = 10**18
MAX_NAME = 40
MAX_SENTENCE = 160

_TEXTS = {"str": "character", "bytes": "byte", "bytearray": "byte"}
_NUMBERS = ("int", "float")
_NAMES = {"NoneType": "None"}


def sentences(reported: Any) -> tuple[str, ...]:
    """Return ``items: list of 1 to 5000 dict`` and the like, one sentence a parameter."""
    if not isinstance(reported, Mapping):
        return ()
    found = []
    for name, shapes in list(reported.items())[:MAX_PARAMETERS]:
        told = (f"{name}: {words}" for depth in DEPTHS if (words := _one_of(shapes, depth)))
        fitting = next((sentence for sentence in told if len(sentence) <= MAX_SENTENCE), "")
        if fitting and _is_name(name):
            found.append(fitting)
    return tuple(found)


def _one_of(shapes: Any, depth: int, within: bool = False) -> str:
    """Describe alternatives, and ``depth`` levels of what is in them."""
    known = _shapes(shapes) if depth >= 0 else []
    words = dict.fromkeys(_words(shape, depth) for shape in known[:MAX_TYPES])
    more = ["..."] if len(known) > MAX_TYPES else []
    text = " or ".join([*words, *more])
    return f"({text})" if within and len(words) > 1 else text


def _shapes(reported: Any) -> list[Mapping[str, Any]]:
    """Return those that can be told."""
    if not isinstance(reported, list):
        return []
    return [item for item in reported if isinstance(item, Mapping) and _is_name(item.get("type"))]


def _words(shape: Mapping[str, Any], depth: int) -> str:
    name = _NAMES.get(shape["type"], shape["type"])
    extent = _range(shape.get("low"), shape.get("high"))
    if name in _NUMBERS or not extent:
        return f"{name} {extent}".rstrip()
    if name in _TEXTS:
        return f"{name} of {extent} {_TEXTS[name]}{'' if extent == '1' else 's'}"
    items = _one_of(shape.get("of"), depth - 1, within=True)
    types = [{"type": key["type"]} for key in _shapes(shape.get("keys"))]
    keys = _one_of(types, depth - 1, within=True)
    inner = f"({keys}: {items})" if keys and items else items
    return f"{name} of {extent} {inner}".rstrip()


def _range(low: Any, high: Any) -> str:
    if not _is_number(low) or not _is_number(high):
        return ""
    return _number(low) if low == high else f"{_number(low)} to {_number(high)}"


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and -MAX_NUMBER <= value <= MAX_NUMBER


def _number(value: float) -> str:
    return str(value) if isinstance(value, int) and abs(value) < 10**7 else f"{value:.3g}"


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= MAX_NAME and value.isidentifier()
