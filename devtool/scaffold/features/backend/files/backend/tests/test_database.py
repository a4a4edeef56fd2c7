"""The pool: what it does with dead connections, with servers that are away, and with mistakes."""

import asyncio
import socket
import time
from pathlib import Path

import pytest
from sqlalchemy import Column, MetaData, String, Table, insert, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from app import database as module
from app.database import Database, is_outage
from app.models.user import User
from app.running import DatabaseUnavailableError
from app.settings import BACKEND, Settings

CUT = text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'cut me'"
)


@pytest.fixture
def database(database_url: str, served: object) -> Database:
    """A pool of its own, of one connection."""
    values = {"database_url": database_url, "database_pool_size": 1, "database_pool_timeout": 0.2}
    return Database(Settings.model_validate(values))


def test_an_error_rolls_a_transaction_back(database: Database) -> None:
    async def twice() -> int:
        with pytest.raises(IntegrityError):
            async with database.session() as session:
                session.add(User(id="twin-1", email="twin@example.com"))
                await session.flush()
                session.add(User(id="twin-2", email="twin@example.com"))
        found = text("SELECT count(*) FROM users WHERE email = 'twin@example.com'")
        count: int = await database.value(found)
        await database.close()
        return count

    assert asyncio.run(twice()) == 0


def test_nobody_waits_for_ever_for_a_connection(database: Database) -> None:
    async def wait() -> BaseException:
        async with database.transaction():
            with pytest.raises(PoolTimeoutError) as caught:
                await database.value(text("SELECT 1"))
        await database.close()
        return caught.value

    assert is_outage(asyncio.run(wait()))


def test_writers_of_sqlite_take_turns_and_keep_nobody_from_reading(tmp_path: Path) -> None:
    async def work() -> list[str]:
        database = sqlite(tmp_path, pool_size=2)
        done: list[str] = []

        async def write(name: str) -> None:
            async with database.transaction():
                done.append(name)

        async with database.transaction():
            writers = [asyncio.create_task(write(name)) for name in ("first", "second", "third")]
            await asyncio.sleep(0)
            assert await database.value(text("SELECT 1")) == 1
            assert done == []
        await asyncio.gather(*writers)
        await database.close()
        return done

    assert asyncio.run(work()) == ["first", "second", "third"]


def test_nobody_waits_for_ever_to_write_to_sqlite(tmp_path: Path) -> None:
    async def wait() -> BaseException:
        database = sqlite(tmp_path, pool_size=2)
        async with database.session():
            with pytest.raises(DatabaseUnavailableError) as caught:
                async with database.transaction():
                    raise AssertionError("two write at once")
        async with database.transaction():
            pass
        await database.close()
        return caught.value

    assert is_outage(asyncio.run(wait()))


def test_a_single_statement_that_writes_waits_for_its_turn_too(tmp_path: Path) -> None:
    note = insert(Table("notes", MetaData(), Column("name", String))).values(name="one")

    async def work() -> int:
        database = sqlite(tmp_path, pool_size=2)
        await database.execute(text("CREATE TABLE notes (name TEXT)"))
        async with database.transaction():
            with pytest.raises(DatabaseUnavailableError):
                await database.execute(note)
        await database.execute(note)
        number: int = await database.value(text("SELECT count(*) FROM notes"))
        await database.close()
        return number

    assert asyncio.run(work()) == 1


def sqlite(folder: Path, pool_size: int) -> Database:
    """A database in a file of its own."""
    url = f"sqlite:///{folder}/own.db"
    values = {"database_pool_size": pool_size, "database_pool_timeout": 0.2}
    return Database(Settings.model_validate({"database_url": url, **values}))


def test_a_statement_that_finds_nothing_has_no_value(database: Database) -> None:
    async def ask() -> object:
        value = await database.value(text("SELECT id FROM users WHERE id = 'nobody'"))
        await database.close()
        return value

    assert asyncio.run(ask()) is None


def test_a_server_that_is_away_is_an_outage() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
        address = f"postgresql://me@127.0.0.1:{taken.getsockname()[1]}/shop?channel_binding=prefer"
        database = Database(Settings.model_validate({"database_url": address}))
        with pytest.raises(DatabaseUnavailableError) as caught:
            asyncio.run(database.value(text("SELECT 1")))
    assert is_outage(caught.value)


def test_sqlite_files_are_found_from_the_folder_of_the_backend() -> None:
    database = Database(Settings.model_validate({"database_url": "sqlite:///some.db"}))
    assert database.engine.url.database == str(BACKEND / "some.db")


def test_connections_that_were_cut_are_replaced(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first request after the server hung up, or after a long silence, must not notice."""

    async def cut_and_ask(idle_seconds: float) -> object:
        monkeypatch.setattr(module, "IDLE_SECONDS", idle_seconds)
        if not database.is_sqlite:
            await database.value(text("SELECT set_config('application_name', 'cut me', false)"))
            other = Database(Settings())
            await other.all(CUT)
            await other.close()
        await asyncio.sleep(0.05)
        return await database.value(text("SELECT 1"))

    async def both() -> list[object]:
        started = time.monotonic()
        answers = [await cut_and_ask(60.0), await cut_and_ask(0.0)]
        assert time.monotonic() - started < 30
        await database.close()
        return answers

    assert asyncio.run(both()) == [1, 1]
