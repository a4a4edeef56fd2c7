"""What the things of a program are called in an API, where their own names cannot stay. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection

from devtool.scaffold.resource import fields, parsing
from devtool.scaffold.resource.names import plural, snake

# As people of those languages write them without the letters.
LETTERS = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss"}
    | {"æ": "ae", "ø": "o", "å": "a", "ł": "l", "đ": "d", "Æ": "Ae", "Ø": "O", "Å": "A", "Ł": "L"}
)


def field_name(entity: str, name: str) -> str:
    """What a field is called: as it is, in plain letters, or after its entity.

    An empty string where none of those can be a name.
    """
    word = snake(plain(name))
    longer = f"{snake(plain(entity))}_{word}"
    return next((n for n in (name, word, longer) if not fields.name_problem(n)), "")


def resource_name(name: str, taken: Collection[str]) -> str:
    """What an entity is called: as it is, in plain letters, or with `Item` behind it.

    Args:
        name: Its class.
        taken: Names that generated projects use, in lower case with underscores.
    """
    own = plain(name)
    own = own[:1].upper() + own[1:]
    return f"{own}Item" if _is_taken(snake(own), taken) else own


def _is_taken(own: str, taken: Collection[str]) -> bool:
    return bool({own, plural(own)} & set(taken) or parsing.word_problem(own))


def plain(text: str) -> str:
    """A text in the letters of ASCII."""
    spelled = unicodedata.normalize("NFC", text).translate(LETTERS)
    return unicodedata.normalize("NFKD", spelled).encode("ascii", "ignore").decode("ascii")
