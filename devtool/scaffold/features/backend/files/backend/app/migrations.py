"""Bring the database up at start-up: wait for it, and in development migrate it."""

import asyncio
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

from app.database import Database, is_outage
from app.logs import logger
from app.running import DatabaseUnavailableError
from app.settings import BACKEND

if TYPE_CHECKING:
    from alembic.config import Config

VERSIONS = BACKEND / "alembic" / "versions"
REVISION = re.compile(r"""^(down_revision|revision)\b[^=\n]*=\s*["']([^"']+)["']""", re.MULTILINE)


async def wait_for(database: Database, seconds: float) -> None:
    """Return when the database answers.

    Raises:
        DatabaseUnavailableError: If it does not in that time.
    """
    deadline = time.monotonic() + seconds
    delay = 0.1
    while True:
        try:
            await database.value(text("SELECT 1"))
        except Exception as error:
            if not is_outage(error):
                raise
            if time.monotonic() + delay > deadline:
                raise DatabaseUnavailableError(f"no database in {seconds:g} s") from error
            logger.warning("waiting for the database", extra={"reason": type(error).__name__})
            await asyncio.sleep(delay)
            delay = min(delay * 2, 2.0)
        else:
            return


async def upgrade(database: Database) -> bool:
    """Migrate to the newest revision; whether there was anything to do."""
    async with database.transaction() as connection:
        current = await connection.run_sync(current_revision)
    # Alembic takes longer to import than the whole application: look before asking it.
    if current is not None and {current} == heads():
        return False
    async with database.transaction() as connection:
        await connection.run_sync(_upgrade)
    return True


def heads(versions: Path = VERSIONS) -> set[str]:
    """The revisions that no other revision comes after, read from the files' text."""
    found: dict[str, set[str]] = {"revision": set(), "down_revision": set()}
    for path in versions.glob("*.py"):
        for kind, name in REVISION.findall(path.read_text(encoding="utf-8")):
            found[kind].add(name)
    return found["revision"] - found["down_revision"]


def current_revision(connection: Connection) -> str | None:
    """The revision a database is at, or None."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    name: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return name


def configuration(connection: Connection) -> "Config":
    """What Alembic's commands need to work on a connection."""
    from alembic.config import Config

    config = Config(BACKEND / "alembic.ini")
    config.attributes["connection"] = connection
    return config


def _upgrade(connection: Connection) -> None:
    from alembic import command

    command.upgrade(configuration(connection), "head")
