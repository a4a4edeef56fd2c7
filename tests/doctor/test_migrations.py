"""Alembic's migrations: heads from files, what is applied from SQLite's file."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from devtool.doctor.migrations import Revision, revision_in
from devtool.model.doctor import Level
from tests.doctor.conftest import Examine

INI = "[alembic]\nscript_location = %(here)s/alembic\nsqlalchemy.url = sqlite:///shop.db\n"
FIRST = 'revision = "aaa"\ndown_revision = None\n'
SECOND = 'revision: str = "bbb"\ndown_revision: str | None = "aaa"\n'
FILES = {
    "alembic.ini": INI,
    "alembic/versions/1_first.py": FIRST,
    "alembic/versions/2_second.py": SECOND,
}


def at(project: Path, version: str) -> None:
    with closing(sqlite3.connect(project / "shop.db")) as connection, connection:
        connection.execute("CREATE TABLE alembic_version (version_num TEXT)")
        connection.execute("INSERT INTO alembic_version VALUES (?)", (version,))


def test_migrations_that_are_not_applied_are_counted(project: Path, find: Examine) -> None:
    (finding,) = find("migrations", FILES)
    assert finding.text == "2 of 2 migrations of alembic.ini are not applied in shop.db"
    assert not (project / "shop.db").exists()
    at(project, "aaa")
    (finding,) = find("migrations")
    assert finding.text == "1 of 2 migrations of alembic.ini are not applied in shop.db"
    assert finding.fix.endswith("-m alembic upgrade heads")


def test_a_database_at_the_head_is_well(project: Path, find: Examine) -> None:
    at(project, "bbb")
    (finding,) = find("migrations", FILES)
    assert finding.level is Level.OK


def test_a_revision_that_no_file_has_is_an_error(project: Path, find: Examine) -> None:
    at(project, "zzz")
    (finding,) = find("migrations", FILES)
    assert (finding.level, "zzz" in finding.text) == (Level.ERROR, True)


def test_two_heads_are_an_error_with_the_command_that_joins_them(find: Examine) -> None:
    other = 'revision = "ccc"\ndown_revision = "aaa"\n'
    first, _ = find("migrations", {**FILES, "alembic/versions/3_other.py": other})
    assert first.level is Level.ERROR
    assert first.text == "alembic.ini has 2 heads: bbb, ccc"
    assert first.fix.endswith("-m alembic merge heads")


def test_a_server_s_state_is_said_to_be_unknown(find: Examine) -> None:
    env = {".env": "DATABASE_URL=postgresql://me:hidden@db.example/shop\n"}
    (finding,) = find("migrations", {**FILES, **env})
    assert "what is applied in postgresql is not known here" in finding.text
    assert "hidden" not in finding.text


def test_the_default_of_a_setting_names_the_database(find: Examine) -> None:
    settings = (
        "from pydantic_settings import BaseSettings\n"
        "class Settings(BaseSettings):\n"
        '    database_url: str = "sqlite+aiosqlite:///./data/shop.db"\n'
    )
    (finding,) = find("migrations", {**FILES, "app/settings.py": settings})
    assert "data/shop.db" in finding.text


def test_a_merge_follows_all_that_it_joins() -> None:
    text = 'revision = "m"\ndown_revision = ("a", "b")\nboom()\n'
    assert revision_in(text) == Revision("m", ("a", "b"))
    assert revision_in("def broken(:") is None
