"""What a Django project's settings say of how it is served."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from devtool.detection.pattern import Pattern
from devtool.detection.tree import SourceTree
from devtool.model.detection import Start

_SETTINGS = Pattern(r"DJANGO_SETTINGS_MODULE[\"']\s*,\s*[\"']([\w.]+)[\"']", re.ASCII)
# Their `runserver` takes the place of Django's, and serves ASGI with a server of its own.
_SERVERS = frozenset({"channels", "daphne"})


def start_of_manage(tree: SourceTree, manage: str, start: Start) -> Start:
    """How a Django project is started: by devtool's own reloader only where `runserver` is Django's.

    Args:
        tree: The project.
        manage: Its manage.py.
        start: How Django is started.
    """
    if not any(_names_a_server(tree.read(path) or "") for path in _settings(tree, manage)):
        return start
    return start._replace(argv=(*start.argv, *start.no_reload), no_reload=(), warm="")


def _settings(tree: SourceTree, manage: str) -> Iterator[str]:
    """The files of its settings: a module, or all modules of its package."""
    found = _SETTINGS.search(tree.read(manage) or "")
    if found is None:
        return
    folder = manage.rpartition("/")[0]
    base = "/".join(filter(None, (folder, found[1].replace(".", "/"))))
    package = base if tree.has(f"{base}/__init__.py") else base.rpartition("/")[0]
    is_package = package == base or tree.has(f"{package}/base.py")
    yield from (path for path in (f"{base}.py",) if tree.has(path))
    if is_package:
        names = ("__init__.py", "base.py", "common.py", "dev.py", "development.py", "local.py")
        yield from (path for name in names if tree.has(path := f"{package}/{name}"))


def _names_a_server(text: str) -> bool:
    """True if the installed apps of a settings module hold one that brings a server."""
    try:
        module = ast.parse(text)
    except (SyntaxError, ValueError):
        return False
    return any(
        isinstance(each, ast.Constant) and str(each.value).partition(".")[0] in _SERVERS
        for node in module.body
        if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign)
        and node.value is not None
        and "INSTALLED_APPS" in _targets(node)
        for each in ast.walk(node.value)
    )


def _targets(node: ast.Assign | ast.AugAssign | ast.AnnAssign) -> set[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return {target.id for target in targets if isinstance(target, ast.Name)}
