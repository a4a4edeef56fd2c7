"""The frontends pass their own checks."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.generated.installed import checked

pytestmark = pytest.mark.generated


@pytest.mark.parametrize(
    "features",
    [("tasks", "frontend-vite"), ("auth", "frontend-vite"), ("auth", "frontend-next")],
    ids="+".join,
)
def test_they_are_linted_typed_and_built(
    new_shop: Callable[..., Path], features: tuple[str, ...]
) -> None:
    frontend = new_shop(features=features) / "frontend"
    before = texts(frontend)
    for script in ("lint", "typecheck", "build"):
        checked("npm", "run", script, cwd=frontend)
    assert texts(frontend) == before, "a check changed what it checked"


def texts(frontend: Path) -> dict[str, str]:
    """Every file that a project comes with."""
    made = {"node_modules", ".next", "dist", "next-env.d.ts", "tsconfig.tsbuildinfo"}
    found: dict[str, str] = {}
    for folder, folders, files in os.walk(frontend):
        folders[:] = [name for name in folders if name not in made]
        kept = (Path(folder, name) for name in files if name not in made)
        found |= {str(path): path.read_text("utf-8") for path in kept}
    return found
