"""Where events are told and heard: each broker's client is imported where it is used."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib import import_module

from app.events.consumers import deliver
from app.events.outbox import Publish
from app.events.settings import EventSettings

MODULES = {
    "kafka": "app.events.kafka",
    "redis": "app.events.redis_streams",
    "dapr": "app.events.dapr",
}


@asynccontextmanager
async def local(_settings: EventSettings) -> AsyncIterator[Publish]:
    """The consumers of this process, without a broker in between."""
    yield deliver


def publisher(settings: EventSettings) -> AbstractAsyncContextManager[Publish]:
    """What tells events, while it is open."""
    if settings.events_broker == "local":
        return local(settings)
    opened: AbstractAsyncContextManager[Publish] = import_module(
        MODULES[settings.events_broker]
    ).publisher(settings)
    return opened


async def consume(settings: EventSettings) -> None:
    """Hear events from the broker and hand them to the consumers, until it is cancelled.

    Raises:
        ValueError: If there is no broker to hear from.
    """
    if settings.events_broker not in ("kafka", "redis"):
        raise ValueError(f"nothing is to be heard from the broker {settings.events_broker!r}")
    await import_module(MODULES[settings.events_broker]).consume(settings, deliver)
