"""Jobs: with PostgreSQL they are done, with SQLite a worker says what it lacks."""

import asyncio

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from app import jobs as module
from app import worker
from app.database import get_database
from tests.conftest import run


async def done() -> int:
    """Add a job, do it, and count the jobs that succeeded."""
    async with module.jobs.open_async():
        await module.make_tables()
        await module.make_tables()
        await module.tidy.defer_async()
    await worker.work(wait=False)
    count = text("SELECT count(*) FROM jobs.procrastinate_jobs WHERE status = 'succeeded'")
    found: int = await get_database().value(count)
    await get_database().close()
    return found


def test_jobs_are_done_where_there_is_a_queue(client: TestClient) -> None:
    if get_database().is_sqlite:
        with pytest.raises(SystemExit, match="PostgreSQL"):
            worker.main()
        return
    run(client, get_database().close)  # its connections belong to its event loop
    with module.jobs.replace_connector(module.connector()):
        assert asyncio.run(done()) >= 1
