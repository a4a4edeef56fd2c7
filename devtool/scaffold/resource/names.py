"""The names that follow from a resource's own: table, route, module, and words for people. Pure."""

from __future__ import annotations

import re

IRREGULAR = {
    "child": "children",
    "half": "halves",
    "knife": "knives",
    "leaf": "leaves",
    "man": "men",
    "mouse": "mice",
    "person": "people",
    "shelf": "shelves",
    "woman": "women",
}
UNCOUNTED = {"data", "equipment", "information", "money", "news", "series", "species", "staff"}
WORDS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z0-9]+|[A-Z]+")


def snake(name: str) -> str:
    """`OrderLine` as `order_line`."""
    return "_".join(word.lower() for word in WORDS.findall(name))


def pascal(name: str) -> str:
    """`order_line` as `OrderLine`."""
    return "".join(word[:1].upper() + word[1:] for word in snake(name).split("_"))


def plural(name: str) -> str:
    """`order_line` as `order_lines`, `category` as `categories`."""
    stem, _, last = name.rpartition("_")
    prefix = f"{stem}_" if stem else ""
    if last in UNCOUNTED:
        return f"{prefix}{last}_list"  # a table and a row need different names
    if last in IRREGULAR:
        return prefix + IRREGULAR[last]
    if re.search(r"[^aeiou]y$", last):
        return f"{prefix}{last[:-1]}ies"
    return prefix + last + ("es" if re.search(r"(s|x|z|ch|sh)$", last) else "s")


def article(words: str) -> str:
    """`an invoice`, `a tag`."""
    return f"an {words}" if words[:1] in "aeio" else f"a {words}"
