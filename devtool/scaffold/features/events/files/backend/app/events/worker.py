"""The worker: tells what is in the outbox, again and again, and waits longer where that fails."""

import asyncio
import contextlib

from app.events import brokers, outbox
from app.events.settings import EventSettings
from app.logs import logger

LONGEST_WAIT = 60.0
# Old events are looked for once in so many looks for new ones.
LOOKS = 1000


async def run(settings: EventSettings, stop: asyncio.Event) -> None:
    """Tell events until it is to stop."""
    wait = settings.events_interval
    looks = 0
    while not stop.is_set():
        try:
            async with brokers.publisher(settings) as publish:
                while not stop.is_set():
                    told = await outbox.tell(publish, settings.events_batch)
                    wait = settings.events_interval
                    looks += 1
                    if looks % LOOKS == 0:
                        await outbox.forget(settings.events_kept_days)
                    if told < settings.events_batch:
                        await _pause(stop, wait)
        except Exception as error:
            # Whatever it is, the events are still there: they are told later.
            logger.warning("events wait", extra={"reason": type(error).__name__})
            await _pause(stop, wait)
            wait = min(wait * 2, LONGEST_WAIT)


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
