"""The tables that a project has, read from its models without importing them. Pure."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from devtool.errors import ConfigError
from devtool.scaffold.resource.names import snake
from devtool.scaffold.resource.resource import Target

ROWS = "app.services.rows"


def read(models: Mapping[str, str], services: Mapping[str, str]) -> dict[str, Target]:
    """The tables, by the name that others refer to them with, if they can.

    Args:
        models: Module of `app.models` -> its text.
        services: Module of `app.services` -> its text.

    Raises:
        ConfigError: If a module is no Python.
    """
    found: dict[str, Target] = {}
    for module, text in sorted(models.items()):
        tells = ROWS in services.get(module, "")
        for target in _tables(module, text):
            found[target.name] = target._replace(tells_in_use=tells)
    return found


def _tables(module: str, text: str) -> Iterator[Target]:
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        raise ConfigError(
            f"backend/app/models/{module}.py: line {error.lineno} is no Python",
            hint="correct it first",
        ) from error
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and _is_table(node):
            fields = dict(_fields(node))
            id_type = "str" if "str" in fields.get("id", "") else "int"
            yield Target(
                snake(node.name),
                _table_name(node),
                id_type if "id" in fields else "",
                module,
                node.name,
                is_owned="user_id" in fields,
            )


def _is_table(node: ast.ClassDef) -> bool:
    return any(
        keyword.arg == "table" and isinstance(keyword.value, ast.Constant) and keyword.value.value
        for keyword in node.keywords
    )


def _table_name(node: ast.ClassDef) -> str:
    for statement in node.body:
        match statement:
            case (
                ast.Assign(
                    targets=[ast.Name(id="__tablename__")], value=ast.Constant(value=str(name))
                )
                | ast.AnnAssign(
                    target=ast.Name(id="__tablename__"), value=ast.Constant(value=str(name))
                )
            ):
                return name
    return node.name.lower()  # what SQLModel makes of it


def _fields(node: ast.ClassDef) -> Iterator[tuple[str, str]]:
    for statement in node.body:
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            yield statement.target.id, ast.unparse(statement.annotation)
