"""The types that projects come with are those their own backend leads to, for whatever they have.

`UPDATE_API_TYPES=1 pytest tests/generated/test_api_types.py` writes those that are kept anew.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from devtool import client
from devtool.model.detection import Role
from devtool.model.launch import Service
from devtool.scaffold import catalog
from tests.generated.installed import (
    files_of,
    link_node,
    link_python,
    node_packages,
    python_packages,
    write_files,
)

pytestmark = pytest.mark.generated

FRONTEND = "frontend-vite"
TYPES = f"frontend/{client.TARGET}"
# What changes the API of tasks -> where the types with it are kept.
KEPT: dict[tuple[str, ...], str] = {
    ("tasks",): f"files/{TYPES}",
    ("auth",): f"with/auth/{TYPES}",
    ("chat",): f"with/chat/{TYPES}",
    ("auth", "chat"): f"with/auth+chat/{TYPES}",
}


def others() -> list[str]:
    """Backend features that leave the API as it is."""
    changing = {name for names in KEPT for name in names}
    return sorted(
        slug
        for slug, feature in catalog.load().items()
        if feature.phase == 2 and not feature.group and not changing & {slug, *feature.needs}
        if slug not in {"backend", "react"}
    )


def made(request: pytest.FixtureRequest, folder: Path, features: tuple[str, ...]) -> client.Client:
    files = files_of(*features, FRONTEND, phase=3 if "chat" in features else 2)
    write_files(files, folder)
    link_node(node_packages(request.config, files["frontend/package.json"]), folder / "frontend")
    python = link_python(python_packages(request.config), folder / "backend")
    parts = client.Parts(
        Service("backend", Role.BACKEND, (str(python),), str(folder / "backend"), entry="main:app"),
        Service("frontend", Role.FRONTEND, ("npm", "run", "dev"), str(folder / "frontend")),
    )
    return client.client(parts, os.environ)


@pytest.mark.parametrize("features", KEPT, ids="+".join)
def test_the_types_of_a_new_project_are_those_of_its_backend(
    request: pytest.FixtureRequest, tmp_path: Path, features: tuple[str, ...]
) -> None:
    types = made(request, tmp_path, features)
    if "UPDATE_API_TYPES" in os.environ:
        kept = catalog.FOLDER / "react" / KEPT[features]
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(types.text, "utf-8")
    assert types.diff() == ""


def test_other_features_leave_them_as_they_are(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    assert made(request, tmp_path, ("auth", *others())).diff() == ""
