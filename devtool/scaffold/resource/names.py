"""The names that follow from a resource's own: table, route, module, and words for people. Pure."""

from __future__ import annotations

import re

# One and many.
PAIRS = """
analysis:analyses axis:axes child:children crisis:crises criterion:criteria diagnosis:diagnoses
echo:echoes foot:feet goose:geese half:halves hero:heroes hypothesis:hypotheses knife:knives
leaf:leaves life:lives loaf:loaves man:men mouse:mice person:people potato:potatoes quiz:quizzes
shelf:shelves thesis:theses thief:thieves tomato:tomatoes tooth:teeth wife:wives wolf:wolves
woman:women
"""
# Regular ones whose singular cannot be told from their end.
ENDINGS = """
alias:aliases cache:caches canvas:canvases cookie:cookies lens:lenses movie:movies series:series
use:uses
"""
IRREGULAR = dict(pair.split(":") for pair in PAIRS.split())
SINGULAR = {many: one for one, many in (pair.split(":") for pair in (PAIRS + ENDINGS).split())}
UNCOUNTED = {
    *("aircraft", "data", "deer", "equipment", "feedback", "fish", "information", "money"),
    *("news", "series", "sheep", "species", "staff"),
}
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


def singular(name: str) -> str:
    """`tags` as `tag`, `order_categories` as `order_category`."""
    stem, _, last = name.rpartition("_")
    prefix = f"{stem}_" if stem else ""
    if last in SINGULAR:
        return prefix + SINGULAR[last]
    if last.endswith("ies"):
        return f"{prefix}{last[:-3]}y"
    if re.search(r"(ss|x|zz|ch|sh|(?<![ao])us)es$", last):
        return prefix + last[:-2]
    return prefix + (last[:-1] if re.search(r"[^s]s$", last) else last)


def article(words: str) -> str:
    """`an invoice`, `a tag`."""
    return f"an {words}" if words[:1] in "aeio" else f"a {words}"
