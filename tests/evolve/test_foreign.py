"""FastAPI projects that devtool did not write get assistants, and keep every line they have."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from devtool import api_evolve, detect
from devtool.errors import ConfigError
from devtool.model.wishes import Wishes
from devtool.scaffold.changes import Action
from devtool.scaffold.entrance import wire
from devtool.scaffold.update import apply_update, undo
from tests.evolve.conftest import Unpack
from tests.scaffold.project import snapshot


def added_lines(before: bytes | None, after: bytes | None) -> list[str]:
    """The lines that are new; every old one has to be there still, in its order."""
    old, new = ((text or b"").decode().splitlines() for text in (before, after))
    added: list[str] = []
    rest = iter(old)
    expected = next(rest, None)
    for line in new:
        if line == expected:
            expected = next(rest, None)
        elif line:
            added.append(line)
    assert expected is None, f"lost: {expected}"
    return added


def test_a_flat_module(unpack: Unpack) -> None:
    root = unpack("flat")
    before = snapshot(root)
    planned = api_evolve.plan_evolution(root)
    assert [c.path for c in planned.update.changes if c.action is Action.MERGE] == [
        "main.py",
        "requirements.txt",
    ]
    apply_update(planned.update)
    after = snapshot(root)
    assert added_lines(before["main.py"], after["main.py"]) == [
        "from ai import install_assistants",
        "install_assistants(app)",
    ]
    text = (root / "main.py").read_text()
    assert text.index("install_assistants(app)") < text.index("if __name__")
    assert added_lines(before["requirements.txt"], after["requirements.txt"]) == [
        "mcp>=2.3,<3",
        "pydantic-ai-slim[openai]>=2.60,<3",
    ]
    assert detect(root).phase == 3
    assert any("Hero (main.py:8)" in note for note in planned.notes)
    again = api_evolve.plan_evolution(root)
    assert not again.update.files
    undo(root)
    assert snapshot(root) == before


def test_layers_and_a_factory(unpack: Unpack) -> None:
    root = unpack("layered")
    before = snapshot(root)
    planned = api_evolve.plan_evolution(root)
    apply_update(planned.update)
    after = snapshot(root)
    main = "backend/app/main.py"
    assert added_lines(before[main], after[main]) == [
        "from app.ai import install_assistants",
        "install_assistants(app)",
    ]
    project = "backend/pyproject.toml"
    assert added_lines(before[project], after[project]) == [
        '    "mcp>=2.3,<3",',
        '    "pydantic-ai-slim[openai]>=2.60,<3",',
    ]
    changed = {path for path in before if before[path] != after[path]}
    assert changed == {main, project}
    assert (root / "backend/app/ai/wiring.py").is_file()
    assert "from app.ai import" in (root / "backend/tests/test_assistants.py").read_text()
    assert "services found: ItemService (backend/app/services/items.py:4)" in planned.notes
    assert detect(root).phase == 3


def test_what_is_not_sure_is_told(unpack: Unpack) -> None:
    root = unpack("poetry")
    before = snapshot(root)
    planned = api_evolve.plan_evolution(root)
    apply_update(planned.update)
    after = snapshot(root)
    assert after["src/shop/server.py"] == before["src/shop/server.py"]
    (told,) = [note for note in planned.notes if note.startswith("add to src/shop/server.py")]
    assert told == (
        "add to src/shop/server.py once the application is whole (app is not made there by one plain"
        " call): from shop.ai import install_assistants; install_assistants(app)"
    )
    added = added_lines(before["pyproject.toml"], after["pyproject.toml"])
    assert added[0] == 'mcp = ">=2.3,<3"'


def test_an_own_package_of_that_name_is_left_alone(unpack: Unpack) -> None:
    root = unpack("flat")
    (root / "ai").mkdir()
    (root / "ai/__init__.py").write_text("mine = 1\n")
    apply_update(api_evolve.plan_evolution(root).update)
    assert (root / "ai/__init__.py").read_text() == "mine = 1\n"
    assert "from assistants import install_assistants" in (root / "main.py").read_text()


def test_other_phases_and_frameworks_are_refused(unpack: Unpack, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="to phase 3, not 4"):
        api_evolve.plan_evolution(unpack("flat"), Wishes(to=4))
    other = tmp_path / "other"
    other.mkdir()
    (other / "app.py").write_text("from flask import Flask\n\napp = Flask(__name__)\n")
    with pytest.raises(ConfigError, match="not to flask"):
        api_evolve.plan_evolution(other)


HEAD = "from fastapi import FastAPI\n"


@pytest.mark.parametrize(
    ("source", "attribute", "last"),
    [
        (HEAD + "app = FastAPI()\n", "app", "install(app)"),
        (HEAD + "app: FastAPI = FastAPI()\napp.mount('/x', 1)\n", "app", "install(app)"),
        ("import fastapi\nserver = fastapi.FastAPI()\n", "server", "install(server)"),
        (
            HEAD + "app = FastAPI()\nx = 1\nfor r in []:\n    app.include_router(r)\n",
            "app",
            "install(app)",
        ),
        ("from x import create_app\napp = create_app()\n", "app", "install(app)"),
        (HEAD + "def make():\n    api = FastAPI()\n    return api\n", "make", "return api"),
        (
            HEAD
            + "def make(x=1):\n    api = FastAPI()\n    def f():\n        return 1\n    return api\n",
            "make",
            "return api",
        ),
    ],
)
def test_sure_places(source: str, attribute: str, last: str) -> None:
    wired = wire(source, attribute, "own.ai", "install")
    assert wired.text.rstrip().endswith(last)
    assert "from own.ai import install\n" in wired.text
    assert wired.text.count("install(") == 1
    ast.parse(wired.text)
    assert wire(wired.text, attribute, "own.ai", "install").text == wired.text


@pytest.mark.parametrize(
    ("source", "why"),
    [
        (HEAD + "app = FastAPI()\napp = wrap(app)\n", "bound more than once"),
        (HEAD + "if x:\n    app = FastAPI()\n", "one plain call"),
        (HEAD + "app = socketio.ASGIApp(FastAPI())\n", "one plain call"),
        (
            HEAD + "def app():\n    a = FastAPI()\n    if x:\n        return a\n    return a\n",
            "more than one way",
        ),
        (HEAD + "def app():\n    a = FastAPI()\n    return wrap(a)\n", "other than what it made"),
        ("def f(:\n", "does not parse"),
        ("from x import app\n", "one plain call"),
    ],
)
def test_places_that_are_not_sure(source: str, why: str) -> None:
    wired = wire(source, "app", "own.ai", "install")
    assert not wired.text
    assert why in wired.why
