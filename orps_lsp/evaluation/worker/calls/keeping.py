"""What a module keeps between calls: containers and caches that its functions can reach."""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator
from typing import Any, Dict

Sizes = Dict[str, int]

_CONTAINERS = (dict, list, set, bytearray)


def sizes(function: Callable[..., Any]) -> Sizes:
    """Return how many items each of them holds, by name."""
    found: Sizes = {}
    module = getattr(function, "__globals__", {})
    pending = [(name, value) for name, value in list(module.items()) if name[:2] != "__"]
    pending.append((getattr(function, "__name__", ""), function))
    own = module.get("__name__")
    for name, value in pending:
        for part, held in _reachable(name, value, own):
            size = _size(held)
            if size is not None:
                found[part] = size
    return found


def growth(before: Sizes, after: Sizes) -> dict[str, list[int]]:
    """Return what holds more than before: sizes before and after, by name."""
    return {
        name: [before.get(name, 0), size]
        for name, size in after.items()
        if size > before.get(name, 0)
    }


def _reachable(name: str, value: Any, module: Any) -> Iterator[tuple[str, Any]]:
    yield name, value
    inner = getattr(value, "__wrapped__", value)
    if getattr(inner, "__module__", None) != module:
        return  # imported from elsewhere
    if isinstance(inner, type):
        for key, attribute in list(vars(inner).items()):
            plain = getattr(attribute, "__func__", attribute)
            if isinstance(plain, (types.FunctionType, *_CONTAINERS)) or _is_cache(plain):
                yield from _of_function(f"{name}.{key}", plain)
    else:
        yield from _of_function(name, inner)


def _of_function(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    yield name, value
    if not isinstance(value, types.FunctionType):
        return
    for position, default in enumerate(value.__defaults__ or ()):
        yield f"default {position + 1} of {name}", default
    for key, default in (value.__kwdefaults__ or {}).items():
        yield f"default {key!r} of {name}", default
    for key, attribute in list(vars(value).items()):
        yield f"{name}.{key}", attribute
    for key, cell in zip(value.__code__.co_freevars, value.__closure__ or ()):
        try:
            yield f"{key} of {name}", cell.cell_contents
        except ValueError:  # not bound yet
            continue


def _is_cache(value: Any) -> bool:
    return callable(getattr(value, "cache_info", None))


def _size(value: Any) -> int | None:
    if isinstance(value, _CONTAINERS):
        return len(value)
    if _is_cache(value) and not isinstance(value, type):
        size: int = value.cache_info().currsize
        return size
    return None
