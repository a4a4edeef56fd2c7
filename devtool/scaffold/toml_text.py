"""Change an array or a string of a TOML text and leave every other character as it is. Pure.

A TOML writer would lose the comments. Tables are looked for by their header line, which is enough for
a `pyproject.toml`; whoever has written one in another style gets an error, never a guess.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable
from typing import Any

from devtool.errors import DevtoolError

HEADER = re.compile(r"^\[+[^\]\n]+\]+[ \t]*(?:#.*)?$", re.MULTILINE)


def array(text: str, table: str, key: str) -> tuple[str, ...] | None:
    """The strings of an array, or None where there is no such key."""
    held: Any = tomllib.loads(text)
    for part in (*table.split("."), key):
        held = held.get(part) if isinstance(held, dict) else None
    return None if held is None else tuple(held)


def set_array(text: str, table: str, key: str, values: Iterable[str]) -> str:
    """The text with these strings, one a line, in an array of a table; both are made if missing.

    Raises:
        DevtoolError: If the table or the array is written in a way that is not understood.
    """
    lines = "".join(f"  {json.dumps(value, ensure_ascii=False)},\n" for value in values)
    return _set(text, table, key, f"[\n{lines}]" if lines else "[]")


def set_string(text: str, table: str, key: str, value: str) -> str:
    """The text with this value for a key of a table; both are made if missing.

    Raises:
        DevtoolError: As for `set_array`.
    """
    return _set(text, table, key, json.dumps(value, ensure_ascii=False))


def _set(text: str, table: str, key: str, value: str) -> str:
    changed = _changed(text, table, key, value)
    held: Any = tomllib.loads(changed)
    for part in (*table.split("."), key):
        held = held[part]
    if held != tomllib.loads(f"value = {value}")["value"]:
        raise DevtoolError(
            f"{table}.{key} is written in a way devtool does not change",
            hint=f"write it as a [{table}] table with {key} on a line of its own",
        )
    return changed


def _changed(text: str, table: str, key: str, value: str) -> str:
    place = _table(text, table)
    if place is None:
        gap = "\n" if text and not text.endswith("\n\n") else ""
        return f"{text}{gap}[{table}]\n{key} = {value}\n"
    start, end = place
    body = text[start:end]
    found = re.search(rf"^{re.escape(key)}[ \t]*=[ \t]*", body, re.MULTILINE)
    if found is None:
        kept = body.rstrip("\n")
        return f"{text[:start]}{kept}\n{key} = {value}\n{body[len(kept) + 1 :]}{text[end:]}"
    after = _end_of_value(body, found.end())
    return f"{text[:start]}{body[: found.start()]}{key} = {value}{body[after:]}{text[end:]}"


def _table(text: str, table: str) -> tuple[int, int] | None:
    """Where the lines of a table begin and end."""
    header = re.search(rf"^\[{re.escape(table)}\][ \t]*(?:#.*)?$", text, re.MULTILINE)
    if header is None:
        return None
    following = HEADER.search(text, header.end())
    return header.end(), following.start() if following else len(text)


def _end_of_value(body: str, start: int) -> int:
    """The end of the value that begins there: the first place that makes it whole."""
    for end in (
        match.start() for match in re.finditer(r"[ \t]*(?:#.*)?$", body[start:], re.MULTILINE)
    ):
        try:
            tomllib.loads(f"value = {body[start : start + end]}")
        except tomllib.TOMLDecodeError:
            continue
        return start + end
    return len(body)
