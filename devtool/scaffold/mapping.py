"""The things of a console program as resources of an API: which word of the generator says each field."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from devtool.errors import ConfigError
from devtool.model.detection import Note
from devtool.scaffold.entities import Entity, Field, Reading

# Every row has these, filled in by the API.
OWN = {"id", "uuid", "created_at", "updated_at", "created", "updated"}
# What rows have beside them, under names that no field can have.
RESERVED = {"user", "user_id", "version"}
LONG_TEXTS = {"body", "comment", "content", "description", "details", "note", "notes", "text"}
LONGEST_LINE = 200
LONGEST_TEXT = 10_000
MOST_LINE = 4000
VALUE = re.compile(r"[a-z][a-z0-9]*([_-][a-z0-9]+)*", re.ASCII)
# What the feature `tasks` has: an entity of that name and no more is that feature.
TASK_FEATURE = {"title", "description", "completed"}
TASK_NAMES = {"done": "completed", "is_done": "completed", "is_completed": "completed"}


class MappedField(NamedTuple):
    """One field and the word that says it.

    Attributes:
        name: The field of the class.
        api: Its name in requests and answers.
        word: How the generator is asked for it, such as `due:date?`; empty for the feature `tasks`.
        kind: What it holds, as in `columns.Column`.
        values: The texts of an enum.
        of: The entity of a reference.
    """

    name: str
    api: str
    word: str
    kind: str
    values: tuple[str, ...] = ()
    of: str = ""


class Mapped(NamedTuple):
    """One entity and the resource it becomes.

    Attributes:
        entity: The class.
        resource: The name of the resource, such as `Item`; `Task` with no words is the feature.
        fields: Its fields, in order.
        is_feature: Whether devtool's own feature `tasks` is what it becomes.
        notes: What is different afterwards, each with its place.
    """

    entity: Entity
    resource: str
    fields: tuple[MappedField, ...]
    is_feature: bool
    notes: tuple[Note, ...]

    @property
    def words(self) -> tuple[str, ...]:
        """What the generator is asked for."""
        return tuple(field.word for field in self.fields)


def mapped(reading: Reading, *, taken: Collection[str] = ()) -> tuple[Mapped, ...]:
    """Every entity as a resource, each after those it refers to. Pure.

    Args:
        reading: What was read.
        taken: Names of resources that are something else already.

    Raises:
        ConfigError: If a field cannot have its name or its type there, or entities refer to one
            another in a circle.
    """
    names = {entity.name: resource_name(entity, taken) for entity in reading.entities}
    return tuple(_entity(entity, names) for entity in _ordered(reading.entities))


def resource_name(entity: Entity, taken: Collection[str]) -> str:
    """What an entity is called in the API."""
    own = entity.name[:1].upper() + entity.name[1:]
    if own in taken or (own == "Task" and not is_task(entity)):
        return f"{own}Item"
    return own


def is_task(entity: Entity) -> bool:
    """Whether an entity is what devtool's feature `tasks` is, and no more."""
    names = {TASK_NAMES.get(field.name, field.name): field for field in entity.fields}
    rest = names.keys() - OWN - {"version"}
    kinds = {"title": "str", "description": "str", "completed": "bool"}
    return (
        entity.name == "Task"
        and "title" in rest
        and rest <= TASK_FEATURE
        and all(names[name].column.kind == kinds[name] for name in rest)
    )


def _entity(entity: Entity, names: Mapping[str, str]) -> Mapped:
    is_feature = names[entity.name] == "Task" and is_task(entity)
    notes: list[Note] = []
    fields = []
    for field in entity.fields:
        if field.name in OWN:
            if field.name == "uuid" or field.column.kind not in ("int", "datetime", "date"):
                notes.append(_note(entity, field, "rows of the API have numbers of their own"))
            continue
        fields.append(_feature_field(field) if is_feature else _field(entity, field, names, notes))
    if entity.name == "Task" and not is_feature:
        notes.append(
            Note(
                text=f"Task becomes {names['Task']}: devtool's own tasks have no"
                f" {', '.join(sorted({f.name for f in fields} - TASK_FEATURE))};"
                " skip these fields to become the feature tasks",
                path=entity.path,
                line=entity.line,
            )
        )
    if not fields:
        raise ConfigError(
            f"{entity.path}:{entity.line} {entity.name} has no field but its key",
            hint="leave it out: name the others with --entity",
        )
    return Mapped(entity, names[entity.name], tuple(fields), is_feature, tuple(notes))


def _feature_field(field: Field) -> MappedField:
    return MappedField(field.name, TASK_NAMES.get(field.name, field.name), "", field.column.kind)


def _field(
    entity: Entity, field: Field, names: Mapping[str, str], notes: list[Note]
) -> MappedField:
    if field.name in RESERVED:
        raise ConfigError(
            f"{entity.path}:{field.line} {entity.name}.{field.name}: every row has one of that name",
            hint=f"rename it, or pass --skip-field {entity.name}.{field.name}",
        )
    kind, column = field.column.kind, field.column
    target = _reference(field, names)
    if target:
        name = field.name.removesuffix("_id")
        mark = "?" if column.is_optional or target == names[entity.name] else "!"
        word = f"{name}:ref({_snake(target)}){mark}"
        return MappedField(field.name, f"{name}_id", word, "ref", of=target)
    if kind == "many":
        of = names[column.of]
        word = f"{field.name}:many({_snake(of)})"
        return MappedField(field.name, f"{_singular(field.name)}_ids", word, "many", of=of)
    if kind == "enum":
        return _enum(entity, field, notes)
    return MappedField(
        field.name, field.name, f"{field.name}:{_scalar(entity, field, notes)}", kind
    )


def _reference(field: Field, names: Mapping[str, str]) -> str:
    """The resource that a field refers to: by its type, or a number called like one."""
    if field.column.kind == "ref":
        return names[field.column.of]
    if field.column.kind == "int" and field.name.endswith("_id"):
        wanted = field.name.removesuffix("_id").replace("_", "")
        return next((api for name, api in names.items() if name.lower() == wanted), "")
    return ""


def _enum(entity: Entity, field: Field, notes: list[Note]) -> MappedField:
    values = list(field.column.values)
    default = json.loads(field.default) if field.default else None
    if default in values:
        values.insert(0, values.pop(values.index(default)))
    mark = "?" if field.column.is_optional else "!" if field.is_required else ""
    if all(VALUE.fullmatch(value) for value in values):
        word = f"{field.name}:enum({','.join(values)}){mark}"
        return MappedField(field.name, field.name, word, "enum", tuple(values))
    notes.append(_note(entity, field, f"any text is taken, not only {', '.join(values)}"))
    word = f"{field.name}:str({LONGEST_LINE}){mark}"
    return MappedField(field.name, field.name, word, "str", tuple(values))


def _scalar(entity: Entity, field: Field, notes: list[Note]) -> str:
    kind = field.column.kind
    if kind == "json":
        raise ConfigError(
            f"{entity.path}:{field.line} {entity.name}.{field.name}: {field.annotation}"
            " is a list or table, which is no column of a resource",
            hint=f"make it a class of its own, or pass --skip-field {entity.name}.{field.name}",
        )
    if kind == "str":
        return _text(field)
    if field.column.is_optional or not field.is_required:
        return _defaulted(entity, field, notes)
    return f"{kind}!"


def _text(field: Field) -> str:
    longest = field.column.longest
    is_long = (field.name in LONG_TEXTS and not longest) or longest > MOST_LINE
    kind = f"text({longest or LONGEST_TEXT})" if is_long else f"str({longest or LONGEST_LINE})"
    return kind + ("?" if field.column.is_optional else "!" if field.is_required else "")


def _defaulted(entity: Entity, field: Field, notes: list[Note]) -> str:
    kind = field.column.kind
    if kind == "bool" and field.default in ("false", ""):
        return "bool?" if field.column.is_optional else "bool"
    if field.default and field.default != "null":
        notes.append(
            _note(entity, field, f"null when left out, where the class says {field.default}")
        )
    return f"{kind}?"


def _note(entity: Entity, field: Field, text: str) -> Note:
    return Note(text=f"{entity.name}.{field.name}: {text}", path=entity.path, line=field.line)


def _ordered(entities: Iterable[Entity]) -> list[Entity]:
    """Each after those that its fields hold.

    Raises:
        ConfigError: If there is a circle.
    """
    left = {entity.name: entity for entity in entities}
    done: list[Entity] = []
    while left:
        ready = [
            entity for entity in left.values() if not _holds(entity) & (left.keys() - {entity.name})
        ]
        if not ready:
            raise ConfigError(
                f"{' and '.join(left)} hold one another",
                hint="leave one of the fields out with --skip-field",
            )
        done += [left.pop(entity.name) for entity in ready]
    return done


def _holds(entity: Entity) -> set[str]:
    held = {field.column.of for field in entity.fields if field.column.of}
    ids = {field.name.removesuffix("_id") for field in entity.fields if field.name.endswith("_id")}
    return held | {_pascal(name) for name in ids}


def _pascal(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def _singular(name: str) -> str:
    return f"{name[:-3]}y" if name.endswith("ies") else name.removesuffix("s")
