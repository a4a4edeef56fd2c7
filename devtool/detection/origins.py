"""The variables by which a backend is told which pages may call it (CORS)."""

from __future__ import annotations

import re

from devtool.detection.pattern import Pattern
from devtool.detection.tree import SourceTree

_FILES = (".env", ".env.example", ".env.sample", ".env.template")
_ORIGIN = Pattern(
    r"^(?:export[ \t]+)?(?P<name>(?:BACKEND_)?CORS_(?:ALLOWED_|ALLOW_)?ORIGINS|ALLOWED_ORIGINS"
    r"|FRONTEND_(?:URL|HOST|ORIGIN)|CLIENT_URL)[ \t]*=[ \t]*(?P<value>[^#\n]*)",
    re.MULTILINE,
)


def origin_variables(tree: SourceTree, folder: str) -> tuple[tuple[str, str], ...]:
    """Each variable and what to set it to, the frontend's address added to what it holds.

    Args:
        tree: The repository.
        folder: The folder the backend is started from.
    """
    found: dict[str, str] = {}
    for place in dict.fromkeys((folder, "")):
        for name in _FILES:
            path = f"{place}/{name}" if place else name
            text = (tree.read(path) if tree.has(path) else None) or ""
            for match in _ORIGIN.finditer(text):
                found.setdefault(match["name"], _with_frontend(match["name"], match["value"]))
    return tuple(found.items())


def _with_frontend(name: str, value: str) -> str:
    value = value.strip().strip("'\"")
    if name.startswith(("FRONTEND", "CLIENT")) or not value or value == "*":
        return "{frontend_url}"
    if not value.startswith("["):
        return f"{value},{{frontend_url}}"
    inside = value.strip("[] ")
    return f'[{inside}, "{{frontend_url}}"]' if inside else '["{frontend_url}"]'
