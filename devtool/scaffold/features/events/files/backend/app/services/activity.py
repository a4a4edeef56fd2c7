"""What the consumer `activity` has counted."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import bindparam, select
from sqlmodel import SQLModel

from app.database import get_database
from app.models.event import Activity  # noqa: F401  (fills the metadata)

ACTIVITY = SQLModel.metadata.tables["activity"]


class ActivityRecord(NamedTuple):
    """How much somebody has done; the names are those of the columns."""

    created: int
    changed: int
    deleted: int
    last_at: datetime | None


NONE = ActivityRecord(0, 0, 0, None)
GET = select(*(ACTIVITY.c[name] for name in ActivityRecord._fields)).where(
    ACTIVITY.c.owner == bindparam("owner")
)


async def get_activity(owner: str) -> ActivityRecord:
    """What was counted of the owner so far: events are heard a moment after they happen."""
    async with get_database().statements() as connection:
        row = (await connection.execute(GET, {"owner": owner})).first()
    return NONE if row is None else ActivityRecord._make(row)
