"""A three-way merge of TOML by key that keeps comments: small edits of the text, proved by reading."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

Path = tuple[str, ...]
HEADER = re.compile(r"\s*\[")
WIDEST = 100


class Gone:
    """The value of a key that is not there."""


class Entry(NamedTuple):
    """A key with its value, as half-open line numbers."""

    path: Path
    start: int
    end: int


class _ClashError(Exception):
    """Both sides changed one key in different ways, or its place cannot be found surely."""


def merge(mine: str, base: str, new: str) -> str | None:
    """Both changes in one text, mine with a few lines edited, or None where they clash."""
    try:
        text, wanted = mine, flat(tomllib.loads(mine))
        for path, old, value in changed(base, new):
            expected = _value(wanted.get(path, Gone), old, value)
            if expected != wanted.get(path, Gone):
                text = _edit(text, path, wanted.get(path, Gone), expected)
                wanted = {**wanted, path: expected}
        wanted = {path: value for path, value in wanted.items() if value is not Gone}
        return text if flat(tomllib.loads(text)) == wanted else None
    except (tomllib.TOMLDecodeError, _ClashError):
        return None


def problem(text: str) -> str:
    """Why a text is no TOML, or an empty string."""
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return f"the merged text is not TOML: {error}"
    return ""


def missing(mine: str, base: str, new: str) -> list[str]:
    """What the new text has over the base and mine lacks, each as one line to be added by hand."""
    try:
        ours = flat(tomllib.loads(mine))
        changes = list(changed(base, new))
    except tomllib.TOMLDecodeError:
        return []
    lines = []
    for path, old, value in changes:
        has = ours.get(path, Gone)
        before = old if isinstance(old, list) else []
        if isinstance(value, list):
            extra = [item for item in value if item not in before]
            lines += [f"{'.'.join(path)}: {item!r}" for item in extra if item not in _list(has)]
        elif value is not Gone and value != has:
            lines.append(f"{'.'.join(path)} = {value!r}")
    return lines


def flat(table: Mapping[str, Any], above: Path = ()) -> dict[Path, Any]:
    """Every value by its whole path; lists and empty tables are values."""
    found: dict[Path, Any] = {}
    for key, value in table.items():
        if isinstance(value, dict) and value:
            found |= flat(value, (*above, key))
        else:
            found[*above, key] = value
    return found


def changed(base: str, new: str) -> Iterator[tuple[Path, Any, Any]]:
    """The paths whose values differ, with both values."""
    was, now = flat(tomllib.loads(base)), flat(tomllib.loads(new))
    for path in (*now, *(path for path in was if path not in now)):
        old, value = was.get(path, Gone), now.get(path, Gone)
        if old != value:
            yield path, old, value


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _value(mine: Any, old: Any, new: Any) -> Any:
    """The value that has both changes."""
    if mine == new:
        return mine
    if isinstance(mine, list) and isinstance(new, list) and (old is Gone or isinstance(old, list)):
        return _union(mine, _list(old), new)
    if mine == old:
        return new
    raise _ClashError


def _union(mine: list[Any], old: list[Any], new: list[Any]) -> list[Any]:
    """My list with what the new one adds, and without what it drops."""
    dropped = {package(item): item for item in old if item not in new}
    added = [item for item in new if item not in old and item not in mine]
    merged = list(mine)
    for item in added:
        replaced = dropped.pop(package(item), Gone)
        rivals = [other for other in mine if package(other) == package(item)]
        if replaced in merged:
            merged[merged.index(replaced)] = item
        elif rivals:
            raise _ClashError
        else:
            merged.append(item)
    return [item for item in merged if item not in dropped.values()]


def package(item: Any) -> Any:
    """The package of a requirement; of anything else, itself."""
    if not isinstance(item, str):
        return repr(item)
    return re.split(r"[\s\[<>=!~;@]", item, maxsplit=1)[0].lower()


def _edit(text: str, path: Path, old: Any, new: Any) -> str:
    """The text with another value at a path."""
    lines = text.splitlines(keepends=True)
    entry = next((entry for entry in entries(lines) if entry.path == path), None)
    if entry is None:
        if old is not Gone:
            raise _ClashError
        return _with_key(lines, path, new)
    chunk = "".join(lines[entry.start : entry.end])
    if new is Gone:
        chunk = ""
    elif isinstance(old, list) and isinstance(new, list):
        chunk = _with_items(chunk, old, new)
    elif "#" in chunk:
        raise _ClashError
    else:
        chunk = _rendered(path[-1:], new)
    return "".join((*lines[: entry.start], chunk, *lines[entry.end :]))


def _rendered(path: Path, value: Any) -> str:
    import tomli_w

    return tomli_w.dumps({path[-1]: value})


def _with_key(lines: list[str], path: Path, value: Any) -> str:
    """The text with a new key at the end of its table, or a new table at the end."""
    line = _rendered(path, value)
    ends = [end for table, end in tables(lines) if table == path[:-1]]
    if ends:
        return "".join((*lines[: ends[-1]], line, *lines[ends[-1] :]))
    import tomli_w

    text = "".join(lines).rstrip("\n")
    header = tomli_w.dumps({path[-2]: {}}) if len(path) == 2 else f"[{_dotted(path[:-1])}]\n"
    return f"{text}\n\n{header}{line}"


def _dotted(path: Path) -> str:
    import json

    return ".".join(
        part if re.fullmatch(r"[\w-]+", part, re.ASCII) else json.dumps(part) for part in path
    )


def entries(lines: list[str]) -> Iterator[Entry]:
    """Every key of a text, in order."""
    for table, start, end in _parts(lines):
        if not HEADER.match(lines[start]):
            keys = tomllib.loads("".join(lines[start:end]))
            yield Entry((*table, *next(iter(flat(keys)))[: _depth(keys)]), start, end)


def _depth(table: Mapping[str, Any]) -> int:
    """How many keys a dotted key has, where its value is no inline table."""
    value = next(iter(table.values()))
    return 1 + (_depth(value) if isinstance(value, dict) and len(value) == 1 else 0)


def tables(lines: list[str]) -> Iterator[tuple[Path, int]]:
    """Every table with the line after its last key."""
    last: dict[int, tuple[Path, int]] = {}
    number = 0
    for table, start, end in _parts(lines):
        number += bool(HEADER.match(lines[start]))
        last[number] = (table, end)
    yield from last.values()


def _parts(lines: list[str]) -> Iterator[tuple[Path, int, int]]:
    """Headers and keys: the table each belongs to, and its lines."""
    table: Path = ()
    at = 0
    while at < len(lines):
        if not lines[at].strip() or lines[at].lstrip().startswith("#"):
            at += 1
            continue
        end = _end(lines, at)
        if HEADER.match(lines[at]):
            table = _header(lines[at])
        yield table, at, end
        at = end


def _header(line: str) -> Path:
    """The path of a table; one of an array of tables has a path that no key has."""
    found: Any = tomllib.loads(line)
    path: list[str] = []
    while isinstance(found, dict) and found:
        key, found = next(iter(found.items()))
        path.append(key)
    return (*path, "[]") if isinstance(found, list) else tuple(path)


def _end(lines: list[str], start: int) -> int:
    """The line after a header or a key: as far as it takes to be TOML."""
    for end in range(start + 1, len(lines) + 1):
        try:
            tomllib.loads("".join(lines[start:end]))
        except tomllib.TOMLDecodeError:
            continue
        return end
    raise _ClashError


def _with_items(chunk: str, old: list[Any], new: list[Any]) -> str:
    """The text of a list with other items; comments and items that stay keep their places."""
    if not all(isinstance(item, str) for item in (*old, *new)):
        raise _ClashError
    added = [item for item in new if item not in old]
    for item in (item for item in old if item not in new):
        swap = next((other for other in added if package(other) == package(item)), None)
        chunk = (
            _without(chunk, item)
            if swap is None
            else chunk.replace(_quoted(chunk, item), f'"{swap}"')
        )
        added = [other for other in added if other != swap]
    return _appended(chunk, added) if added else chunk


def _quoted(chunk: str, item: str) -> str:
    """How an item stands there; in one place only, or it is not found surely."""
    found = [quoted for quoted in (f'"{item}"', f"'{item}'") if chunk.count(quoted) == 1]
    if len(found) != 1:
        raise _ClashError
    return found[0]


def _without(chunk: str, item: str) -> str:
    quoted = re.escape(_quoted(chunk, item))
    alone = re.compile(rf"^[ \t]*{quoted}[ \t]*,?[ \t]*\n", re.MULTILINE)
    if alone.search(chunk):
        return alone.sub("", chunk)
    return re.sub(rf"(,\s*{quoted})|({quoted}\s*,?\s*)", "", chunk)


def _appended(chunk: str, items: list[str]) -> str:
    """The text of a list with items behind its last one."""
    import json

    quoted = [json.dumps(item, ensure_ascii=False) for item in items]
    last, close = _tail(chunk)
    comma = "" if chunk[last] in ",[" else ","
    if "\n" in chunk[chunk.index("[") : close]:
        indent = re.search(r"\n([ \t]+)\S", chunk)
        lines = "".join(f"{indent[1] if indent else '  '}{item},\n" for item in quoted)
        start = chunk.rindex("\n", 0, close) + 1
        return chunk[: last + 1] + comma + chunk[last + 1 : start] + lines + chunk[start:]
    joined = ", ".join(quoted)
    space = "" if chunk[last] == "[" else " "
    line = f"{chunk[: last + 1]}{comma}{space}{joined}{chunk[close:]}"
    return line if len(line) <= WIDEST else _one_a_line(line)


def _one_a_line(line: str) -> str:
    import tomli_w

    if "#" in line:
        return line
    return tomli_w.dumps(tomllib.loads(line))


def _tail(chunk: str) -> tuple[int, int]:
    """Where the last thing before the closing bracket ends, and the bracket; comments aside."""
    token = re.compile(r'"(?:\\.|[^"\\])*"|\'[^\']*\'|#[^\n]*|\S')
    last = close = before = -1
    for found in token.finditer(chunk, chunk.index("=")):
        if found[0].startswith("#"):
            continue
        if found[0] == "]":
            last, close = before, found.start()
        before = found.end() - 1
    if close < 0:
        raise _ClashError
    return last, close
