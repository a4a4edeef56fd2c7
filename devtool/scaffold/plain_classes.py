"""Classes without a decorator, whose `__init__` keeps what it is given: their fields as declarations.

`def __init__(self, title: str, done: bool = False)` with `self.title = title` in it declares what
`title: str` does in a dataclass. What nothing says the type of is declared as `...`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple

Function = ast.FunctionDef | ast.AsyncFunctionDef
PLAIN_BASES = {"object", "ABC"}
CONVERTERS = {"int", "float", "str", "bool"}
MOMENTS = {"now": "datetime", "utcnow": "datetime", "today": "date"}


class Declared(NamedTuple):
    """A field that an `__init__` fills.

    Attributes:
        statement: Its declaration, as a dataclass would have it.
        is_given: Whether the constructor takes it under its own name.
    """

    statement: ast.AnnAssign
    is_given: bool


class _Parameter(NamedTuple):
    annotation: ast.expr | None
    default: ast.expr | None


def declared(node: ast.ClassDef) -> list[Declared]:
    """The fields of a class; none where it is of another kind, or keeps nothing it is given."""
    init = next((f for f in node.body if isinstance(f, Function) and f.name == "__init__"), None)
    bases = {ast.unparse(base).rpartition(".")[2] for base in node.bases}
    if node.decorator_list or init is None or bases - PLAIN_BASES:
        return []
    given = _parameters(init.args)
    fields = {each.statement.target.id: each for each in _kept(init, given)}  # type: ignore[union-attr]
    return list(fields.values()) if any(each.is_given for each in fields.values()) else []


def is_untyped(annotation: ast.expr) -> bool:
    """Whether nothing says what a field holds."""
    return isinstance(annotation, ast.Constant) and annotation.value is Ellipsis


def _parameters(arguments: ast.arguments) -> dict[str, _Parameter]:
    positional = [*arguments.posonlyargs, *arguments.args][1:]
    count = len(positional) - len(arguments.defaults)
    defaults: list[ast.expr | None] = [*[None] * max(count, 0), *arguments.defaults]
    pairs = [
        *zip(positional, defaults[-len(positional) :] if positional else [], strict=True),
        *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
    ]
    return {arg.arg: _Parameter(arg.annotation, default) for arg, default in pairs}


def _kept(init: Function, given: dict[str, _Parameter]) -> Iterator[Declared]:
    """Each `self.name = ...` that is a parameter, or that a constant or an annotation tells of."""
    for node in init.body:
        match node:
            case ast.Assign(
                targets=[ast.Attribute(value=ast.Name(id="self"), attr=name)], value=value
            ):
                yield from _field(node, name, None, value, given)
            case ast.AnnAssign(
                target=ast.Attribute(value=ast.Name(id="self"), attr=name),
                annotation=annotation,
                value=value,
            ):
                yield from _field(node, name, annotation, value, given)


def _field(
    node: ast.stmt,
    name: str,
    annotation: ast.expr | None,
    value: ast.expr | None,
    given: dict[str, _Parameter],
) -> Iterator[Declared]:
    named = {part.id for part in ast.walk(value) if isinstance(part, ast.Name)} if value else set()
    sources = sorted(named & given.keys())
    if len(sources) == 1:
        public = name.lstrip("_") if name.lstrip("_") == sources[0] else name
        source = given[sources[0]]
        kind = annotation or source.annotation or _type(value) or _type(source.default)
        yield _declared(node, public, kind, source.default, is_given=public == sources[0])
    elif not sources and not name.startswith("_"):
        kind = annotation or _type(value)
        if kind is not None:
            yield _declared(node, name, kind, value, is_given=False)


def _declared(
    node: ast.stmt, name: str, kind: ast.expr | None, default: ast.expr | None, *, is_given: bool
) -> Declared:
    statement = ast.AnnAssign(
        target=ast.Name(id=name, ctx=ast.Store()),
        annotation=kind or ast.Constant(value=Ellipsis),
        value=default,
        simple=1,
        lineno=node.lineno,
        col_offset=0,
    )
    return Declared(statement, is_given)


def _type(value: ast.expr | None) -> ast.expr | None:
    """The type that a value shows by itself: a constant, a conversion or a moment."""
    match value:
        case ast.Constant(value=bool() | int() | float() | str() as held):
            return ast.Name(id=type(held).__name__, ctx=ast.Load())
        case ast.Call(func=ast.Name(id=called)) if called in CONVERTERS:
            return ast.Name(id=called, ctx=ast.Load())
        case ast.Call(func=ast.Attribute(attr=called)) if called in MOMENTS:
            return ast.Name(id=MOMENTS[called], ctx=ast.Load())
    return None
