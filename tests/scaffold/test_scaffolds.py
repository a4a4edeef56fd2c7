"""The seed document's classes make what it says they make."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest

from devtool import BackendScaffold, ConfigError, FastAPIBuilder
from devtool.scaffold import catalog
from tests.scaffold.catalogs import SHOP
from tests.scaffold.catalogs import catalog as written


@pytest.fixture(autouse=True)
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = {"tasks/files/backend/app/routers/tasks.py": "router = None\n"}
    features = written(tmp_path / "features", SHOP | parts)
    monkeypatch.setattr(catalog, "load", lambda: features)


def test_a_scaffold_writes_exactly_these_features(tmp_path: Path) -> None:
    scaffold = BackendScaffold(
        project_name="todo-api",
        database_url="postgresql://...",
        features=["auth", "crud"],
        folder=tmp_path,
    )
    preview = scaffold.preview()
    assert not (tmp_path / "todo-api").exists()
    assert scaffold.generate() == preview
    assert scaffold.spec.features == ("core", "auth", "tasks")
    assert (tmp_path / "todo-api/backend/main.py").is_file()
    assert "postgresql://..." in (tmp_path / "todo-api/backend/.env").read_text("utf-8")
    assert "postgresql" not in repr(scaffold)


def test_a_scaffold_without_a_list_has_the_usual_features() -> None:
    assert BackendScaffold("todo-api").spec.features == ("core", "auth", "tasks", "web-big")
    assert BackendScaffold("todo-api", features=[]).spec.features == ("core",)


@pytest.mark.parametrize(
    "arguments",
    [
        {"project_name": "class"},
        {"project_name": "x", "features": ["oath"]},
        {"project_name": "x", "features": "auth"},
        {"project_name": "x", "database_url": "mysql://x/y"},
    ],
)
def test_a_scaffold_refuses_at_once(arguments: Mapping[str, str]) -> None:
    with pytest.raises(ConfigError):
        BackendScaffold(**arguments)


def test_a_builder_holds_the_files_in_memory(tmp_path: Path) -> None:
    app = FastAPIBuilder(title="Todo API", version="1.0.0", features=["auth", "tasks", "chat"])
    assert app.spec.name == "todo-api"
    assert app.spec.phase == 3
    assert 'TITLE = "Todo API"' in app["backend/main.py"]
    assert tomllib.loads(app["backend/pyproject.toml"])["project"]["name"] == "todo-api"
    assert dict(app) == dict(app.files)
    assert len(app) == len(list(app))
    assert app.structure == {
        "main.py": "FastAPI app",
        "routers/": "endpoint modules",
        "models/": "SQLModel definitions",
        "ai/": "agent and MCP tools",
        "alembic/": "database migrations",
        "tests/": "test suite",
        "frontend/": "web frontend",
    }
    assert [path.name for path in tmp_path.iterdir()] == ["features"]


def test_a_builder_writes_what_it_holds(tmp_path: Path) -> None:
    app = FastAPIBuilder("Café & Bar", features=["tasks"])
    place = app.write(tmp_path)
    assert place == tmp_path / "cafe-bar"
    for path, text in app.items():
        assert (place / path).read_text("utf-8") == text
    assert (place / "backend/.env").is_file()


@pytest.mark.parametrize("title", ["", "日本", 'a"b', "class"])
def test_a_builder_needs_a_title_that_gives_a_name(title: str) -> None:
    with pytest.raises(ConfigError):
        FastAPIBuilder(title)
