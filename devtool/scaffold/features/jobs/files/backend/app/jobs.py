"""Work that no request waits for: jobs in PostgreSQL, done by `python -m app.worker`.

Procrastinate keeps them in the database that is there already: no broker to run, a job is written
with the data it belongs to, and a worker that dies leaves it for another one.
"""

from typing import Any

from procrastinate import App, PsycopgConnector
from psycopg_pool import AsyncConnectionPool
from sqlalchemy import make_url

from app import current_user
from app.database import get_database
from app.settings import get_settings

# Its tables are Procrastinate's own; in a schema of theirs, migrations leave them alone.
SCHEMA = "jobs"


def pool(**options: Any) -> AsyncConnectionPool:
    """The connections to the queue: those of the settings when it is opened."""
    url = make_url(get_settings().database_url.get_secret_value())
    plain = url.set(drivername="postgresql").difference_update_query(["search_path"])
    return AsyncConnectionPool(
        plain.render_as_string(hide_password=False),
        min_size=0,
        max_size=4,
        kwargs={"options": f"-c search_path={SCHEMA}"},
        **options,
    )


def connector() -> PsycopgConnector:
    """The way to the queue; connects when it is opened."""
    return PsycopgConnector(pool_factory=pool)


jobs = App(connector=connector())


@jobs.task
async def tidy() -> None:
    """Delete what is over."""
    await current_user.prepare()


@jobs.periodic(cron="17 * * * *")
@jobs.task
async def tidy_hourly(timestamp: int) -> None:
    """Do so every hour."""
    await current_user.prepare()


async def make_tables() -> None:
    """Make the tables of the queue unless they are there."""
    async with get_database().transaction() as connection:
        await connection.exec_driver_sql(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
        found = await connection.exec_driver_sql(
            f"SELECT to_regclass('{SCHEMA}.procrastinate_jobs')"
        )
        if found.scalar() is not None:
            return
    await jobs.schema_manager.apply_schema_async()
