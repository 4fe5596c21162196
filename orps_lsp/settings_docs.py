"""The settings as others show them: README's table, VS Code's settings page, a JSON schema.

All are made from the fields of :class:`orps_lsp.config.Settings`. After a change of these,
``python -m orps_lsp.settings_docs FOLDER`` writes them into a checkout.
"""

from __future__ import annotations

import json
import re
import sys
from dataclasses import Field, fields
from pathlib import Path
from typing import Any, get_type_hints

from orps_lsp.config import Settings

README_BEGIN, README_END = "<!-- settings: begin -->\n", "<!-- settings: end -->\n"
_TYPES = {str: "string", int: "integer", float: "number", bool: "boolean"}
_SECTION = re.compile(r'^( *)"title": "ORPS",\n *"properties": ', re.MULTILINE)
Json = dict[str, Any]


def markdown_table() -> str:
    """A table of all settings; ¹ marks those that a project cannot set."""
    rows = ["| Setting | Default | |", "| --- | --- | --- |"]
    for item in fields(Settings):
        mark = " ¹" if item.metadata["user_only"] else ""
        default = f"`{_as_written(item.default)}`" if item.default != "" else "empty"
        choices = ", ".join(f"`{choice}`" for choice in item.metadata["choices"])
        doc = item.metadata["doc"] + (f" One of {choices}." if choices else "")
        rows.append(f"| `{item.name}`{mark} | {default} | {doc} |")
    return "\n".join(rows) + "\n"


def vscode_properties() -> Json:
    """``contributes.configuration.properties`` of the VS Code extension."""
    return {
        f"orps.{item.name}": {
            **_schema(item),
            "markdownDescription": item.metadata["doc"],
            # What only the user may set has no place in a workspace's settings.
            "scope": "machine" if item.metadata["user_only"] else "resource",
            "order": number,
        }
        for number, item in enumerate(fields(Settings))
    }


def pyproject_schema() -> Json:
    """JSON Schema of ``[tool.orps]``: without what a project cannot set."""
    allowed = [item for item in fields(Settings) if not item.metadata["user_only"]]
    properties = {
        item.name: {**_schema(item), "description": item.metadata["doc"]} for item in allowed
    }
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "orps-lsp: [tool.orps]",
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
    }


def in_readme(text: str) -> str:
    """Return README with the table between its marks brought up to date."""
    head, begin, rest = text.partition(README_BEGIN)
    _, end, tail = rest.partition(README_END)
    if not begin or not end:
        raise ValueError("README has no marks of the settings' table")
    return f"{head}{begin}\n{markdown_table()}\n{end}{tail}"


def in_package_json(text: str) -> str:
    """Return the extension's package.json with its section "ORPS" up to date, all else as it is."""
    found = _SECTION.search(text)
    if not found:
        raise ValueError('package.json has no section "ORPS"')
    _, length = json.JSONDecoder().raw_decode(text[found.end() :])
    new = json.dumps(vscode_properties(), indent=2, ensure_ascii=False)
    indented = new.replace("\n", "\n" + found[1])
    return text[: found.end()] + indented + text[found.end() + length :]


def write(root: Path) -> None:
    """Bring the files of a checkout up to date."""
    for name, made in (("README.md", in_readme), ("editors/vscode/package.json", in_package_json)):
        path = root / name
        path.write_text(made(path.read_text(encoding="utf-8")), encoding="utf-8")


def _as_written(value: Any) -> str:
    """A value as TOML and JSON have it, a text without its quotes."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _schema(item: Field[Any]) -> Json:
    metadata = item.metadata
    schema: Json = {"type": _TYPES[get_type_hints(Settings)[item.name]], "default": item.default}
    if metadata["choices"]:
        schema["enum"] = list(metadata["choices"])
    for limit in ("minimum", "maximum"):
        if metadata[limit] is not None:
            schema[limit] = metadata[limit]
    return schema


if __name__ == "__main__":
    write(Path(sys.argv[1]))
