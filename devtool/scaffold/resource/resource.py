"""A resource: what somebody asked for, checked against the project it is to live in. Pure."""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from devtool.errors import ConfigError
from devtool.scaffold.resource import fields as field_words
from devtool.scaffold.resource import names
from devtool.scaffold.resource.fields import Field
from devtool.scaffold.resource.kinds import MANY, REF

NAME = re.compile(r"[A-Z][A-Za-z0-9]*|[a-z][a-z0-9]*(_[a-z0-9]+)*", re.ASCII)
LONGEST = 40
# Modules and classes that generated code has already.
TAKEN = frozenset(
    ("app", "base", "exact", "field", "health", "idempotency", "page", "rows", "scalars", "test")
)


class Target(NamedTuple):
    """A table of a project that others can refer to.

    Attributes:
        name: What it is called in `ref(...)`.
        table: Its name in the database.
        id_type: `int` or `str`.
        module: Where its class is, from `app.models`.
        class_name: Its class.
        is_owned: Whether its rows have an owner.
        tells_in_use: Whether whoever deletes a row is told that another refers to it.
    """

    name: str
    table: str
    id_type: str
    module: str
    class_name: str
    is_owned: bool = False
    tells_in_use: bool = False


class Resource(NamedTuple):
    """A resource to generate.

    Attributes:
        name: Its name in lower case with underscores, one row's: `order_line`.
        fields: Its fields, in order.
        plural: The name of its table.
        targets: What its references are to, by name.
    """

    name: str
    fields: tuple[Field, ...]
    plural: str
    targets: Mapping[str, Target] = {}

    @property
    def class_name(self) -> str:
        """`OrderLine`."""
        return names.pascal(self.name)

    @property
    def words(self) -> str:
        """`order line`, for people."""
        return self.name.replace("_", " ")

    @property
    def path(self) -> str:
        """`order-lines`, in URLs."""
        return self.plural.replace("_", "-")

    @property
    def scalars(self) -> tuple[Field, ...]:
        """The fields that are columns, references not among them."""
        return tuple(field for field in self.fields if field.kind not in (REF, MANY))

    @property
    def references(self) -> tuple[Field, ...]:
        """The fields that refer to one row."""
        return tuple(field for field in self.fields if field.kind == REF)

    @property
    def links(self) -> tuple[Field, ...]:
        """The fields that refer to many rows."""
        return tuple(field for field in self.fields if field.kind == MANY)

    @property
    def columns(self) -> tuple[Field, ...]:
        """The fields that are columns, in order."""
        return tuple(field for field in self.fields if field.kind != MANY)

    def target(self, field: Field) -> Target:
        """What a reference is to."""
        return self.targets[field.target]

    def description(self) -> str:
        """The words it is asked for with."""
        return " ".join((self.class_name, *(field.words() for field in self.fields)))

    def as_target(self) -> Target:
        """What others refer to when they refer to it."""
        return Target(
            self.name,
            self.plural,
            "int",
            self.name,
            self.class_name,
            is_owned=True,
            tells_in_use=True,
        )


def parse(name: str, words: Iterable[str], targets: Mapping[str, Target]) -> Resource:
    """The resource that some words describe, in a project with these tables.

    Raises:
        ConfigError: If they describe none, or refer to what the project does not have.
    """
    if not NAME.fullmatch(name):
        raise ConfigError(
            f"{name!r} cannot be the name of a resource", hint="such as Invoice or OrderLine"
        )
    own = names.snake(name)
    problem = _name_problem(own, targets)
    if problem:
        raise ConfigError(
            f"{name!r} cannot be the name of a resource: {problem}", hint="choose another"
        )
    resource = Resource(own, tuple(field_words.parse(word) for word in words), names.plural(own))
    if not resource.fields:
        raise ConfigError(f"{name} has no fields", hint="such as title:str(200)! due:date?")
    _check_fields(resource)
    known = {**targets, own: resource.as_target()}
    wanted = [field for field in resource.fields if field.target]
    for field in wanted:
        _check_target(field, own, known)
    return resource._replace(targets={field.target: known[field.target] for field in wanted})


def _name_problem(own: str, targets: Mapping[str, Target]) -> str:
    if len(own) > LONGEST:
        return f"it is longer than {LONGEST} characters"
    if own in targets:
        return "the project has one of that name"
    reserved = keyword.iskeyword(own) or keyword.issoftkeyword(own) or hasattr(builtins, own)
    if reserved or keyword.iskeyword(names.pascal(own)) or hasattr(builtins, names.pascal(own)):
        return "it is a word of the Python language"
    if own in TAKEN or names.plural(own) in {target.table for target in targets.values()}:
        return "generated projects use it"
    return ""


def _check_fields(resource: Resource) -> None:
    """Refuse two fields that would be one column or attribute."""
    seen: dict[str, str] = {}
    for field in resource.fields:
        for column in {field.name, column_of(field)}:
            if column in seen:
                raise ConfigError(
                    f"{seen[column]} and {field.words()} have one name", hint="rename one of them"
                )
            seen[column] = field.words()
        if column_of(field) in field_words.RESERVED:
            raise ConfigError(
                f"{field.words()}: every row has {column_of(field)}, its owner", hint="rename it"
            )


def column_of(field: Field) -> str:
    """The name that a field has in the database and in JSON."""
    if field.kind == REF:
        return f"{field.name}_id"
    return f"{singular(field.name)}_ids" if field.kind == MANY else field.name


def singular(name: str) -> str:
    """`tags` as `tag`, `categories` as `category`."""
    for one, many in names.IRREGULAR.items():
        if name.endswith(many):
            return name.removesuffix(many) + one
    if name.endswith("ies"):
        return f"{name[:-3]}y"
    if re.search(r"(s|x|z|ch|sh)es$", name):
        return name[:-2]
    return name[:-1] if name.endswith("s") and not name.endswith("ss") else name


def _check_target(field: Field, own: str, known: Mapping[str, Target]) -> None:
    target = known.get(field.target)
    if target is None:
        raise ConfigError(
            f"{field.words()}: the project has no {field.target}", hint=_way_to(field.target, known)
        )
    if field.on_delete == "RESTRICT" and not target.tells_in_use:
        raise ConfigError(
            f"{field.words()}: deleting a {target.name} would fail without an answer for the caller",
            hint="use cascade, or null with ? at its end",
        )
    if field.target == own and field.kind == REF and not field.is_optional:
        raise ConfigError(
            f"{field.words()}: the first {own} could refer to nothing", hint="write ? at its end"
        )


def _way_to(name: str, known: Iterable[str]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, list(known), n=1)
    if near:
        return f"did you mean {near[0]}?"
    return f"first: devtool generate resource {names.pascal(name)} name:str(100)!"
