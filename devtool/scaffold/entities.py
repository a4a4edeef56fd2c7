"""The things a program is about, read from its source and never imported.

Dataclasses, attrs and pydantic classes, named tuples and typed dicts become entities; classes and
modules with at least two of the verbs create, list, get, update and delete manage them. Whatever has
no column is refused by name, with its place: nothing is guessed.
"""

from __future__ import annotations

import ast
import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from devtool.errors import ConfigError, UndetectedError
from devtool.model.detection import Note
from devtool.scaffold import columns
from devtool.scaffold.columns import Column, Names
from devtool.scaffold.managers import Manager, managers_of

MOST_FILES = 2000
MOST_BYTES = 1_000_000
LEFT_OUT = {
    "backend",
    "build",
    "dist",
    "docs",
    "frontend",
    "node_modules",
    "site-packages",
    "test",
    "tests",
    "venv",
}
DECORATORS = {
    "dataclass": "dataclass",
    "define": "attrs class",
    "frozen": "attrs class",
    "mutable": "attrs class",
    "attrs": "attrs class",
    "s": "attrs class",
}
BASES = {"BaseModel": "pydantic model", "NamedTuple": "named tuple", "TypedDict": "typed dict"}
ENUMS = {"Enum", "StrEnum", "IntEnum"}
KEYS = ("id", "uuid")


class Field(NamedTuple):
    """One field of an entity.

    Attributes:
        name: Its name.
        column: What it holds.
        line: Where it is declared.
        is_required: Whether whoever creates one has to give it.
        default: Its default as JSON text, `now` for the moment of creation, or an empty string.
        annotation: Its type as written.
    """

    name: str
    column: Column
    line: int
    is_required: bool
    default: str
    annotation: str


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
    """

    name: str
    path: str
    line: int
    kind: str
    fields: tuple[Field, ...]
    methods: tuple[str, ...]
    why: str

    @property
    def key(self) -> Field | None:
        """The field that tells one from another, or None."""
        return next((field for field in self.fields if field.name in KEYS), None)


class Reading(NamedTuple):
    """What a program is about.

    Attributes:
        entities: The things, in the order of files and lines.
        managers: What keeps them.
        left_out: Classes that are no entities, with the reason.
        skipped: Fields left out because they were asked to be.
    """

    entities: tuple[Entity, ...]
    managers: tuple[Manager, ...]
    left_out: tuple[Note, ...]
    skipped: tuple[Note, ...]


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
    modules = {path: _parsed(place, path) for path in tuple(files) or _program(place)}
    classes = _classes(modules)
    names = _names(modules, classes)
    managers = managers_of(modules, frozenset(classes))
    taken, left_out = _taken(classes, managers, only)
    wanted = frozenset(skip)
    refused: list[tuple[Note, str]] = []
    skipped: list[Note] = []
    entities = []
    for name, why in taken.items():
        found = classes[name]
        fields: list[Field] = []
        for path, statement in _statements(found, classes):
            label = f"{name}.{statement.target.id}"  # type: ignore[union-attr]
            note = Note(
                text=f"{label}: {ast.unparse(statement.annotation)}",
                path=path,
                line=statement.lineno,
            )
            column = columns.column(statement.annotation, statement.value, names)
            if label in wanted:
                skipped.append(note)
            elif column is None:
                refused.append((note, columns.way_out(statement.annotation)))
            else:
                fields.append(_field(statement, column, names, found.kind))
        entities.append(_entity(name, found, tuple(fields), why))
    _refuse(refused, wanted - {note.text.partition(":")[0] for note in skipped})
    kept = tuple(manager for manager in managers if manager.entity in taken)
    return Reading(tuple(entities), kept, tuple(left_out), tuple(skipped))


def _program(root: Path) -> list[str]:
    """The Python files of a program: those of `src` where it has one, and no tests."""
    found: list[str] = []
    start = root / "src" if (root / "src").is_dir() else root
    for folder, names, files in os.walk(start):
        names[:] = sorted(
            name
            for name in names
            if name not in LEFT_OUT
            and not name.startswith((".", "_"))
            and not (Path(folder) / name / "pyvenv.cfg").exists()
        )
        for name in sorted(files):
            place = Path(folder) / name
            if (
                name.endswith(".py")
                and not name.startswith("test_")
                and name != "conftest.py"
                and not place.is_symlink()
            ):
                found.append(place.relative_to(root).as_posix())
    if len(found) > MOST_FILES:
        raise ConfigError(
            f"{root} has more than {MOST_FILES} Python files", hint="name the files to read"
        )
    return found


def _parsed(root: Path, path: str) -> ast.Module:
    try:
        data = (root / path).read_bytes()
    except OSError as error:
        raise ConfigError(f"{path} cannot be read ({(error.strerror or '').lower()})") from error
    if len(data) > MOST_BYTES:
        raise ConfigError(f"{path} is too large to be read")
    try:
        return ast.parse(data, path)
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", 0) or 0
        raise ConfigError(f"{path}:{line} does not parse", hint="correct it first") from error


def _classes(modules: Mapping[str, ast.Module]) -> dict[str, _Class]:
    """Every class that holds fields, by its name."""
    found: dict[str, _Class] = {}
    twice: dict[str, Note] = {}
    for path, module in modules.items():
        for node in module.body:
            if not isinstance(node, ast.ClassDef):
                continue
            kind = _kind(node, found)
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
        name = _last(decorator.func if isinstance(decorator, ast.Call) else decorator)
        if name in DECORATORS:
            return DECORATORS[name]
    for base in node.bases:
        name = _last(base)
        if name in BASES:
            return BASES[name]
        if name in known:
            return known[name].kind
    return ""


def _last(node: ast.expr) -> str:
    return ast.unparse(node).partition("[")[0].rpartition(".")[2]


def _names(modules: Mapping[str, ast.Module], classes: Collection[str]) -> Names:
    """What the names in annotations stand for."""
    enums: dict[str, tuple[tuple[str, str], ...]] = {}
    aliases: dict[str, ast.expr] = {}
    for module in modules.values():
        for node in module.body:
            if isinstance(node, ast.ClassDef) and ENUMS & set(map(_last, node.bases)):
                enums[node.name] = tuple(_members(node))
            elif alias := _alias(node):
                aliases[alias[0]] = alias[1]
    return Names(frozenset(classes), enums, aliases)


def _members(node: ast.ClassDef) -> Iterator[tuple[str, str]]:
    """The members of an enum with the text that stands for each: its value, or else its name."""
    is_text = "StrEnum" in map(_last, node.bases)
    for statement in node.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if not name.startswith("_"):
                match value:
                    case (
                        ast.Constant(value=str(text))
                        | ast.Tuple(elts=[ast.Constant(value=str(text)), *_])
                    ):
                        yield name, text
                    case ast.Call() if is_text:  # auto()
                        yield name, name.lower()
                    case _:
                        yield name, name


def _alias(node: ast.stmt) -> tuple[str, ast.expr] | None:
    match node:
        case ast.Assign(
            targets=[ast.Name(id=name)],
            value=ast.Call(func=ast.Name(id="NewType"), args=[_, meant]),
        ):
            return name, meant
        case ast.Assign(
            targets=[ast.Name(id=name)], value=ast.Name() | ast.Subscript() | ast.BinOp() as meant
        ):
            return name, meant
    if type(node).__name__ == "TypeAlias":  # the statement of Python 3.12
        return ast.unparse(node.name), node.value  # type: ignore[attr-defined]
    return None


def _taken(
    classes: Mapping[str, _Class], managers: Iterable[Manager], only: Collection[str]
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
            why = kept.get(name) or ("it has a key" if _has_key(found) else "")
        if why:
            taken[name] = why
    if not only:
        _add_parts(classes, taken)
    left_out = [
        Note(
            text=f"{name} is no entity: nothing keeps it, and it has no id",
            path=found.path,
            line=found.node.lineno,
        )
        for name, found in classes.items()
        if name not in taken
    ]
    if not taken:
        raise UndetectedError(
            "no entity was found: no class with fields is kept by a manager or has an id",
            hint="name the classes with --entity",
            notes=left_out,
        )
    return taken, left_out


def _has_key(found: _Class) -> bool:
    return any(
        isinstance(node, ast.AnnAssign)
        and isinstance(node.target, ast.Name)
        and node.target.id in KEYS
        for node in found.node.body
    )


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
        if _last(base) in classes and _last(base) != found.node.name:
            for path, inherited in _statements(classes[_last(base)], classes):
                fields[ast.unparse(inherited.target)] = (path, inherited)
    for node in found.node.body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            words = columns.mentioned(node.annotation)
            if not node.target.id.startswith("_") and not words & {
                "ClassVar",
                "InitVar",
                "KW_ONLY",
            }:
                fields[node.target.id] = (found.path, node)
    yield from fields.values()


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
        label = first.text.partition(":")[0]
        more = f", and {len(refused) - 1} more" if len(refused) > 1 else ""
        raise ConfigError(
            f"{first.path}:{first.line} {first.text} has no column type{more}",
            hint=f"{way_out}; or pass --skip-field {label}",
            notes=tuple(note for note, _ in refused),
        )
