"""The contents of numpy's arrays and pandas' tables, found by what they are called.

Neither library is imported: values of theirs come from user code that did.
"""

from __future__ import annotations

from typing import Any

_TABLES = ("DataFrame", "Series", "Index")
_LONG_FLOATS = ("g", "G")  # with bytes that mean nothing


class Floats:
    """The values of an array of floats, all NaN made alike."""

    def __init__(self, array: Any) -> None:
        self._array = array

    @property
    def values(self) -> list[float]:
        found: list[float] = self._array.tolist()
        return found

    def exact(self) -> bytes:
        data: bytes = self._array.tobytes()
        return data


def is_array(kind: type) -> bool:
    """Say whether values of this type are numpy's arrays or scalars."""
    return _base(kind, "numpy", ("ndarray", "generic")) is not None


def is_table(kind: type) -> bool:
    """Say whether values of this type are pandas' frames, series or indexes."""
    return _base(kind, "pandas", _TABLES) is not None


def owner(value: Any) -> Any:
    """Return the array that holds the memory; None for a scalar, which cannot change."""
    if _base(type(value), "numpy", ("ndarray",)) is None:
        return None
    while getattr(value, "base", None) is not None:
        value = value.base
    return value


def parts(value: Any) -> tuple[list[Any], Any]:
    """Return type and shape, and the data: bytes, :class:`Floats`, or Python objects."""
    kind: Any = _base(type(value), "numpy", ("ndarray",))
    # A plain array: a subclass may have methods of its own.
    array = value.__array__() if kind is None else kind.view(value, kind)
    header = [str(array.dtype.descr) if array.dtype.names else array.dtype.str, array.shape]
    mask = getattr(value, "mask", None)
    if mask is not None and hasattr(value, "fill_value"):
        header += [mask.tobytes(), value.fill_value]
    elif kind is not None and getattr(value, "__dict__", None):
        header.append(vars(value))
    return header, _data(array)


def _data(array: Any) -> Any:
    dtype = array.dtype
    if dtype.hasobject or dtype.names:
        return array.tolist()
    if dtype.char in _LONG_FLOATS:
        return [str(item) for item in array.ravel().tolist()]
    if dtype.kind not in "fc":
        return array.tobytes()
    flat = array.ravel().copy()
    flat = flat.view(flat.real.dtype)
    flat[flat != flat] = float("nan")
    return Floats(flat)


def table(value: Any) -> list[Any]:
    """Return all that a caller can see of a table: labels, types and values."""
    base: Any = _base(type(value), "pandas", _TABLES)
    if base.__name__ == "DataFrame":
        columns = [_column(value.iloc[:, number].array) for number in range(value.shape[1])]
        return [value.index, value.columns, columns, dict(value.attrs)]
    if base.__name__ == "Series":
        return [value.name, value.index, _column(value.array), dict(value.attrs)]
    levels = getattr(value, "levels", None)
    if levels is not None:
        return [list(value.names), value.tolist(), [str(level.dtype) for level in levels]]
    frequency = getattr(value, "freqstr", None)
    return [value.name, frequency, _column(value.array)]


def _column(values: Any) -> list[Any]:
    dtype = values.dtype
    kind: list[Any] = [str(dtype)]
    categories = getattr(dtype, "categories", None)
    if categories is not None:
        kind += [bool(dtype.ordered), categories]
    if getattr(dtype, "kind", "O") in "biufcmM" and type(dtype).__module__.startswith("numpy"):
        return [*kind, values.to_numpy()]
    return [*kind, list(values)]


def _base(kind: type, package: str, names: tuple[str, ...]) -> type | None:
    for base in kind.__mro__:
        if base.__name__ in names and base.__module__.split(".")[0] == package:
            return base
    return None
