"""A new project has the things of a console program, and the program stays as it is."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from devtool import ConfigError, ProjectSpec, UndetectedError, new_project
from devtool.scaffold import builder, growth, manifest

MODELS = """\
from dataclasses import dataclass
from datetime import date


@dataclass
class Shelf:
    id: int
    name: str


@dataclass
class Item:
    id: int
    title: str
    shelf: Shelf | None = None
    due: date | None = None
"""


@pytest.fixture
def program(tmp_path: Path) -> Path:
    root = tmp_path / "program"
    (root / "src").mkdir(parents=True)
    (root / "src/main.py").write_text(MODELS, encoding="utf-8")
    return root


def test_classes_become_resources(program: Path, tmp_path: Path) -> None:
    planned = builder.plan_new(ProjectSpec(name="library"), tmp_path, source=program)
    texts = {change.path: change.text for change in planned.changes}
    assert 'foreign_key="shelves.id", ondelete="SET NULL"' in texts["backend/app/models/item.py"]
    versions = [path for path in texts if path.startswith("backend/alembic/versions/")]
    assert versions[-2:] == [
        "backend/alembic/versions/0003_shelves.py",
        "backend/alembic/versions/0004_items.py",
    ]
    assert "items.router" in texts["backend/app/routers/__init__.py"]
    assert "task" not in texts["backend/app/models/__init__.py"]
    assert planned.notes[1].startswith("Item becomes /api/v1/items (src/main.py:12")
    spec = growth.spec_of(manifest.parse(texts[manifest.PATH]))
    assert [each["name"] for each in spec.resources] == ["shelf", "item"]
    assert [path.name for path in program.rglob("*.py")] == ["main.py"]


def test_the_console_project_of_devtool_has_tasks(tmp_path: Path) -> None:
    new_project(ProjectSpec(name="console-tasks"), tmp_path)
    planned = builder.plan_new(
        ProjectSpec(name="web-tasks"), tmp_path, source=tmp_path / "console-tasks"
    )
    assert "tasks" in (planned.spec.features or ())
    assert planned.spec.resources == ()


def test_what_has_no_column_is_refused_by_name(program: Path, tmp_path: Path) -> None:
    text = MODELS.replace("title: str", "title: str\n    callback: object")
    (program / "src/main.py").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match="callback"):
        builder.plan_new(ProjectSpec(name="library"), tmp_path, source=program)


def test_a_program_without_things_is_refused(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text("print('hello')\n", encoding="utf-8")
    with pytest.raises(UndetectedError):
        builder.plan_new(ProjectSpec(name="library"), tmp_path, source=tmp_path)


def test_the_command_says_what_it_understood(program: Path, tmp_path: Path) -> None:
    argv = (sys.executable, "-m", "devtool", "new", "library", "--from", str(program))
    shown = subprocess.run(
        (*argv, "--dry-run"), cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True
    ).stdout
    assert "Shelf becomes /api/v1/shelves" in shown
    assert not (tmp_path / "library").exists()
    told = subprocess.run(
        (*argv, "--json"), cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True
    ).stdout
    assert json.loads(told)["notes"][0].startswith("Shelf becomes")
    assert (tmp_path / "library/backend/app/services/item.py").is_file()
