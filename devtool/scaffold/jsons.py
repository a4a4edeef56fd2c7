"""A three-way merge of JSON by key: package.json and its like."""

from __future__ import annotations

import json
import re

Json = object
GONE = object()


class _ClashError(Exception):
    """Both sides changed one value in different ways."""


def merge(mine: str, base: str, new: str) -> str | None:
    """Both changes in one text with my order and indentation, or None where they clash."""
    try:
        merged = _values(*(json.loads(text) for text in (base, mine, new)))
    except (ValueError, _ClashError):
        return None
    indent = re.search(r"^([ \t]+)\S", mine, re.MULTILINE)
    text = json.dumps(merged, indent=indent[1] if indent else 2, ensure_ascii=False)
    return text + ("\n" if mine.endswith("\n") else "")


def problem(text: str) -> str:
    """Why a text is no JSON, or an empty string; JSON with comments is left to its readers."""
    if re.search(r"^\s*//", text, re.MULTILINE):
        return ""
    try:
        json.loads(text)
    except ValueError as error:
        return f"the merged text is not JSON: {error}"
    return ""


def _values(base: Json, mine: Json, new: Json) -> Json:
    if mine == base:
        return new
    if new in (base, mine):
        return mine
    if isinstance(mine, dict) and isinstance(new, dict):
        return _tables(base if isinstance(base, dict) else {}, mine, new)
    raise _ClashError


def _tables(base: dict[str, Json], mine: dict[str, Json], new: dict[str, Json]) -> dict[str, Json]:
    merged: dict[str, Json] = {}
    for key in (*mine, *(key for key in new if key not in mine)):
        value = _values(base.get(key, GONE), mine.get(key, GONE), new.get(key, GONE))
        if value is not GONE:
            merged[key] = value
    ordered = list(mine) == sorted(mine) and list(new) == sorted(new)
    return dict(sorted(merged.items())) if ordered else merged
