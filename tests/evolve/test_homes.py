"""The folder that the modules of a program are imported from."""

from __future__ import annotations

from pathlib import Path

import pytest

from devtool.scaffold.homes import home

TASK = "src/models/task.py"
STORE = "src/services/store.py"
PACKAGE = "src/__init__.py"


def written(root: Path, files: dict[str, str]) -> Path:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, "utf-8")
    return root


@pytest.mark.parametrize(
    ("store", "more", "folder"),
    [
        ("from models.task import Task", {}, "src"),
        ("from models.task import Task", {PACKAGE: ""}, "src"),
        ("import models.task", {PACKAGE: ""}, "src"),
        ("from src.models.task import Task", {}, ""),
        ("from src.models.task import Task", {PACKAGE: ""}, ""),
        ("from ..models.task import Task", {}, ""),
        ("from .. import models", {}, ""),
        ("from . import ids", {"src/services/ids.py": "import models.task"}, "src"),
        ("from . import ids", {"src/services/ids.py": "import src.models"}, ""),
        ("", {}, "src"),
        ("", {PACKAGE: ""}, ""),
        ("import json, rich", {"src/json.py": ""}, "src"),
        (
            "try:\n    from src.models import task\nexcept ImportError: from models import task",
            {},
            "src",
        ),
        ("def late(): from src.models import task", {}, ""),
    ],
)
def test_where_imports_begin(tmp_path: Path, store: str, more: dict[str, str], folder: str) -> None:
    root = written(tmp_path, {TASK: "", STORE: store, **more})
    found = home(root, {}, (TASK, STORE))
    assert (found.folder, found.missing) == (folder, ())
    assert {TASK, STORE} <= found.reached


def test_what_is_imported_from_elsewhere_is_told(tmp_path: Path) -> None:
    root = written(
        tmp_path, {TASK: "import ids", STORE: "import src.models.task", "src/ids.py": ""}
    )
    found = home(root, {}, (TASK, STORE))
    assert found.missing in ((f"{TASK}:1 ids",), (f"{STORE}:1 src.models.task",))


def test_folders_that_no_import_can_name_are_passed(tmp_path: Path) -> None:
    root = written(
        tmp_path, {"part 1/app/task.py": "", "part 1/app/store.py": "from app import task"}
    )
    assert home(root, {}, ("part 1/app/task.py", "part 1/app/store.py")).folder == "part 1"
