"""The way to the next phase is a list with evidence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from devtool import ProjectSpec, new_project
from devtool.scaffold.checklist import NEEDS, Look, Need, checklist
from tests.evolve.conftest import Unpack
from tests.evolve.test_growth import devtool


def test_a_console_project_sees_what_it_has(unpack: Unpack) -> None:
    root = unpack("inventory")
    done = devtool("phase", "--next", "--json", cwd=root)
    told = json.loads(done.stdout)
    assert (told["phase"], told["next"], told["ready"]) == (1, 2, False)
    items = {item["name"]: item for item in told["items"]}
    classes = items["classes to keep in a database"]
    assert (classes["done"], classes["path"], classes["line"]) == (True, "src/models.py", 17)
    assert items["a web backend"] == {
        "name": "a web backend",
        "path": "",
        "line": 0,
        "fact": "",
        "done": False,
        "advice": "devtool evolve",
    }


def test_a_generated_backend_has_what_phase_two_needs(tmp_path: Path) -> None:
    new_project(ProjectSpec(name="shop", phase=2), tmp_path)
    from devtool import detect

    found = detect(tmp_path / "shop")
    items = checklist(tmp_path / "shop", 1, found.components).items
    assert {item.name for item in items if not item.done} <= {"tests of what it does today"}
    lines = devtool("phase", "--next", cwd=tmp_path / "shop").stdout.splitlines()
    assert lines[0] == "phase II; for phase III:"
    assert [line[:3] for line in lines[1:]] == ["[x]", "[x]", "[ ]", "[ ]"]


def test_the_last_phase_has_no_next(tmp_path: Path) -> None:
    assert checklist(tmp_path, 5).next == 0


def test_a_class_whose_constructor_has_types_is_one_to_keep(tmp_path: Path) -> None:
    text = "class Task:\n    def __init__(self, title: str):\n        self.title = title\n"
    (tmp_path / "a.py").write_text(text)
    assert checklist(tmp_path, 1).items[0].done
    (tmp_path / "a.py").write_text(text.replace(": str", ""))
    assert not checklist(tmp_path, 1).items[0].done


def test_code_tells_more_than_its_tests(tmp_path: Path) -> None:
    for path in ("tests/test_a.py", "src/deep/down/a.py"):
        (tmp_path / path).parent.mkdir(parents=True)
        (tmp_path / path).write_text("x = '/health'\n")
    need = Need(2, "it", (Look("*.py", "/health"),), "bring it")
    (item,) = checklist(tmp_path, 1, needs=(need,)).items
    assert item.path == "src/deep/down/a.py"


def test_every_phase_but_the_first_has_needs() -> None:
    assert {need.phase for need in NEEDS} == {2, 3, 4, 5}


@pytest.mark.parametrize(
    ("path", "look", "found"),
    [
        ("a/services/x.py", Look("*/services/*.py", r"^def "), ("a/services/x.py", 2, "def f():")),
        ("Dockerfile", Look("Dockerfile"), ("Dockerfile", 0, "it is there")),
        (".venv/x.py", Look("*.py"), None),
        ("node_modules/x.py", Look("*.py"), None),
    ],
)
def test_things_are_found_by_name_and_text(
    tmp_path: Path, path: str, look: Look, found: tuple[str, int, str] | None
) -> None:
    (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / path).write_text("# one\ndef f(): ...\n")
    need = Need(2, "it", (look,), "bring it")
    (item,) = checklist(tmp_path, 1, needs=(need,)).items
    if found is None:
        assert (item.done, item.advice) == (False, "bring it")
    else:
        assert (item.path, item.line, item.fact.split(" ...")[0]) == found
