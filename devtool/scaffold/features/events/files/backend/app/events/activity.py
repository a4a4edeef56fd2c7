"""The consumer `activity`: counts what each user has done."""

from sqlalchemy import bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.events.event import Event
from app.models.base import Moment
from app.models.event import Activity  # noqa: F401  (fills the metadata)

DEEDS = ("created", "changed", "deleted")
COUNT = text(
    "INSERT INTO activity (owner, created, changed, deleted, last_at)"
    " VALUES (:owner, :created, :changed, :deleted, :at)"
    " ON CONFLICT (owner) DO UPDATE SET created = activity.created + :created,"
    " changed = activity.changed + :changed, deleted = activity.deleted + :deleted, last_at = :at"
).bindparams(bindparam("at", type_=Moment))


async def count(connection: AsyncConnection, event: Event) -> None:
    """Count one more; kinds it does not know are none of its business."""
    deed = event.kind.rpartition(".")[2]
    if deed in DEEDS:
        one = {name: int(name == deed) for name in DEEDS}
        await connection.execute(COUNT, {"owner": event.owner, "at": event.at, **one})
