"""The outbox: events that are in the database, and whether they were told."""

import json
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

from sqlalchemy import bindparam, delete, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import SQLModel

from app.database import get_database
from app.events.event import Event
from app.models.base import now
from app.models.event import Outbox  # noqa: F401  (fills the metadata)

Publish = Callable[[Sequence[Event]], Awaitable[None]]

OUTBOX = SQLModel.metadata.tables["outbox"]
# One teller at a time keeps the order; the number means nothing but this.
LOCK = text("SELECT pg_try_advisory_xact_lock(727374)")
PENDING = (
    select(OUTBOX)
    .where(OUTBOX.c.published_at.is_(None))
    .order_by(OUTBOX.c.id)
    .limit(bindparam("most"))
)
TOLD = (
    update(OUTBOX)
    .where(OUTBOX.c.event_id == bindparam("told"))
    .values(published_at=bindparam("moment"))
)
OLD = delete(OUTBOX).where(OUTBOX.c.published_at < bindparam("before"))


async def tell(publish: Publish, most: int) -> int:
    """Tell the oldest events that were not told; how many.

    They count as told when `publish` has returned. Where it raises, or the process ends before that
    is written, they are told again: at least once.
    """
    database = get_database()
    if database.is_sqlite:
        # A transaction would keep all others from writing while a broker is waited for.
        async with database.statements() as connection:
            return await _tell(connection, publish, most)
    async with database.transaction() as connection:
        if not await connection.scalar(LOCK):
            return 0
        return await _tell(connection, publish, most)


async def _tell(connection: AsyncConnection, publish: Publish, most: int) -> int:
    rows = (await connection.execute(PENDING, {"most": most})).mappings().all()
    events = [
        Event(
            row["event_id"],
            row["kind"],
            row["key"],
            row["owner"],
            row["created_at"],
            json.loads(row["data"]),
        )
        for row in rows
    ]
    if events:
        await publish(events)
        moment = now()
        await connection.execute(TOLD, [{"told": event.id, "moment": moment} for event in events])
    return len(events)


async def forget(days: int) -> None:
    """Remove the events that were told longer ago."""
    async with get_database().statements() as connection:
        await connection.execute(OLD, {"before": now() - timedelta(days=days)})
