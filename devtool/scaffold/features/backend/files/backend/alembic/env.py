"""Run migrations: from the command line, or on the connection of the application that starts."""

import asyncio

from alembic import context
from sqlalchemy import Connection, text

from app import models
from app.database import Database
from app.rendering import render_item
from app.settings import get_settings

# Any number will do: it is the name of the lock that lets one process migrate at a time.
LOCK = 7_302_115


def migrate(connection: Connection) -> None:
    """Run the migrations in one transaction, one process at a time."""
    context.configure(
        connection=connection,
        # The package imports every module with tables, so this knows all of them.
        target_metadata=models.user.User.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_server_default=True,
        render_item=render_item,
    )
    with context.begin_transaction():
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        context.run_migrations()


async def migrate_configured() -> None:
    """Migrate the database of the settings."""
    database = Database(get_settings())
    try:
        async with database.transaction() as connection:
            await connection.run_sync(migrate)
    finally:
        await database.close()


given = context.config.attributes.get("connection")
if isinstance(given, Connection):
    migrate(given)
else:
    asyncio.run(migrate_configured())
