"""The route of activity. With it starts and ends the worker that tells events in this process."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI

from app.current_user import USER_RESPONSES, CurrentUser
from app.events import worker
from app.events.settings import get_event_settings
from app.schemas.activity import ActivityRead
from app.services import activity
from app.settings import get_settings


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
    """Tell events here where there is no broker; with one, `python -m app.events` does."""
    settings = get_event_settings()
    stop = asyncio.Event()
    # Tests tell events themselves, one after another.
    alone = settings.events_broker == "local" and get_settings().environment != "test"
    working = asyncio.create_task(worker.run(settings, stop)) if alone else None
    try:
        yield
    finally:
        stop.set()
        if working is not None:
            await working


# An example for your own consumers, and no part of the API that the frontend is typed by.
router = APIRouter(
    prefix="/activity", responses=USER_RESPONSES, lifespan=lifespan, include_in_schema=False
)


@router.get("", response_model=ActivityRead)
async def get_activity(user: CurrentUser) -> activity.ActivityRecord:
    """Read how much you have done."""
    return await activity.get_activity(user)
