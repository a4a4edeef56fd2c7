"""What the names in a program's annotations stand for: enums, other names of types, classes with fields."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Mapping

from devtool.scaffold.columns import Names

ENUMS = {"Enum", "StrEnum", "IntEnum"}


def names(modules: Mapping[str, ast.Module], classes: Collection[str]) -> Names:
    """What the names in annotations stand for."""
    enums: dict[str, tuple[tuple[str, str], ...]] = {}
    aliases: dict[str, ast.expr] = {}
    for module in modules.values():
        for node in module.body:
            if isinstance(node, ast.ClassDef) and ENUMS & set(map(last, node.bases)):
                enums[node.name] = tuple(_members(node))
            elif alias := _alias(node):
                aliases[alias[0]] = alias[1]
    return Names(frozenset(classes), enums, aliases)


def _members(node: ast.ClassDef) -> Iterator[tuple[str, str]]:
    """The members of an enum with the text that stands for each: its value, or else its name."""
    is_text = "StrEnum" in map(last, node.bases)
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


def last(node: ast.expr) -> str:
    """`Task` of `models.Task[int]`."""
    return ast.unparse(node).partition("[")[0].rpartition(".")[2]
