"""Redis: a stream, and a group of consumers that share it."""

import os
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from app.events.event import Event
from app.events.outbox import Publish
from app.events.settings import EventSettings
from app.logs import logger

FIELD = "event"
WAIT_MS = 1000
# What a consumer took and did not finish in this time is taken over.
ABANDONED_MS = 60_000
LONGEST = 100_000


@asynccontextmanager
async def publisher(settings: EventSettings) -> AsyncIterator[Publish]:
    """What tells events to Redis, while it is open."""
    client = Redis.from_url(settings.events_url.get_secret_value())

    async def publish(events: Sequence[Event]) -> None:
        async with client.pipeline(transaction=True) as pipeline:
            for event in events:
                pipeline.xadd(settings.events_topic, {FIELD: event.to_json()}, maxlen=LONGEST)
            await pipeline.execute()

    try:
        yield publish
    finally:
        await client.aclose()


async def consume(settings: EventSettings, deliver: Publish) -> None:
    """Hear events from Redis. What was handled is acknowledged only afterwards."""
    client: Any = Redis.from_url(settings.events_url.get_secret_value(), decode_responses=True)
    stream, group = settings.events_topic, settings.events_group
    name = f"{socket.gethostname()}-{os.getpid()}"
    try:
        await _make_group(client, stream, group)
        while True:
            claimed = await client.xautoclaim(stream, group, name, min_idle_time=ABANDONED_MS)
            fresh = await client.xreadgroup(
                group, name, {stream: ">"}, count=settings.events_batch, block=WAIT_MS
            )
            entries = [*claimed[1], *(entry for _, found in fresh or () for entry in found)]
            for number, fields in entries:
                await _handle(number, fields, deliver)
                await client.xack(stream, group, number)
    finally:
        await client.aclose()


async def _make_group(client: Any, stream: str, group: str) -> None:
    try:
        await client.xgroup_create(stream, group, id="0", mkstream=True)
    except ResponseError as error:
        if "BUSYGROUP" not in str(error):
            raise


async def _handle(number: str, fields: dict[str, str], deliver: Publish) -> None:
    try:
        event = Event.from_json(fields.get(FIELD, ""))
    except ValueError:
        logger.warning("not an event", extra={"entry": number})
        return
    await deliver([event])
