"""Secrets are in `.env`, are fresh, and are nowhere else."""

from __future__ import annotations

import io
import stat
from pathlib import Path
from urllib.parse import unquote

import pytest
from dotenv import dotenv_values

from devtool import ConfigError, ProjectSpec
from devtool.scaffold import apply, builder, catalog, dotenv
from devtool.scaffold.selection import choose
from tests.scaffold.catalogs import catalog as written

PASSWORD = "p#ss'w\\rd$"
URL = f"postgresql://me:{PASSWORD}@db.example/shop?sslmode=require"


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    features = written(tmp_path / "features")
    monkeypatch.setattr(catalog, "load", lambda: features)
    return tmp_path


def test_a_new_project_has_secrets_of_its_own(shop: Path) -> None:
    for name in ("one", "two"):
        builder.new_project(ProjectSpec(name=f"shop-{name}", phase=2), shop)
    one, two = (dotenv_values(shop / f"shop-{name}/backend/.env") for name in ("one", "two"))
    assert one["SECRET_KEY"] != two["SECRET_KEY"]
    assert len(one["SECRET_KEY"] or "") == 2 * dotenv.SECRET_BYTES
    assert one["DATABASE_URL"] == "sqlite:///app.db"
    mode = (shop / "shop-one/backend/.env").stat().st_mode
    assert stat.S_IMODE(mode) == 0o600


def test_a_password_goes_into_env_and_nowhere_else(shop: Path) -> None:
    spec = ProjectSpec(name="shop", phase=2)
    changes = builder.new_project(spec, shop, database_url=URL)
    assert dotenv_values(shop / "shop/backend/.env")["DATABASE_URL"] == URL
    secret = dotenv_values(shop / "shop/backend/.env")["SECRET_KEY"] or ""
    for change in changes:
        assert PASSWORD not in change.text
        assert secret not in change.text
    others = [path for path in (shop / "shop").rglob("*") if path.is_file() and path.name != ".env"]
    assert others
    for path in others:
        assert PASSWORD not in path.read_text("utf-8"), path
        assert secret not in path.read_text("utf-8"), path


def test_nothing_is_put_into_a_password(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("X", "of the environment")
    url = "postgresql://me:a${X}b$X@db.example/shop"
    builder.new_project(ProjectSpec(name="shop", phase=2), shop, database_url=url)
    read = dotenv_values(shop / "shop/backend/.env")["DATABASE_URL"] or ""
    assert unquote(read) == url


@pytest.mark.parametrize(
    "value", ["", "plain-1.2/3", "a b", "a#b", "'", '"', "\\", "\\'", "$HOME", "${X}", "é", URL]
)
def test_values_are_taken_literally(value: str) -> None:
    line = f"KEY={dotenv.quoted(value)}\n"
    assert dotenv_values(stream=io.StringIO(line), interpolate=False) == {"KEY": value}


@pytest.mark.parametrize("url", ["", "x", "mysql://x/y", "postgresql://", "sqlite:///a\nB=1"])
def test_other_urls_are_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(ConfigError, match="not one that generated projects know"):
        dotenv.checked_url(url)


def test_a_url_needs_a_database(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no database"):
        builder.new_project(ProjectSpec(name="shop", phase=1), tmp_path, database_url=URL)
    assert not list(tmp_path.iterdir())


def test_what_was_written_half_is_taken_back(shop: Path) -> None:
    features = choose(2, None, catalog.load())
    private = dotenv.private_files(features) | {".gitignore/x": "no folder there"}
    planned = builder.plan_new(ProjectSpec(name="shop", phase=2), shop)
    with pytest.raises(Exception, match="could not be written"):
        apply.create(shop / "shop", planned.changes, private)
    assert [path.name for path in shop.iterdir()] == ["features"]
