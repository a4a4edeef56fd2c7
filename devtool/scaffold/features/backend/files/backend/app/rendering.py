"""How `alembic revision --autogenerate` writes the types of our own."""

from typing import Any, Literal

from alembic.autogenerate.api import AutogenContext
from sqlmodel import AutoString

from app.models import base

NAMED = {"BigId": base.BigId, "Moment": base.Moment}


def render_item(kind: str, item: Any, context: AutogenContext) -> str | Literal[False]:
    """The words for the type of a column; False where Alembic's own will do."""
    if kind != "type":
        return False
    if isinstance(item, AutoString):
        return f"sa.String({item.length or ''})"
    for name, known in NAMED.items():
        if item is known:
            context.imports.add(f"from app.models.base import {name}")
            return name
    stored = getattr(item, "_variant_mapping", {}).get("sqlite")
    if type(stored).__name__ == "ScaledInteger":
        context.imports.add("from app.models.exact import Exact")
        return f"Exact({item.precision}, {item.scale})"
    return False
