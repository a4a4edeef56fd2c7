"""The things a program is about, read from its source and never imported.

Dataclasses, attrs and pydantic classes, named tuples, typed dicts, and classes whose `__init__` keeps
what it is given become entities; classes and modules with at least two of the verbs create, list, get, update and delete manage them. Whatever has
no column is refused by name, with its place: nothing is guessed.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from devtool.errors import ConfigError, UndetectedError
from devtool.model.detection import Note
from devtool.scaffold import bounds, columns, homes, meanings, plain_classes, sources
from devtool.scaffold.columns import Column, Names
from devtool.scaffold.homes import Home
from devtool.scaffold.managers import LEAST_VERBS, Function, Manager, Verb, managers_of, verb_of
from devtool.scaffold.resource.names import snake

DECORATORS = {
    "dataclass": "dataclass",
    "define": "attrs class",
    "frozen": "attrs class",
    "mutable": "attrs class",
    "attrs": "attrs class",
    "s": "attrs class",
}
BASES = {"BaseModel": "pydantic model", "NamedTuple": "named tuple", "TypedDict": "typed dict"}
KEYS = ("id", "uuid")
PLAIN = "class"
MAKERS = {"__init__", "__post_init__", "__attrs_post_init__", "__new__", "__setattr__"}
CHECKING = {"check", "ensure", "normalize", "validate"}
NO_FIELDS = {"ClassVar", "InitVar", "KW_ONLY"}
NOT_KEPT = "nothing keeps it, and it has no id"
NO_CLASS = "give each thing a class with typed fields, such as a dataclass; then evolve"


class Field(NamedTuple):
    """One field of an entity.

    Attributes:
        name: Its name.
        column: What it holds.
        line: Where it is declared.
        is_required: Whether whoever creates one has to give it.
        default: Its default as JSON text, `now` for the moment of creation, or an empty string.
        annotation: Its type as written.
        is_given: Whether the class's constructor takes it.
    """

    name: str
    column: Column
    line: int
    is_required: bool
    default: str
    annotation: str
    is_given: bool = True


class Entity(NamedTuple):
    """A thing that the program is about.

    Attributes:
        name: The class.
        path: Its file, from the project's root.
        line: Where it begins.
        kind: What kind of class it is.
        fields: Its fields, the key among them.
        methods: Its own methods, to be ported by hand where they are wanted.
        why: Why it is taken for an entity.
        bounded: Fields whose values the class checks; `*` where it may be any.
    """

    name: str
    path: str
    line: int
    kind: str
    fields: tuple[Field, ...]
    methods: tuple[str, ...]
    why: str
    bounded: frozenset[str] = frozenset()

    @property
    def key(self) -> Field | None:
        """The field that tells one from another, or None."""
        names = _keys(self.name)
        return next((field for field in self.fields if field.name in names), None)


class Reading(NamedTuple):
    """What a program is about.

    Attributes:
        entities: The things, in the order of files and lines.
        managers: What keeps them.
        left_out: Classes that are no entities, with the reason.
        skipped: Fields left out because they were asked to be.
        starting: Files that start the program when they are imported.
        home: The folder that its modules are imported from.
    """

    entities: tuple[Entity, ...]
    managers: tuple[Manager, ...]
    left_out: tuple[Note, ...]
    skipped: tuple[Note, ...]
    starting: frozenset[str] = frozenset()
    home: Home = Home()


class _Class(NamedTuple):
    node: ast.ClassDef
    path: str
    kind: str


def read(
    root: str | Path,
    files: Iterable[str] = (),
    *,
    only: Collection[str] = (),
    skip: Collection[str] = (),
) -> Reading:
    """The entities and managers of a program.

    Args:
        root: The project's folder.
        files: The files to read, from the root; those of the program when empty.
        only: Names of the entities to take; those that a manager keeps, or that have a key, when
            empty.
        skip: Fields to leave out, such as `Task.callback`.

    Raises:
        UndetectedError: If there is no entity.
        ConfigError: If a field has no column type and is not skipped, a file does not parse, or a
            name is unknown or stands for two classes.
    """
    place = Path(root)
    modules, broken = sources.modules(place, files)
    classes = _classes(modules)
    names = meanings.names(modules, classes)
    managers = _managers(modules, classes)
    bases = {meanings.last(base) for found in classes.values() for base in found.node.bases}
    bases &= classes.keys()
    unmade = bases - sources.called(modules) if bases else bases
    taken, left_out = _taken(classes, managers, only, unmade)
    wanted = frozenset(skip)
    refused: list[tuple[Note, str]] = []
    skipped: list[Note] = []
    used: set[str] = set()
    entities = []
    for name, why in taken.items():
        found = classes[name]
        fields: list[Field] = []
        for path, statement in _statements(found, classes):
            label = f"{name}.{ast.unparse(statement.target)}"
            untyped = plain_classes.is_untyped(statement.annotation)
            said = " has no type" if untyped else f": {ast.unparse(statement.annotation)}"
            note = Note(text=f"{label}{said}", path=path, line=statement.lineno)
            column = columns.column(statement.annotation, statement.value, names)
            if label in wanted:
                skipped.append(note)
                used.add(label)
            elif column is None:
                refused.append((note, columns.way_out(statement.annotation)))
            else:
                is_given = label.rpartition(".")[2] not in _unasked(found)
                field = _field(statement, column, names, found.kind)
                fields.append(field._replace(is_given=is_given))
        bounded = _bounded(found, classes)
        entities.append(_entity(name, found, tuple(fields), why)._replace(bounded=bounded))
    _refuse(refused, wanted - used)
    kept = tuple(manager for manager in managers if manager.entity in taken)
    told = {entity.path for entity in entities} | {manager.path for manager in kept}
    starting = {path for path in told if sources.runs_when_imported(modules[path])}
    return Reading(
        tuple(entities),
        kept,
        (*left_out, *broken),
        tuple(skipped),
        frozenset(starting),
        homes.home(place, modules, told),
    )


def _classes(modules: Mapping[str, ast.Module]) -> dict[str, _Class]:
    """Every class that holds fields, by its name."""
    found: dict[str, _Class] = {}
    twice: dict[str, Note] = {}
    for path, module in modules.items():
        for node in module.body:
            if not isinstance(node, ast.ClassDef):
                continue
            kind = _kind(node, found) or (PLAIN if _is_plain(node) else "")
            if kind and node.name in found:
                twice[node.name] = Note(text=f"{node.name} again", path=path, line=node.lineno)
            elif kind:
                found[node.name] = _Class(node, path, kind)
    if twice:
        name, note = next(iter(twice.items()))
        raise ConfigError(
            f"{name} is defined in {found[name].path} and in {note.path}",
            hint="name the file to read with --from",
            notes=tuple(twice.values()),
        )
    return found


def _kind(node: ast.ClassDef, known: Mapping[str, _Class]) -> str:
    """What kind of class holds fields, or an empty string."""
    for decorator in node.decorator_list:
        name = meanings.last(decorator.func if isinstance(decorator, ast.Call) else decorator)
        if name in DECORATORS:
            return DECORATORS[name]
    for base in node.bases:
        name = meanings.last(base)
        if name in BASES:
            return BASES[name]
        if name in known:
            return known[name].kind
    return ""


def _is_plain(node: ast.ClassDef) -> bool:
    """Whether a class without a decorator holds fields, and does not keep others by its methods."""
    verbs = {verb_of(item.name) for item in node.body if isinstance(item, Function)}
    return len(verbs - {Verb.CUSTOM}) < LEAST_VERBS and bool(plain_classes.declared(node))


def _managers(
    modules: Mapping[str, ast.Module], classes: Mapping[str, _Class]
) -> tuple[Manager, ...]:
    """What keeps the classes; plain ones only where nothing else is kept there."""
    declared = frozenset(name for name, found in classes.items() if found.kind != PLAIN)
    first = managers_of(modules, declared)
    rest = managers_of(modules, frozenset(classes.keys()) - declared)
    known = {(manager.path, manager.name) for manager in first}
    return (*first, *(item for item in rest if (item.path, item.name) not in known))


def _keys(entity: str) -> tuple[str, ...]:
    return (*KEYS, f"{snake(entity)}_id")


def _taken(
    classes: Mapping[str, _Class],
    managers: Iterable[Manager],
    only: Collection[str],
    bases: Collection[str],
) -> tuple[dict[str, str], list[Note]]:
    """The classes that are entities with the reason, and what the others lack."""
    unknown = sorted(set(only) - set(classes))
    if unknown:
        raise ConfigError(
            f"there is no class {unknown[0]} with fields", hint=f"there are: {', '.join(classes)}"
        )
    kept = {manager.entity: f"{manager.name} keeps it" for manager in managers}
    taken: dict[str, str] = {}
    for name, found in classes.items():
        if only:
            why = "it is asked for" if name in only else ""
        else:
            has_key = found.kind != PLAIN and name not in bases and _has_key(name, classes)
            why = kept.get(name) or ("it has a key" if has_key else "")
        if why:
            taken[name] = why
    if not only:
        _add_parts(classes, taken)
    left_out = [
        Note(
            text=f"{name} is no entity: {'others are made of it' if name in bases else NOT_KEPT}",
            path=found.path,
            line=found.node.lineno,
        )
        for name, found in classes.items()
        if name not in taken
    ]
    if not taken:
        raise UndetectedError(
            "no entity was found: no class with fields is kept by a manager or has an id",
            hint="name the classes with --entity" if classes else NO_CLASS,
            notes=left_out,
        )
    return taken, left_out


def _has_key(name: str, classes: Mapping[str, _Class]) -> bool:
    keys = _keys(name)
    return any(ast.unparse(item.target) in keys for _, item in _statements(classes[name], classes))


def _add_parts(classes: Mapping[str, _Class], taken: dict[str, str]) -> None:
    """Take the classes, too, that fields of those taken hold."""
    waiting = list(taken)
    while waiting:
        name = waiting.pop()
        for path, statement in _statements(classes[name], classes):
            for part in columns.mentioned(statement.annotation) & classes.keys():
                if part not in taken:
                    place = f"{path}:{statement.lineno}"
                    taken[part] = f"{name} holds it at {place}"
                    waiting.append(part)


def _statements(
    found: _Class, classes: Mapping[str, _Class]
) -> Iterator[tuple[str, ast.AnnAssign]]:
    """The declarations of fields, those of base classes first; a field again replaces the first."""
    fields: dict[str, tuple[str, ast.AnnAssign]] = {}
    for base in found.node.bases:
        if meanings.last(base) in classes and meanings.last(base) != found.node.name:
            for path, inherited in _statements(classes[meanings.last(base)], classes):
                fields[ast.unparse(inherited.target)] = (path, inherited)
    for node in _own_statements(found):
        words = columns.mentioned(node.annotation)
        name = ast.unparse(node.target)
        if not name.startswith("_") and not words & NO_FIELDS:
            fields[name] = (found.path, node)
    yield from fields.values()


def _own_statements(found: _Class) -> list[ast.AnnAssign]:
    if found.kind == PLAIN:
        return [each.statement for each in plain_classes.declared(found.node)]
    statements = [
        node
        for node in found.node.body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    ]
    return [_not_required(node) for node in statements] if _is_partial(found.node) else statements


def _is_partial(node: ast.ClassDef) -> bool:
    """Whether it is a typed dict whose keys may be missing: `class Task(TypedDict, total=False)`."""
    return any(word.arg == "total" and ast.unparse(word.value) == "False" for word in node.keywords)


def _not_required(node: ast.AnnAssign) -> ast.AnnAssign:
    """A declaration with what `total=False` means for it."""
    if columns.mentioned(node.annotation) & {"Required", "NotRequired"}:
        return node
    annotation = ast.Subscript(ast.Name("NotRequired", ast.Load()), node.annotation, ast.Load())
    place = ast.copy_location(annotation, node.annotation)
    return ast.copy_location(ast.AnnAssign(node.target, place, node.value, node.simple), node)


def _unasked(found: _Class) -> set[str]:
    """The fields that the constructor does not take."""
    if found.kind == PLAIN:
        each = plain_classes.declared(found.node)
        return {ast.unparse(item.statement.target) for item in each if not item.is_given}
    return {
        ast.unparse(node.target)
        for node in _own_statements(found)
        if isinstance(node.value, ast.Call)
        and any(w.arg == "init" and ast.unparse(w.value) == "False" for w in node.value.keywords)
    }


def _field(statement: ast.AnnAssign, column: Column, names: Names, kind: str) -> Field:
    default, is_dynamic = columns.default(statement.value, names)
    has_default = bool(default) or is_dynamic or (kind == "typed dict" and column.is_optional)
    return Field(
        name=ast.unparse(statement.target),
        column=column,
        line=statement.lineno,
        is_required=not has_default,
        default="" if column.is_optional and default == "null" else default,
        annotation=ast.unparse(statement.annotation),
    )


def _bounded(found: _Class, classes: Mapping[str, _Class]) -> frozenset[str]:
    """The fields whose values the class, or one that it is made of, checks."""
    bases = [
        classes[meanings.last(base)] for base in found.node.bases if meanings.last(base) in classes
    ]
    functions = [item for item in found.node.body if isinstance(item, Function)]
    makers = [f for f in functions if f.name in MAKERS or f.decorator_list or _checks(f)]
    own = bounds.checked_fields(makers) | {
        ast.unparse(node.target)
        for node in _own_statements(found)
        if bounds.is_bounded(node, columns.CHECKED)
    }
    return frozenset(own.union(*(_bounded(base, classes) for base in bases if base != found)))


def _checks(function: Function) -> bool:
    """Whether a method has the name of one that others call to have a thing checked."""
    return any(word in CHECKING for word in function.name.split("_"))


def _entity(name: str, found: _Class, fields: tuple[Field, ...], why: str) -> Entity:
    methods = tuple(
        node.name
        for node in found.node.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and not node.name.startswith("__")
    )
    return Entity(name, found.path, found.node.lineno, found.kind, fields, methods, why)


def _refuse(refused: list[tuple[Note, str]], unused: Collection[str]) -> None:
    if unused:
        raise ConfigError(f"there is no field {min(unused)}", hint="check --skip-field")
    if refused:
        first, way_out = refused[0]
        label, colon, _ = first.text.partition(":")
        label = label.split()[0]
        problem = " has no column type" if colon else ""
        more = f", and {len(refused) - 1} more" if len(refused) > 1 else ""
        raise ConfigError(
            f"{first.path}:{first.line} {first.text}{problem}{more}",
            hint=f"{way_out}; or pass --skip-field {label}",
            notes=tuple(note for note, _ in refused),
        )
