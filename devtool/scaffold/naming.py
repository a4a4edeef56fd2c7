"""What the things of a program are called in an API, where their own names cannot stay. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection

from devtool.scaffold.resource import fields, parsing
from devtool.scaffold.resource.names import pascal, plural, snake

# As people of those languages write them without the letters.
# The 32 Cyrillic letters that follow one another, and those that stand elsewhere.
SMALL, CAPITAL = 0x430, 0x410
CYRILLIC = (
    *("a", "b", "v", "g", "d", "e", "zh", "z", "i", "y", "k", "l", "m", "n", "o", "p"),
    *("r", "s", "t", "u", "f", "kh", "ts", "ch", "sh", "shch", "", "y", "", "e", "yu", "ya"),
)
MORE_CYRILLIC = {0x451: "yo", 0x454: "ye", 0x456: "i", 0x457: "yi", 0x491: "g"}
LETTERS = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss"}
    | {"æ": "ae", "ø": "o", "å": "a", "ł": "l", "đ": "d", "Æ": "Ae", "Ø": "O", "Å": "A", "Ł": "L"}
    | {chr(SMALL + place): text for place, text in enumerate(CYRILLIC)}
    | {chr(CAPITAL + place): text.capitalize() for place, text in enumerate(CYRILLIC)}
    | {chr(code): text for code, text in MORE_CYRILLIC.items()}
    | {chr(code).upper(): text.capitalize() for code, text in MORE_CYRILLIC.items()}
)

# What stands behind a name that is taken, the usual one first.
BEHIND = ("Item", "Entry", "Thing")


def field_name(entity: str, name: str) -> str:
    """What a field is called: as it is, in plain letters, or after its entity.

    An empty string where none of those can be a name.
    """
    word = snake(plain(name))
    longer = f"{snake(_short(plain(entity), parsing.LONGEST))}_{word}"
    return next((n for n in (name, word, longer) if not fields.name_problem(n)), "")


def resource_name(name: str, taken: Collection[str]) -> str:
    """What an entity is called: as it is, in plain letters, or with a word such as `Item` behind it.

    Args:
        name: Its class.
        taken: Names that generated projects use, in lower case with underscores.
    """
    own = _short(plain(name), parsing.LONGEST)
    own = own[:1].upper() + own[1:]
    if not _is_taken(snake(own), taken):
        return own
    longer = [_short(own, parsing.LONGEST - len(word) - 1) + word for word in BEHIND]
    return next((name for name in longer if not _is_taken(snake(name), taken)), longer[0])


def _short(name: str, most: int) -> str:
    """A name of so many characters at most: without its last words, or cut where it is one word."""
    words = snake(name).split("_")
    if len("_".join(words)) <= most:
        return name
    while len(words) > 1 and len("_".join(words)) > most:
        words.pop()
    return pascal("_".join(words)[:most])


def _is_taken(own: str, taken: Collection[str]) -> bool:
    return bool({own, plural(own)} & set(taken) or parsing.word_problem(own))


def plain(text: str) -> str:
    """A text in the letters of ASCII."""
    spelled = unicodedata.normalize("NFC", text).translate(LETTERS)
    return unicodedata.normalize("NFKD", spelled).encode("ascii", "ignore").decode("ascii")
