"""A three-way merge of Python lists that several write to: imports, and the sequences beside them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import NamedTuple

WIDEST = 88
BRACKETS = {"List": ("[", "]"), "Tuple": ("(", ")"), "Set": ("{", "}")}


class Name(NamedTuple):
    """One imported name."""

    module: str
    name: str
    alias: str


class Wiring(NamedTuple):
    """What a file wires: imported names and lists, and what else it says."""

    names: dict[Name, None]
    lists: dict[str, tuple[str, ...]]
    rest: tuple[str, ...]


class ClashError(Exception):
    """The change is not one of lists, or its place is not sure."""


def merge(mine: str, base: str, new: str) -> str | None:
    """Mine with the imports and items that are new, and without those that are gone.

    None where the new text changes anything else, or where its place in mine cannot be found
    surely.
    """
    try:
        was, now = read(base), read(new)
        if was.rest != now.rest or not was.lists.keys() <= now.lists.keys():
            return None
        text = mine
        for name in (*was.names, *now.names):
            if (name in was.names) != (name in now.names):
                text = (with_import if name in now.names else _without_import)(text, name)
        for variable, items in now.lists.items():
            text = _with_list(text, variable, was.lists.get(variable, ()), items)
    except (SyntaxError, ValueError, ClashError):
        return None
    return text


def read(source: str) -> Wiring:
    """The imports and the lists of a source."""
    names: dict[Name, None] = {}
    lists: dict[str, tuple[str, ...]] = {}
    rest: list[str] = []
    for node in ast.parse(source).body:
        if isinstance(node, ast.ImportFrom):
            names |= dict.fromkeys(_names(node))
        elif variable := _list_name(node):
            lists[variable] = tuple(map(ast.unparse, _items(node).elts))
            rest.append(_frame(node))
        else:
            rest.append(ast.dump(node))
    return Wiring(names, lists, tuple(rest))


def _names(node: ast.ImportFrom) -> Iterator[Name]:
    module = "." * node.level + (node.module or "")
    yield from (Name(module, alias.name, alias.asname or "") for alias in node.names)


def _list_name(node: ast.stmt) -> str:
    """The variable that a statement sets to a list, a tuple or a set, or an empty string."""
    match node:
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.List() | ast.Tuple() | ast.Set()):
            return name
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.List() | ast.Tuple() | ast.Set()):
            return name
    return ""


def _items(node: ast.stmt) -> ast.List | ast.Tuple | ast.Set:
    value = getattr(node, "value", None)
    if not isinstance(value, ast.List | ast.Tuple | ast.Set):
        raise ClashError
    return value


def _frame(node: ast.stmt) -> str:
    """A statement without the items of its list."""
    annotation = getattr(node, "annotation", None)
    about = ast.dump(annotation) if annotation is not None else ""
    return f"{_list_name(node)}: {about} = {type(_items(node)).__name__}"


def with_import(text: str, name: Name) -> str:
    """The text with one more name imported, in its place among those of its module.

    Raises:
        ClashError: If the import it belongs to holds a comment.
    """
    imports = [node for node in ast.parse(text).body if isinstance(node, ast.ImportFrom)]
    if any(name in _names(node) for node in imports):
        return text
    for node in imports:
        if _module(node) == name.module:
            return _replaced(text, node, _statement(name.module, [*_names(node), name]))
    line = _statement(name.module, [name])
    at = _place_among([node for node in imports if _top(_module(node)) == _top(name.module)], name)
    if at is None and imports:
        return _inserted(text, max(map(_last_line, _all_imports(text))), f"\n{line}")
    if at is None:
        at = _after_docstring(text)
        line = f"{line}\n" if at < text.count("\n") else line
    return _inserted(text, at, line)


def _without_import(text: str, name: Name) -> str:
    for node in ast.parse(text).body:
        if isinstance(node, ast.ImportFrom) and name in _names(node):
            left = [other for other in _names(node) if other != name]
            return _replaced(text, node, _statement(name.module, left) if left else "")
    return text


def _place_among(kin: list[ast.ImportFrom], name: Name) -> int | None:
    """The line after which an import stands, among those of its own package."""
    before = [node for node in kin if _module(node) < name.module]
    if before:
        return max(map(_last_line, before))
    return min((node.lineno for node in kin), default=0) - 1 if kin else None


def _top(module: str) -> str:
    return module.partition(".")[0]


def _all_imports(text: str) -> list[ast.stmt]:
    return [node for node in ast.parse(text).body if isinstance(node, ast.Import | ast.ImportFrom)]


def _last_line(node: ast.stmt) -> int:
    return node.end_lineno or node.lineno


def _module(node: ast.ImportFrom) -> str:
    return "." * node.level + (node.module or "")


def _after_docstring(text: str) -> int:
    body = ast.parse(text).body
    first = body[0] if body else None
    is_docstring = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    return (first.end_lineno or 0) if first is not None and is_docstring else 0


def _statement(module: str, names: list[Name]) -> str:
    """An import as formatters write it."""
    ordered = sorted(names, key=_import_order)
    words = [f"{name.name} as {name.alias}" if name.alias else name.name for name in ordered]
    line = f"from {module} import {', '.join(words)}\n"
    if len(line) <= WIDEST:
        return line
    inner = "".join(f"    {word},\n" for word in words)
    return f"from {module} import (\n{inner})\n"


def _import_order(name: Name) -> tuple[int, str]:
    """Constants, classes, the rest: the order that import sorters write."""
    kind = 0 if name.name.isupper() and len(name.name) > 1 else 1 if name.name[:1].isupper() else 2
    return kind, name.name


def _with_list(text: str, variable: str, was: tuple[str, ...], now: tuple[str, ...]) -> str:
    """The text with the items of one list that are new, and without those that are gone."""
    node = next((node for node in ast.parse(text).body if _list_name(node) == variable), None)
    if node is None:
        raise ClashError
    mine = list(map(ast.unparse, _items(node).elts))
    merged = [item for item in mine if item in now or item not in was]
    merged += [item for item in now if item not in was and item not in mine]
    if merged == mine:
        return text
    if mine == sorted(mine) and list(now) == sorted(now):
        merged.sort()
    return _replaced(text, node, _assignment(node, merged))


def _assignment(node: ast.stmt, items: list[str]) -> str:
    value = _items(node)
    target = node.target if isinstance(node, ast.AnnAssign) else None
    head = _list_name(node)
    if target is not None and isinstance(node, ast.AnnAssign):
        head += f": {ast.unparse(node.annotation)}"
    opening, closing = BRACKETS[type(value).__name__]
    quoted = [re.sub(r"^'([^'\"\\]*)'$", r'"\1"', item) for item in items]
    trailing = "," if isinstance(value, ast.Tuple) and len(items) == 1 else ""
    line = f"{head} = {opening}{', '.join(quoted)}{trailing}{closing}\n"
    # A list that stood on several lines goes on standing so: its trailing comma asks for it.
    if len(line) <= WIDEST and value.lineno == value.end_lineno:
        return line
    inner = "".join(f"    {item},\n" for item in quoted)
    return f"{head} = {opening}\n{inner}{closing}\n"


def _replaced(text: str, node: ast.stmt, line: str) -> str:
    """The text with another statement in place of one; a comment in it would be lost."""
    lines = text.split("\n")
    start, end = node.lineno - 1, node.end_lineno or node.lineno
    old = "\n".join(lines[start:end])
    if "#" in old or ";" in old:
        raise ClashError
    return "\n".join((*lines[:start], *line.split("\n")[:-1], *lines[end:]))


def _inserted(text: str, after: int, line: str) -> str:
    lines = text.split("\n")
    return "\n".join((*lines[:after], *line.split("\n")[:-1], *lines[after:]))
