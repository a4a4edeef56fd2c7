"""One application for all tests, an empty database for each.

The tests run on SQLite; with TEST_DATABASE_URL=postgresql://... the same ones run there, each
worker of pytest-xdist in a schema of its own.
"""

import asyncio
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from fastapi.testclient import TestClient

from app import current_user, migrations
from app.application import create_app
from app.database import get_database
from app.logs import logger
from app.models import user
from tests.people import make_cheap, sign_in

SETTINGS = {
    "ENVIRONMENT": "test",
    "SECRET_KEY": "a key of the tests that is long enough for anybody",
    "DATABASE_WAIT": "5",
    "TRUSTED_HOSTS": "localhost,*.example.com",
    "CORS_ORIGINS": "https://shop.example.com",
}
# Rows that belong to others come first: some may not be left behind.
TABLES = user.User.metadata.sorted_tables[::-1]


@pytest.fixture(scope="session")
def database_url(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A database that nobody else uses."""
    return new_database(tmp_path_factory.mktemp("database"), "main")


def new_database(folder: Path, name: str) -> str:
    """The address of an empty database: a file, or a schema on the server of TEST_DATABASE_URL."""
    server = os.environ.get("TEST_DATABASE_URL")
    if not server:
        return f"sqlite:///{folder}/{name}.db"
    schema = f"test_{os.environ.get('PYTEST_XDIST_WORKER', 'only')}_{name}"
    asyncio.run(_make_schema(server, schema))
    return f"{server}{'&' if '?' in server else '?'}search_path={schema}"


async def _make_schema(server: str, schema: str) -> None:
    connection = await asyncpg.connect(server)
    await connection.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
    await connection.execute(f"CREATE SCHEMA {schema}")
    await connection.close()


@pytest.fixture(scope="session")
def environment(database_url: str) -> Iterator[pytest.MonkeyPatch]:
    """The settings of the tests, and none of this machine's."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**SETTINGS, "DATABASE_URL": database_url}.items():
            patch.setenv(name, value)
        make_cheap(patch)
        yield patch


@pytest.fixture(scope="session")
def served(environment: pytest.MonkeyPatch) -> Iterator[TestClient]:
    """The application with its tables, started once."""
    asyncio.run(_migrate())
    with TestClient(create_app(), "http://localhost", raise_server_exceptions=False) as client:
        yield client


async def _migrate() -> None:
    await migrations.upgrade(get_database())
    await get_database().close()


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Forget where the log of an application went: pytest closes that after each test."""
    yield
    logger.handlers.clear()


@pytest.fixture
def client(served: TestClient) -> Iterator[TestClient]:
    """Somebody who is not signed in, and an empty database."""
    served.cookies.clear()
    yield served
    run(served, _empty)


async def _empty() -> None:
    async with get_database().transaction() as connection:
        for table in TABLES:
            await connection.execute(table.delete())
    await current_user.prepare()


@pytest.fixture
def ada(client: TestClient) -> dict[str, str]:
    """The headers of somebody who is signed in."""
    return sign_in(client, "ada")


def run(client: TestClient, function: Callable[..., Any], *arguments: object) -> Any:
    """What a coroutine function gives, run where the application runs."""
    assert client.portal is not None
    return client.portal.call(function, *arguments)
