"""Whether this process lives, and whether it can work."""

import asyncio

from fastapi import APIRouter
from sqlalchemy import text

from app.database import get_database
from app.running import DatabaseUnavailableError
from app.schemas.health import Health

SECONDS = 2.0

router = APIRouter(prefix="/health", tags=["health"])


@router.get("/live", response_model=Health)
async def live() -> Health:
    """Answer: a process that cannot do even this should be started again."""
    return Health()


@router.get("/ready", response_model=Health)
async def ready() -> Health:
    """Answer if the database does: others should not send requests here before."""
    try:
        async with asyncio.timeout(SECONDS):
            await get_database().value(text("SELECT 1"))
    except TimeoutError as error:
        raise DatabaseUnavailableError(f"no answer in {SECONDS:g} s") from error
    return Health()
