"""How lazy a function is: how much of an iterator it has read when it gives its k-th item."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Iterator
from typing import Any

from ..loading import probe
from . import canon

MAX_PULLS = 50  # items of the result that are looked at
MAX_ARGUMENTS = 4


def is_lazy(result: Any) -> str:
    """Return ``"async"`` for an asynchronous generator, ``"lazy"`` for an iterator, else ``""``."""
    if inspect.isasyncgen(result):
        return "async"
    return "lazy" if hasattr(type(result), "__next__") else ""


async def collected(generator: Any) -> list[Any]:
    """Return an asynchronous generator's items, and the exception that ended it."""
    found: list[Any] = []
    try:
        async for item in generator:
            found.append(item)
            if len(found) >= canon.MAX_ITEMS:
                break
    except Exception as error:
        found.append(error)
    return found


class _Counted:
    """An iterator that knows how many of its items were taken."""

    def __init__(self, items: Any) -> None:
        self._items = iter(items)
        self.taken = 0

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        item = next(self._items)
        self.taken += 1
        return item


def taken(function: Callable[..., Any], data: bytes) -> list[list[int] | None]:
    """Call the function on a pickled input, with one list or tuple after the other as an iterator.

    Returns for each of them how many of its items were taken after the call, after the first item
    of the result, after the second...; None where the function does not take an iterator.
    """
    args, kwargs = probe.unpickle(data)
    keys: list[Any] = [n for n, value in enumerate(args) if type(value) in (list, tuple)]
    keys += [name for name, value in kwargs.items() if type(value) in (list, tuple)]
    found: list[list[int] | None] = []
    for key in keys[:MAX_ARGUMENTS]:
        args, kwargs = probe.unpickle(data)
        arguments: dict[Any, Any] = {**dict(enumerate(args)), **kwargs}
        counted = arguments[key] = _Counted(arguments[key])
        try:
            result = function(
                *(arguments[n] for n in range(len(args))),
                **{name: arguments[name] for name in kwargs},
            )
            found.append(_pull(result, counted))
        except Exception:
            found.append(None)
    return found


def _pull(result: Any, counted: _Counted) -> list[int]:
    found = [counted.taken]
    if is_lazy(result) == "async":
        asyncio.run(_pull_async(result, counted, found))
        return found
    for _ in range(MAX_PULLS):
        try:
            next(result)
        except StopIteration:
            break
        found.append(counted.taken)
    return found


async def _pull_async(result: Any, counted: _Counted, found: list[int]) -> None:
    async for _ in result:
        found.append(counted.taken)
        if len(found) > MAX_PULLS:
            break
