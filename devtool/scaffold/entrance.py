"""Where an application is put together: the lines that wire something new into it, or the reason why not.

Reads the source; what cannot be found surely is told as lines for the user, and nothing is edited.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import NamedTuple

from devtool.scaffold import wiring
from devtool.scaffold.wiring import Name

FRAMEWORK = "FastAPI"
# What functions that make an application are called, here or in another module.
FACTORY = re.compile(r"([a-z_]\w*\.)*_?[a-z]\w*_app(lication)?\w*|app_factory")
Function = ast.FunctionDef | ast.AsyncFunctionDef


class Wired(NamedTuple):
    """An application's source with a call in it, or why it has none.

    Attributes:
        text: The whole source afterwards, or an empty string.
        why: Why its place is not sure.
    """

    text: str
    why: str = ""


def wire(source: str, attribute: str, module: str, function: str) -> Wired:
    """The source with `function(app)` called once everything else is in the application.

    Args:
        source: The file that makes the application.
        attribute: What the application, or the function that makes it, is called there.
        module: What the function is imported from.
        function: The function.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return Wired("", "the file does not parse")
    if any(isinstance(node, ast.Name) and node.id == function for node in ast.walk(tree)):
        return Wired(source)
    maker = _maker(tree)
    place = _module_place(tree, attribute, maker) or _factory_place(tree, attribute, maker)
    if isinstance(place, str):
        return Wired("", place)
    if place is None:
        return Wired("", f"{attribute} is not made there by one plain call")
    after, indent, name = place
    lines = source.split("\n")
    call = f"{' ' * indent}{function}({name})"
    gap = [""] if _needs_gap(tree, after, indent) else []
    edited = "\n".join((*lines[:after], *gap, *gap, call, *lines[after:]))
    try:
        return Wired(wiring.with_import(edited, Name(module, function, "")))
    except (SyntaxError, ValueError, wiring.ClashError):
        return Wired("", "its imports stand in an unusual way")


def imported_from(
    source: str, attribute: str, module: str, *, is_package: bool
) -> tuple[str, str] | None:
    """The module and the name that a module imports its application from, or None where it makes it.

    Args:
        source: The module's source.
        attribute: What the application is called there.
        module: What the module is imported as.
        is_package: Whether it is the `__init__` of a package.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return None
    if any(_binds(node, attribute) for node in _own(tree)):
        return None
    here = module.split(".") if is_package else module.split(".")[:-1]
    for node in tree.body:
        for alias in node.names if isinstance(node, ast.ImportFrom) else ():
            if isinstance(node, ast.ImportFrom) and (alias.asname or alias.name) == attribute:
                above = here[: len(here) - node.level + 1] if node.level else []
                return ".".join((*above, *filter(None, [node.module]))), alias.name
    return None


def _maker(tree: ast.Module) -> str:
    """What the framework's class is called there."""
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module in ("fastapi", "fastapi.applications"):
            for alias in node.names:
                if alias.name == FRAMEWORK:
                    return alias.asname or alias.name
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name == "fastapi":
                    return f"{alias.asname or alias.name}.{FRAMEWORK}"
    return ""


def _made(node: ast.AST, maker: str) -> str:
    """The name that a statement binds to a new application, or an empty string."""
    value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
    if not isinstance(value, ast.Call):
        return ""
    called = ast.unparse(value.func)
    if called != maker and not FACTORY.fullmatch(called):
        return ""
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]  # type: ignore[attr-defined]
    return targets[0].id if len(targets) == 1 and isinstance(targets[0], ast.Name) else ""


def _module_place(
    tree: ast.Module, attribute: str, maker: str
) -> tuple[int, int, str] | str | None:
    """The line after the last one that puts something into an application of the module."""
    if not any(_makes(node, attribute, maker) for node in tree.body):
        return None
    bound = [node for node in _own(tree) if _binds(node, attribute)]
    if any(_made(node, maker) != attribute for node in bound):
        return f"{attribute} is bound more than once"
    last = max(
        _end(node) for node in tree.body if _mentions(node, attribute) and not _is_main(node)
    )
    return last, 0, attribute


def _makes(node: ast.stmt, attribute: str, maker: str) -> bool:
    """Whether a statement binds the name to a new application, whichever way it goes."""
    if isinstance(node, ast.If):
        ways = (node.body, node.orelse)
        return all(any(_makes(item, attribute, maker) for item in way) for way in ways)
    return _made(node, maker) == attribute


def _factory_place(
    tree: ast.Module, attribute: str, maker: str
) -> tuple[int, int, str] | str | None:
    """The line before the `return` of the function that makes the application."""
    function = _factory(tree, attribute)
    if function is None:
        return None
    made = [name for node in function.body if (name := _made(node, maker))]
    returns = [node for node in _own(function) if isinstance(node, ast.Return)]
    last = function.body[-1]
    if len(made) != 1 or len(returns) != 1 or not isinstance(last, ast.Return):
        return f"{function.name} has more than one way to make an application"
    if not isinstance(last.value, ast.Name) or last.value.id != made[0]:
        return f"{function.name} returns something other than what it made"
    return last.lineno - 1, last.col_offset, made[0]


def _factory(tree: ast.Module, attribute: str) -> Function | None:
    """The function of that name, or the one whose result has that name."""
    functions = {node.name: node for node in tree.body if isinstance(node, Function)}
    if attribute in functions:
        return functions[attribute]
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and _binds(node, attribute):
            value = node.value
            if isinstance(value, ast.Call) and isinstance(value.func, ast.Name):
                return functions.get(value.func.id)
    return None


def _own(scope: Function | ast.Module) -> Iterator[ast.AST]:
    """What belongs to a module or a function, without what belongs to functions inside it."""
    waiting: list[ast.AST] = list(scope.body)
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, Function | ast.Lambda | ast.ClassDef):
            waiting += ast.iter_child_nodes(node)


def _binds(node: ast.AST, name: str) -> bool:
    if isinstance(node, ast.Assign):
        return any(isinstance(target, ast.Name) and target.id == name for target in node.targets)
    return (
        isinstance(node, ast.AnnAssign)
        and isinstance(node.target, ast.Name)
        and node.target.id == name
        and node.value is not None
    )


def _mentions(node: ast.stmt, name: str) -> bool:
    """Whether a statement does something with the application; what a function does later is not now."""
    if isinstance(node, Function):
        parts: list[ast.AST] = list(node.decorator_list)
    else:
        parts = [node]
    return any(
        isinstance(part, ast.Name) and part.id == name for top in parts for part in ast.walk(top)
    )


def _is_main(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and "__name__" in ast.unparse(node.test)


def _end(node: ast.stmt) -> int:
    return node.end_lineno or node.lineno


def _needs_gap(tree: ast.Module, after: int, indent: int) -> bool:
    """Whether what stands before is a function, which two empty lines follow."""
    return indent == 0 and any(
        isinstance(node, Function | ast.ClassDef) and _end(node) == after for node in tree.body
    )
