"""Python source as the formatter writes it: brackets that break, and imports in order. Pure."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence

WIDTH = 100
STEP = 4
OURS = ("app", "tests")
CLOSING = (")", "]", "}")


def call(head: str, items: Sequence[str], tail: str = "", *, indent: int = 0) -> str:
    """`head` with the items in brackets and `tail` behind: on one line, two steps deep, or one each.

    Args:
        head: What comes first, the opening bracket included.
        items: What stands between commas; none of them breaks.
        tail: The closing bracket and what follows.
        indent: How far in it stands.
    """
    space, inner = " " * indent, " " * (indent + STEP)
    joined = ", ".join(items)
    line = f"{space}{head}{joined}{tail}"
    if len(line) <= WIDTH:
        return line
    # What is in braces gets a line for each item as soon as one line is not enough.
    if len(inner) + len(joined) <= WIDTH and not head.endswith("{"):
        return f"{space}{head}\n{inner}{joined}\n{space}{tail}"
    lines = "".join(_item(item, indent + STEP) for item in items)
    return f"{space}{head}\n{lines}{space}{tail}"


def _item(item: str, indent: int) -> str:
    """A line for an item; its own brackets break where it is too long."""
    if indent + len(item) < WIDTH:
        return f"{' ' * indent}{item},\n"
    bracket = min(place for place in map(item.find, "([{") if place >= 0) + 1
    parts = split(item[bracket:-1])
    return call(item[:bracket], parts, f"{item[-1]},", indent=indent) + "\n"


def tidy(text: str) -> str:
    """The text with every bracket that stands over three lines as the formatter would leave it.

    Three lines are joined where they fit, and what stands between the brackets gets a line for each
    item where it does not fit either.
    """
    lines = text.split("\n")
    done: list[str] = []
    while lines:
        if _is_bracket(lines):
            done += _bracket(*lines[:3])
            del lines[:3]
        else:
            done.append(_broken(lines.pop(0)))
    return "\n".join(done)


def _broken(line: str) -> str:
    """A line that is too long, broken at the bracket it ends with, or at that of its parameters."""
    code = line.lstrip()
    is_head = code.startswith(("def ", "async def "))
    if len(line) <= WIDTH or not (is_head or code.rstrip(":,").endswith(CLOSING)):
        return line
    pairs = _pairs(code)
    start = code.index("(") if is_head else max(pairs, key=lambda at: pairs[at])
    end = pairs[start]
    items = split(code[start + 1 : end])
    return call(code[: start + 1], items, code[end:], indent=len(line) - len(code))


def _pairs(code: str) -> dict[int, int]:
    """Where each bracket that stands in no string opens, and where it closes."""
    pairs: dict[int, int] = {}
    open_at: list[int] = []
    quote = ""
    for place, character in enumerate(code):
        if character == quote:
            quote = ""
        elif not quote and character in "\"'":
            quote = character
        elif not quote and character in "([{":
            open_at.append(place)
        elif not quote and character in CLOSING:
            pairs[open_at.pop()] = place
    return pairs


def _is_bracket(lines: Sequence[str]) -> bool:
    if len(lines) < 3 or not lines[0].endswith(("(", "[", "{")):
        return False
    head, inner, end = lines[:3]
    depth = len(head) - len(head.lstrip())
    closes = end.startswith(" " * depth + {"(": ")", "[": "]", "{": "}"}[head[-1]])
    return closes and not inner.endswith((",", "(", "[", "{"))


def _bracket(head: str, inner: str, end: str) -> list[str]:
    joined = head + inner.strip() + end.lstrip()
    if len(joined) <= WIDTH:
        return [joined]
    if len(inner) <= WIDTH and not head.endswith("=("):  # a tuple gets a line for each item
        return [head, inner, end]
    space = inner[: len(inner) - len(inner.lstrip())]
    items = split(inner.strip())
    if len(items) == 1:  # a comprehension
        what, _, source = inner.strip().partition(" for ")
        return [head, f"{space}{what}", f"{space}for {source}", end]
    return [head, *(f"{space}{item}," for item in items), end]


def split(text: str) -> list[str]:
    """The parts between the commas that stand in no bracket and no string."""
    parts, depth, quote = [""], 0, ""
    for character in text:
        if character == quote:
            quote = ""
        elif not quote and character in "\"'":
            quote = character
        elif not quote:
            depth += (character in "([{") - (character in ")]}")
        if character == "," and not depth and not quote:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts]


def imports(names: Iterable[str]) -> str:
    """The import statements for `module:name`s (or `import module as name`), sorted in groups."""
    held = set(names)
    plain = sorted(name for name in held if ":" not in name)
    wanted: dict[str, set[str]] = {}
    for name in held:
        module, colon, item = name.partition(":")
        if colon:
            wanted.setdefault(module, set()).add(item)
    groups: dict[int, list[str]] = {}
    for name in plain:
        groups.setdefault(_group(name.split()[0]), []).append(f"import {name}")
    for module in sorted(wanted):
        statement = _from(module, sorted(wanted[module], key=_order))
        groups.setdefault(_group(module), []).append(statement)
    return "\n\n".join("\n".join(groups[group]) for group in sorted(groups))


def _from(module: str, names: Sequence[str]) -> str:
    line = f"from {module} import {', '.join(names)}"
    if len(line) <= WIDTH:
        return line
    return "\n".join((f"from {module} import (", *(f"    {name}," for name in names), ")"))


def _group(module: str) -> int:
    top = module.partition(".")[0]
    return 0 if top in sys.stdlib_module_names else 2 if top in OURS else 1


def _order(name: str) -> tuple[int, str]:
    """Constants, then classes, then the rest."""
    if re.fullmatch(r"[A-Z0-9_]{2,}", name):
        return 0, name.lower()
    return (1 if name[:1].isupper() else 2), name.lower()
