"""Who listens: each consumer handles each event once, however often it is told."""

from collections.abc import Awaitable, Callable, Sequence

from sqlalchemy import bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database import get_database
from app.events import activity
from app.events.event import Event
from app.models.base import Moment, now
from app.models.event import Handled  # noqa: F401  (fills the metadata)

Handler = Callable[[AsyncConnection, Event], Awaitable[None]]

# Name -> what it does, in a transaction that it is given. A name is not to be changed: by it is
# known what was handled.
CONSUMERS: dict[str, Handler] = {"activity": activity.count}
FIRST = text(
    "INSERT INTO handled_events (consumer, event_id, handled_at)"
    " VALUES (:consumer, :event, :moment) ON CONFLICT DO NOTHING"
).bindparams(bindparam("moment", type_=Moment))


async def deliver(events: Sequence[Event]) -> None:
    """Hand events to every consumer that has not handled them yet."""
    for event in events:
        for name, handler in CONSUMERS.items():
            await handle_once(name, handler, event)


async def handle_once(name: str, handler: Handler, event: Event) -> bool:
    """Whether this was the first time; that is kept together with what the handler did, or not."""
    async with get_database().transaction() as connection:
        noted = await connection.execute(
            FIRST, {"consumer": name, "event": event.id, "moment": now()}
        )
        if not noted.rowcount:
            return False
        await handler(connection, event)
    return True
