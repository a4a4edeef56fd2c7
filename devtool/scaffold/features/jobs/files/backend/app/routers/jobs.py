"""No routes: the queue is open while the application runs, so that routes can add jobs to it.

`await tidy.defer_async()` adds one.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI

from app.database import get_database
from app.jobs import connector, jobs


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
    """Keep the queue open; SQLite has none."""
    if get_database().is_sqlite:
        yield
        return
    with jobs.replace_connector(connector()):  # its connections belong to this event loop
        async with jobs.open_async():
            yield


router = APIRouter(lifespan=lifespan)
