# SPDX-License-Identifier: Apache-2.0
"""Partial responses: the `fields` parameter, such as `items(id,start),nextPageToken` or `a/b,c(d/e,f)`."""

from __future__ import annotations

from typing import Any

from tests.fakes.google.problems import wrong

#: name → what to keep inside it; an empty selection keeps everything
Selection = dict[str, "Selection"]


def selected(document: Any, fields: str) -> Any:
    """Only what ``fields`` names. Refuses a selection that cannot be read."""
    selection, rest = _read(fields)
    if rest or not selection:
        raise wrong("invalid", f"Invalid field selection {fields}")
    return _pick(document, selection)


def _read(text: str) -> tuple[Selection, str]:
    selection: Selection = {}
    while text and text[0] != ")":
        inner, text = _read_one(text, selection)
        if text.startswith("("):
            found, text = _read(text[1:])
            if not text.startswith(")"):
                raise wrong("invalid", "Invalid field selection: a bracket is not closed")
            inner.update(found)
            text = text[1:]
        text = text.removeprefix(",")
    return selection, text


def _read_one(text: str, selection: Selection) -> tuple[Selection, str]:
    """Read `a/b/c` into the selection; what is kept inside the last name, and the text that follows."""
    while True:
        end = next((at for at, character in enumerate(text) if character in ",()/"), len(text))
        if end == 0:
            raise wrong("invalid", f"Invalid field selection {text}")
        selection = selection.setdefault(text[:end].strip(), {})
        text = text[end:]
        if not text.startswith("/"):
            return selection, text
        text = text[1:]


def _pick(value: Any, selection: Selection) -> Any:
    if not selection:
        return value
    if isinstance(value, list):
        return [_pick(item, selection) for item in value]
    if not isinstance(value, dict):
        return value
    if "*" in selection:
        return {name: _pick(inner, selection["*"]) for name, inner in value.items()}
    return {name: _pick(inner, selection[name]) for name, inner in value.items() if name in selection}
