"""Migrations: up, down, up again; and what they make is what the models say."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.util import CommandError
from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import OperationalError

from app import migrations
from app.database import Database
from app.models import user
from app.running import DatabaseUnavailableError
from app.settings import Settings
from tests.conftest import new_database

Work = Callable[[Connection], Any]
Do = Callable[[Work], Any]


@pytest.fixture
def database(environment: pytest.MonkeyPatch, tmp_path: Path) -> Database:
    """A database without tables."""
    address = new_database(tmp_path, "migrations")
    return Database(Settings.model_validate({"database_url": address}))


@pytest.fixture
def do(database: Database) -> Do:
    """Do something with a connection."""

    async def work(function: Work) -> Any:
        async with database.transaction() as connection:
            done = await connection.run_sync(function)
        await database.close()
        return done

    return lambda function: asyncio.run(work(function))


def to(revision: str) -> Work:
    """Migrate to a revision."""

    def migrate(connection: Connection) -> None:
        step = command.downgrade if revision == "base" else command.upgrade
        step(migrations.configuration(connection), revision)

    return migrate


def tables(connection: Connection) -> set[str]:
    """The names of the tables there are."""
    return set(inspect(connection).get_table_names())


def test_migrations_go_up_and_down_and_up_again(do: Do) -> None:
    do(to("head"))
    assert set(user.User.metadata.tables) <= do(tables)
    do(to("base"))
    assert do(tables) == {"alembic_version"}
    do(to("head"))
    assert set(user.User.metadata.tables) <= do(tables)


def test_the_last_revision_is_what_the_models_say(do: Do) -> None:
    def differences(connection: Connection) -> Any:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return compare_metadata(context, user.User.metadata)

    do(to("head"))
    assert do(differences) == []


def test_starting_migrates_once(database: Database) -> None:
    async def twice() -> tuple[bool, bool]:
        done = await migrations.upgrade(database), await migrations.upgrade(database)
        await database.close()
        return done

    assert asyncio.run(twice()) == (True, False)


def test_a_database_of_another_branch_is_refused(database: Database, do: Do) -> None:
    def pretend(connection: Connection) -> None:
        connection.execute(text("UPDATE alembic_version SET version_num = 'elsewhere'"))

    async def start() -> None:
        try:
            await migrations.upgrade(database)
        finally:
            await database.close()

    do(to("head"))
    do(pretend)
    with pytest.raises(CommandError, match="elsewhere"):
        asyncio.run(start())


def test_heads_are_read_from_the_text_of_the_files(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text('revision: str = "a"\ndown_revision: str | None = None\n')
    (tmp_path / "b.py").write_text("revision = 'b'\ndown_revision = 'a'\n")
    assert migrations.heads(tmp_path) == {"b"}


class Waking:
    """A database that answers at the second time."""

    def __init__(self, error: Exception) -> None:
        self.error = error
        self.asked = 0

    async def value(self, *_: object) -> int:
        """Fail once."""
        self.asked += 1
        if self.asked == 1:
            raise self.error
        return 1


def test_starting_waits_for_the_database(monkeypatch: pytest.MonkeyPatch) -> None:
    waking = Waking(DatabaseUnavailableError("not yet"))
    database = Database(Settings())
    monkeypatch.setattr(database, "value", waking.value)
    asyncio.run(migrations.wait_for(database, 5))
    assert waking.asked == 2


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (DatabaseUnavailableError("gone"), DatabaseUnavailableError),
        (OperationalError("SELECT", {}, Exception("syntax error")), OperationalError),
    ],
)
def test_starting_does_not_wait_for_ever(
    monkeypatch: pytest.MonkeyPatch, error: Exception, raised: type[Exception]
) -> None:
    database = Database(Settings())
    monkeypatch.setattr(database, "value", Waking(error).value)
    with pytest.raises(raised):
        asyncio.run(migrations.wait_for(database, 0))
