"""The one JSON object that each command takes, checked field by field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lsprotocol import types
from pygls.exceptions import JsonRpcInvalidParams

from orps_lsp.search.types import Intent


class Arguments:
    """Typed access to a command's argument; whatever is wrong raises ``JsonRpcInvalidParams``."""

    def __init__(self, command: str, arguments: Sequence[Any]) -> None:
        self._command = command
        if len(arguments) > 1:
            raise self._fault(f"takes one object, not {len(arguments)} arguments")
        value = arguments[0] if arguments else {}
        if not isinstance(value, Mapping):
            raise self._fault(f"takes an object, not {value!r}")
        self._values = {name: item for name, item in value.items() if item is not None}

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def text(self, name: str) -> str:
        value = self._value(name)
        if not isinstance(value, str) or not value:
            raise self._fault(f"needs '{name}' to be a text, not {value!r}")
        return value

    def number(self, name: str) -> int:
        value = self._value(name)
        if not isinstance(value, int) or isinstance(value, bool):
            raise self._fault(f"needs '{name}' to be a whole number, not {value!r}")
        return value

    def position(self) -> types.Position:
        value = self._value("position")
        if isinstance(value, Mapping):
            line, character = value.get("line", -1), value.get("character", 0)
            if _is_index(line) and _is_index(character):
                return types.Position(int(line), int(character))
        raise self._fault(f"needs 'position' to be {{line, character}}, not {value!r}")

    def intent(self) -> Intent | None:
        """The intent; None if there is none: it is then inferred from the tests."""
        if "intent" not in self:
            return None
        try:
            return Intent(self.text("intent"))
        except ValueError:
            choices = ", ".join(intent.value for intent in Intent)
            raise self._fault(f"needs 'intent' to be one of {choices}") from None

    def _value(self, name: str) -> Any:
        if name not in self._values:
            raise self._fault(f"needs '{name}'")
        return self._values[name]

    def _fault(self, text: str) -> JsonRpcInvalidParams:
        return JsonRpcInvalidParams(f"{self._command} {text}.")


def _is_index(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
