"""The things of a console program as resources of an API: which word of the generator says each field."""

from __future__ import annotations

import ast
import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

from devtool.errors import ConfigError
from devtool.model.detection import Note
from devtool.scaffold import columns, naming
from devtool.scaffold.entities import Entity, Field, Reading
from devtool.scaffold.managers import Verb, takes_whole
from devtool.scaffold.resource import defaults
from devtool.scaffold.resource.fields import LONGEST, VALUE
from devtool.scaffold.resource.kinds import COLLECTIONS
from devtool.scaffold.resource.names import snake
from devtool.scaffold.resource.resource import ids_name

# Every row has these, filled in by the API.
OWN = {"id", "uuid", "created_at", "updated_at", "created", "updated"}
LONG_TEXTS = {"body", "comment", "content", "description", "details", "note", "notes", "text"}
LONGEST_LINE = 200
LONGEST_TEXT = 10_000
MOST_LINE = 4000
KEY_KINDS = ("int", "str", "uuid")
CHECKED = {*columns.CHECKED, "Literal"}
# Collections that a list in JSON stands for, though it is none.
UNLIKE_LISTS = columns.SEQUENCES - {"list", "List", "Sequence", "MutableSequence", "Collection"}
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
        taken: Names that generated projects use, in lower case with underscores.

    Raises:
        ConfigError: If a field cannot have its name or its type there, or entities refer to one
            another in a circle.
    """
    other_sides = _other_sides(reading.entities)
    pairs = _tables_of_pairs(reading.entities, _names(reading.entities, taken), other_sides)
    names = _names(reading.entities, {*taken, *pairs})
    made_up = _made_up(reading)
    return tuple(
        _entity(entity, names, other_sides, made_up)
        for entity in _ordered(reading.entities, other_sides)
    )


def _made_up(reading: Reading) -> dict[tuple[str, str], str]:
    """Fields that a program fills in when it creates a thing: entity and field -> what does so."""
    found: dict[tuple[str, str], str] = {}
    given: set[tuple[str, str]] = set()
    known = {entity.name: entity for entity in reading.entities}
    for manager in reading.managers:
        entity, create = known[manager.entity], manager.method(Verb.CREATE)
        if create is None or create.asks:
            continue
        names = [field.name for field in entity.fields]
        taken = names if takes_whole(create, entity.name, names) else create.parameters
        given |= {(entity.name, name) for name in taken}
        for field in entity.fields:
            if field.is_required and not field.column.of:
                found[entity.name, field.name] = f"{manager.name}.{create.name}"
    return {label: maker for label, maker in found.items() if label not in given}


def _other_sides(entities: Iterable[Entity]) -> dict[tuple[str, str], str]:
    """Lists that say what a reference says from its other side: entity and field -> the reference."""
    known = {entity.name: entity for entity in entities}
    found: dict[tuple[str, str], str] = {}
    for entity in known.values():
        for field in entity.fields:
            if field.column.kind == "many" and field.column.of in known:
                other = known[field.column.of]
                back = next(
                    (f for f in other.fields if f is not field and _held(f, known) == entity.name),
                    None,
                )
                if back is not None and (
                    back.column.kind != "many"
                    or other.name in list(known)[: list(known).index(entity.name)]
                ):
                    found[entity.name, field.name] = f"{other.name}.{back.name}"
    return found


def _names(entities: Iterable[Entity], taken: Collection[str]) -> dict[str, str]:
    """What each entity is called in the API; those that keep their names come first."""
    found: dict[str, str] = {}
    for entity in sorted(entities, key=lambda each: resource_name(each, taken) != each.name):
        used = {*taken, *map(snake, found.values())}
        found[entity.name] = resource_name(entity, used)
    return found


def _tables_of_pairs(
    entities: Iterable[Entity],
    names: Mapping[str, str],
    other_sides: Collection[tuple[str, str]],
) -> Iterator[str]:
    """What the tables are called that say which things hold which others."""
    for entity in entities:
        for field in entity.fields:
            if field.column.kind == "many" and (entity.name, field.name) not in other_sides:
                yield f"{snake(names[entity.name])}_{naming.field_name(entity.name, field.name)}"


def _held(field: Field, known: Iterable[str]) -> str:
    """The entity that a field holds, or whose key it is by its name, or an empty string."""
    if field.column.of in known:
        return field.column.of
    wanted = field.name.removesuffix("_id").replace("_", "")
    is_key = field.column.kind in KEY_KINDS and field.name.endswith("_id")
    return next((name for name in known if is_key and name.lower() == wanted), "")


def resource_name(entity: Entity, taken: Collection[str]) -> str:
    """What an entity is called in the API."""
    if entity.name == "Task":
        return "Task" if is_task(entity) else naming.resource_name("Task", {*taken, "task"})
    return naming.resource_name(entity.name, taken)


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


def _entity(
    entity: Entity,
    names: Mapping[str, str],
    other_sides: Mapping[tuple[str, str], str],
    made_up: Mapping[tuple[str, str], str],
) -> Mapped:
    is_feature = names[entity.name] == "Task" and is_task(entity)
    notes: list[Note] = []
    fields = []
    for field in entity.fields:
        if field.name in OWN or field == entity.key:
            if field.name == "uuid" or field.column.kind not in ("int", "datetime", "date"):
                notes.append(_note(entity, field, "rows of the API have numbers of their own"))
            continue
        if back := other_sides.get((entity.name, field.name)):
            notes.append(_note(entity, field, f"{back} says it from the other side"))
            continue
        if maker := made_up.get((entity.name, field.name)):
            field = field._replace(is_required=False)  # noqa: PLW2901
            notes.append(
                _note(entity, field, f"{maker} makes it up; empty when left out in the API")
            )
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
    kind, column = field.column.kind, field.column
    target = _reference(field, names)
    if target:
        name = _called(entity, field, field.name.removesuffix("_id"), notes)
        mark = "?" if column.is_optional or target == names[entity.name] else "!"
        word = f"{name}:ref({snake(target)}){mark}"
        return MappedField(field.name, f"{name}_id", word, "ref", of=target)
    name = _called(entity, field, field.name, notes)
    if kind == "many":
        of = names[column.of]
        return MappedField(
            field.name, ids_name(name, snake(of)), f"{name}:many({snake(of)})", "many", of=of
        )
    if kind == "enum":
        return _enum(entity, field, name, notes)
    return MappedField(field.name, name, f"{name}:{_scalar(entity, field, notes)}", kind)


def _called(entity: Entity, field: Field, wanted: str, notes: list[Note]) -> str:
    """What a field is called in the API."""
    name = naming.field_name(entity.name, wanted)
    if not name:
        raise ConfigError(
            f"{entity.path}:{field.line} {entity.name}.{field.name} cannot be the name of a column",
            hint=f"rename it, or pass --skip-field {entity.name}.{field.name}",
        )
    if name != wanted:
        notes.append(_note(entity, field, f"is called {name} in the API"))
    return name


def _reference(field: Field, names: Mapping[str, str]) -> str:
    """The resource that a field refers to: by its type, or a number called like one."""
    return "" if field.column.kind == "many" else names.get(_held(field, names), "")


def _enum(entity: Entity, field: Field, name: str, notes: list[Note]) -> MappedField:
    values = list(dict.fromkeys(field.column.values))
    default = json.loads(field.default) if field.default else None
    if default in values:
        values.insert(0, values.pop(values.index(default)))
    mark = "?" if field.column.is_optional else "!" if field.is_required else ""
    if len(values) > 1 and all(VALUE.fullmatch(v) and len(v) <= LONGEST for v in values):
        word = f"{name}:enum({','.join(values)}){mark}"
        return MappedField(field.name, name, word, "enum", tuple(values))
    notes.append(_note(entity, field, f"any text is taken, not only {', '.join(values)}"))
    word = f"{name}:str({LONGEST_LINE}){mark}"
    return MappedField(field.name, name, word, "str", tuple(values))


def _scalar(entity: Entity, field: Field, notes: list[Note]) -> str:
    kind = field.column.kind
    words = columns.mentioned(ast.parse(field.annotation, mode="eval").body)
    if words & CHECKED:
        notes.append(
            _note(entity, field, f"any {kind} is taken, where the class says {field.annotation}")
        )
    if kind in COLLECTIONS:
        return _collection(entity, field, notes)
    if kind == "str":
        return _text(entity, field, notes)
    return kind + _mark(entity, field, kind, (12, 2) if kind == "decimal" else (), notes)


def _collection(entity: Entity, field: Field, notes: list[Note]) -> str:
    words = columns.mentioned(ast.parse(field.annotation, mode="eval").body)
    if words & UNLIKE_LISTS:
        notes.append(
            _note(entity, field, f"a list in the API, where the class says {field.annotation}")
        )
    if field.default not in ("", "null", "[]", "{}"):
        notes.append(
            _note(entity, field, f"empty when left out, where the class says {field.default}")
        )
    mark = "?" if field.column.is_optional else "!" if field.is_required else ""
    return f"{field.column.kind}({field.column.of}){mark}"


def _text(entity: Entity, field: Field, notes: list[Note]) -> str:
    longest = field.column.longest
    is_long = (field.name in LONG_TEXTS and not longest) or longest > MOST_LINE
    kind, most = ("text", longest or LONGEST_TEXT) if is_long else ("str", longest or LONGEST_LINE)
    if field.default == '""' or (not field.default and not field.is_required):
        return f"{kind}({most}){'?' if field.column.is_optional else ''}"
    return f"{kind}({most}){_mark(entity, field, kind, (most,), notes)}"


def _mark(
    entity: Entity, field: Field, kind: str, arguments: tuple[int, ...], notes: list[Note]
) -> str:
    """What follows a type: that it is needed, may be null, or what it is when left out."""
    if field.is_required:
        return "?" if field.column.is_optional else "!"
    if field.default in ("", "null"):
        return "?"
    value = json.loads(field.default) if field.default != "now" else "now"
    said = json.dumps(value) if isinstance(value, bool) else str(value)
    if kind in defaults.KINDS and defaults.literal(kind, arguments, said):
        optional = "?" if field.column.is_optional else ""
        return optional if kind == "bool" and said == "false" else f"{optional}={said}"
    notes.append(_note(entity, field, f"null when left out, where the class says {field.default}"))
    return "?"


def _note(entity: Entity, field: Field, text: str) -> Note:
    return Note(text=f"{entity.name}.{field.name}: {text}", path=entity.path, line=field.line)


def _ordered(
    entities: Iterable[Entity], other_sides: Mapping[tuple[str, str], str]
) -> list[Entity]:
    """Each after those that its fields hold.

    Raises:
        ConfigError: If there is a circle.
    """
    left = {entity.name: entity for entity in entities}
    held = {
        entity.name: {
            _held(field, left)
            for field in entity.fields
            if (entity.name, field.name) not in other_sides
        }
        for entity in left.values()
    }
    done: list[Entity] = []
    while left:
        ready = [
            entity
            for entity in left.values()
            if not held[entity.name] & (left.keys() - {entity.name})
        ]
        if not ready:
            raise ConfigError(
                f"{' and '.join(left)} hold one another",
                hint="leave one of the fields out with --skip-field",
            )
        done += [left.pop(entity.name) for entity in ready]
    return done
