"""`due:date?` -> a Field. Every refusal names the word, and what it could have been. Pure."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable
from typing import NamedTuple

from devtool.errors import ConfigError
from devtool.scaffold.resource import defaults
from devtool.scaffold.resource.kinds import (
    COLLECTIONS,
    ENUM,
    KINDS,
    MANY,
    OTHER_WORDS,
    REF,
    SPECIAL,
    Kind,
)

FIELD = re.compile(
    r"(?P<name>[^:()]*):(?P<kind>[^:()!?@=]*)(?:\((?P<arguments>[^()]*)\))?(?P<marks>[!?]*)(?P<unique>@unique)?"
    r"(?:=(?P<default>.*))?",
    re.ASCII,
)
NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", re.ASCII)
VALUE = re.compile(r"[^\W_]([\w .&/+#*-]*[\w.&/+#*])?")
# More digits Python may refuse to read.
WHOLE = re.compile(r"[0-9]{1,20}")
LONGEST = 40
UNIQUE = ("str", "int", "bigint", "decimal", "uuid", "date")
ON_DELETE = {"cascade": "CASCADE", "restrict": "RESTRICT", "null": "SET NULL"}
# Every row has these, and every model and schema these attributes.
RESERVED = frozenset(
    (
        *("id", "user", "user_id", "version", "created_at", "updated_at"),
        *("now", "dt", "str", "int", "float", "bool", "list"),
        *("construct", "copy", "dict", "fields", "from_orm", "json", "metadata", "registry"),
        *("parse_file", "parse_obj", "parse_raw", "schema", "schema_json", "validate"),
        "update_forward_refs",
    )
)
# What SQLAlchemy hands a database unquoted that needs it quoted, and what the databases keep to themselves.
UNQUOTED = frozenset(
    (
        *("collation", "concurrently", "lateral", "nothing", "returning", "tablesample"),
        *("cmax", "cmin", "ctid", "rowid", "tableoid", "xmax", "xmin"),
    )
)
# The parameters of every list.
QUERY = frozenset(("limit", "cursor", "sort", "search", "total"))


class Field(NamedTuple):
    """A field of a resource.

    Attributes:
        name: Its name, as somebody wrote it.
        kind: The name of its type.
        arguments: Numbers of the type's table entry.
        values: The values of an enum.
        target: The resource that a reference is to.
        on_delete: What happens when that row is deleted, in SQL's words.
        is_required: It has to be given, and a text must not be blank.
        is_optional: It may be null.
        is_unique: No two rows of one owner have the same.
        default: What it is when left out, as written; None where the type says it.
    """

    name: str
    kind: str
    arguments: tuple[int, ...] = ()
    values: tuple[str, ...] = ()
    target: str = ""
    on_delete: str = ""
    is_required: bool = False
    is_optional: bool = False
    is_unique: bool = False
    default: str | None = None

    @property
    def table_entry(self) -> Kind:
        """Its entry in the table; for scalars only."""
        return KINDS[self.kind]

    @property
    def is_text(self) -> bool:
        """Whether it holds words."""
        return self.kind in ("str", "text")

    def words(self) -> str:
        """What somebody writes to get this field."""
        inside = (
            *map(str, self.arguments),
            *self.values,
            self.target,
            self._on_delete_word() if self.kind == REF else "",
        )
        shown = ",".join(word for word in inside if word)
        arguments = f"({shown})" if shown else ""
        mark = "!" if self.is_required else "?" if self.is_optional else ""
        unique = "@unique" if self.is_unique else ""
        default = "" if self.default is None else f"={self.default}"
        return f"{self.name}:{self.kind}{arguments}{mark}{unique}{default}"

    def _on_delete_word(self) -> str:
        return next((word for word, sql in ON_DELETE.items() if sql == self.on_delete), "")


def parse(word: str) -> Field:
    """The field that a word describes.

    Raises:
        ConfigError: If it describes none.
    """
    match = FIELD.fullmatch(word)
    if match is None:
        raise ConfigError(
            f"{word!r} is no field", hint="write name:type, such as due:date? or title:str(200)!"
        )
    name, kind, inside = match["name"], match["kind"], match["arguments"] or ""
    if kind in COLLECTIONS:
        kind, inside = f"{kind}({inside.strip()})", ""
    problem = name_problem(name)
    if problem:
        raise ConfigError(
            f"{name!r} cannot be the name of a field: {problem}", hint=_name_hint(name)
        )
    if kind not in KINDS and kind not in SPECIAL:
        raise ConfigError(f"{word}: there is no type {kind!r}", hint=nearest_kind(kind))
    arguments = [part.strip() for part in inside.split(",")]
    marks = match["marks"]
    if marks not in ("", "!", "?"):
        raise ConfigError(f"{word}: {marks} contradicts itself", hint="one of ! and ?, or neither")
    field = Field(
        name,
        kind,
        is_required=marks == "!",
        is_optional=marks == "?",
        is_unique=bool(match["unique"]),
        default=match["default"],
    )
    made = _with_arguments(field, [part for part in arguments if part], word)
    _check(made, word)
    return made


def name_problem(name: str) -> str:
    """Why a name cannot be a field's, or an empty string."""
    if not NAME.fullmatch(name):
        return "lower case words with single underscores are"
    if len(name) > LONGEST:
        return f"it is longer than {LONGEST} characters"
    if keyword.iskeyword(name) or name in ("self", "cls"):
        return "it is a word of the Python language"
    if name == "l":
        return "it reads like a 1"
    if name in UNQUOTED:
        return "it is a word of SQL"
    if name in RESERVED or name.startswith("model_"):
        return "every row or model has one of that name"
    return ""


def nearest_kind(kind: str) -> str:
    """What somebody may have meant by a type, or all there are."""
    from difflib import get_close_matches

    known = [*KINDS, *SPECIAL]
    if kind.lower() in OTHER_WORDS:
        return f"did you mean {OTHER_WORDS[kind.lower()]}?"
    near = get_close_matches(kind.lower(), known, n=1)
    return f"did you mean {near[0]}?" if near else f"there are: {', '.join(known)}"


def _name_hint(name: str) -> str:
    near = re.sub(r"[^a-z0-9]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()).strip(
        "_"
    )
    return f"such as {near}" if near != name and not name_problem(near) else "choose another name"


def _with_arguments(field: Field, arguments: list[str], word: str) -> Field:
    if field.kind == ENUM:
        return field._replace(values=_values(arguments, word))
    if field.kind in (REF, MANY):
        return _reference(field, arguments, word)
    defaults, limits = field.table_entry.arguments, field.table_entry.limits
    if len(arguments) > len(defaults):
        raise ConfigError(
            f"{word}: {field.kind} takes {len(defaults) or 'no'} argument(s)",
            hint=field.table_entry.about,
        )
    numbers = list(defaults)
    for index, (text, (least, most)) in enumerate(zip(arguments, limits, strict=False)):
        if not WHOLE.fullmatch(text) or not least <= int(text) <= most:
            raise ConfigError(
                f"{word}: {text!r} is no whole number from {least} to {most}",
                hint=field.table_entry.about,
            )
        numbers[index] = int(text)
    if field.kind == "decimal" and numbers[1] > numbers[0]:
        raise ConfigError(
            f"{word}: of {numbers[0]} digits {numbers[1]} cannot stand behind the point",
            hint="such as decimal(12,2)",
        )
    return field._replace(arguments=tuple(numbers))


def _values(arguments: Iterable[str], word: str) -> tuple[str, ...]:
    values = tuple(arguments)
    for value in values:
        if not VALUE.fullmatch(value) or len(value) > LONGEST:
            raise ConfigError(
                f"{word}: {value!r} cannot be a value",
                hint="letters and numbers, such as in-progress",
            )
    if len(values) < 2 or len(set(values)) < len(values):
        raise ConfigError(
            f"{word}: an enum has at least two values, all different", hint=SPECIAL[ENUM]
        )
    return values


def _reference(field: Field, arguments: list[str], word: str) -> Field:
    target, *rest = arguments or [""]
    if not NAME.fullmatch(target) or len(rest) > 1 or (rest and field.kind == MANY):
        raise ConfigError(f"{word}: it names no resource", hint=SPECIAL[field.kind])
    if field.kind == MANY:
        return field._replace(target=target, on_delete="CASCADE")
    on_delete = rest[0] if rest else "null" if field.is_optional else "cascade"
    if on_delete not in ON_DELETE:
        raise ConfigError(
            f"{word}: {on_delete!r} is not what can happen", hint=f"one of {', '.join(ON_DELETE)}"
        )
    return field._replace(target=target, on_delete=ON_DELETE[on_delete])


def _check(field: Field, word: str) -> None:
    if field.on_delete == "SET NULL" and not field.is_optional:
        raise ConfigError(f"{word}: it is set to null, but may not be", hint="write ? at its end")
    if field.kind == MANY and (field.is_required or field.is_optional or field.is_unique):
        raise ConfigError(f"{word}: many(...) takes no marks", hint="it may always be empty")
    if field.is_unique and field.kind not in UNIQUE:
        raise ConfigError(f"{word}: a {field.kind} cannot be unique", hint="leave out @unique")
    _check_default(field, word)
    is_filter = field.kind == ENUM or (field.kind in KINDS and field.table_entry.filtered)
    if field.name in QUERY and is_filter:
        raise ConfigError(
            f"{word}: lists have a parameter of that name already", hint="choose another name"
        )


def _check_default(field: Field, word: str) -> None:
    if field.default is None:
        return
    if field.is_required or field.is_unique:
        mark = "!" if field.is_required else "@unique"
        raise ConfigError(f"{word}: {mark} and a default contradict each other", hint="one of them")
    if field.kind not in defaults.KINDS:
        raise ConfigError(
            f"{word}: a {field.kind} takes no default", hint="leave out what follows ="
        )
    if not defaults.literal(field.kind, field.arguments, field.default):
        raise ConfigError(
            f"{word}: {field.default!r} cannot be its default",
            hint=field.table_entry.about,
        )
