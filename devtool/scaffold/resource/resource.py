"""A resource and what it refers to. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from devtool.scaffold.resource import names
from devtool.scaffold.resource.fields import Field
from devtool.scaffold.resource.kinds import MANY, REF


class Target(NamedTuple):
    """A table of a project.

    Attributes:
        name: What it is called in `ref(...)`.
        table: Its name in the database.
        id_type: `int` or `str`; empty where it has no id that others could refer to it by.
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


def column_of(field: Field) -> str:
    """The name that a field has in the database and in JSON."""
    if field.kind == REF:
        return f"{field.name}_id"
    return ids_name(field.name, field.target) if field.kind == MANY else field.name


def ids_name(name: str, target: str) -> str:
    """What the ids of many are called: `tag_ids` for tags."""
    of_target = names.plural(target)
    if name == of_target or name.endswith(f"_{of_target}"):
        return f"{name.removesuffix(of_target)}{target}_ids"
    return f"{names.singular(name)}_ids"
