"""What a textual merge of Python code can leave behind: code that does not parse, names bound twice."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator

Block = ast.Module | ast.ClassDef
ROUTES = {"get", "post", "put", "patch", "delete", "head", "options", "websocket"}


def problem(merged: str, mine: str, new: str) -> str:
    """Why a merged source cannot be what both meant, or an empty string.

    What is bound twice in one of the sources already is meant so.
    """
    try:
        found = _bound(merged)
    except (SyntaxError, ValueError) as error:
        reason = error.msg if isinstance(error, SyntaxError) else str(error)
        return f"the merged text does not parse: {reason}"
    twice = {name for name, count in found.items() if count > 1}
    for source in (mine, new):
        try:
            twice -= {name for name, count in _bound(source).items() if count > 1}
        except (SyntaxError, ValueError):
            continue  # a source that does not parse excuses nothing
    return f"it would be there twice: {', '.join(sorted(twice))}" if twice else ""


def _bound(source: str) -> Counter[str]:
    return Counter(_names(ast.parse(source), ""))


def _names(block: Block, prefix: str) -> Iterator[str]:
    for node in block.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from (prefix + _binding(node, alias) for alias in node.names)
        elif isinstance(node, ast.ClassDef):
            yield prefix + node.name
            yield from _names(node, f"{prefix}{node.name}.")
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from (f"{prefix}{route}" for route in map(_route, node.decorator_list) if route)
            if not any(map(_repeats, node.decorator_list)):
                yield prefix + node.name
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield prefix + node.target.id


def _binding(node: ast.Import | ast.ImportFrom, alias: ast.alias) -> str:
    """What an import binds: `import a.b` and `import a.c` both bind a, and mean no harm."""
    return alias.asname or alias.name if isinstance(node, ast.ImportFrom) else _imported(alias)


def _imported(alias: ast.alias) -> str:
    return alias.asname or f"import {alias.name}"


def _repeats(decorator: ast.expr) -> bool:
    """Whether functions of one name may stand beside one another: overloads and properties."""
    text = ast.unparse(decorator)
    return text.endswith(("overload", ".setter", ".deleter", ".getter", ".register"))


def _route(decorator: ast.expr) -> str:
    """The method and the path of a route, or an empty string."""
    match decorator:
        case ast.Call(
            func=ast.Attribute(attr=method, value=ast.Name(id=router)),
            args=[ast.Constant(value=str(path)), *_],
        ) if method in ROUTES:
            return f"@{router}.{method}({path!r})"
    return ""
