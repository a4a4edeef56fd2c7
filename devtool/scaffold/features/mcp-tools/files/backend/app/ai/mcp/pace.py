"""How often one user may ask, counted in the database so that all processes count together.

A process takes several calls at once, and fewer the fewer are left: most requests cost no journey
to the database, and nobody is answered more often than the limit says. Calls that a process took
and was not asked for are lost when the minute is over.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from math import ceil

from sqlalchemy import Executable, bindparam, case
from sqlalchemy.dialects import postgresql, sqlite

from app.database import get_database
from app.models.base import now
from app.models.mcp_calls import McpCalls

WINDOW = timedelta(minutes=1)
# A process takes this part of what it knows to be left.
PART = 8
# Whoever asked longest ago is forgotten first.
MOST_USERS = 10_000
LONG_AGO = datetime.min.replace(tzinfo=UTC)
CALLS = McpCalls.metadata.tables["mcp_calls"]


@dataclass(slots=True)
class Taken:
    """What this process took for a user, and what it knows of the others.

    Attributes:
        left: Calls that may be answered without asking again.
        by_all: Calls that all processes took together when this one asked last.
        closes_at: When the minute is over.
        asking: One question at a time, or a burst would take more than it needs.
    """

    left: int = 0
    by_all: int = 0
    closes_at: datetime = LONG_AGO
    asking: asyncio.Lock = field(default_factory=asyncio.Lock)


class Pace:
    """So many requests of each user a minute."""

    def __init__(self, per_minute: int, *, clock: Callable[[], datetime] = now) -> None:
        self._most = per_minute
        self._clock = clock
        self._users: OrderedDict[str, Taken] = OrderedDict()

    async def wait(self, user_id: str) -> int:
        """Seconds that the user has to wait; with 0 the request is counted."""
        taken = self._of(user_id)
        async with taken.asking:
            moment = self._clock()
            if taken.closes_at <= moment:
                taken.by_all = taken.left = 0
            if not taken.left and taken.by_all < self._most:
                await self._take(user_id, taken, moment)
            if taken.left:
                taken.left -= 1
                return 0
            return max(1, ceil((taken.closes_at - moment).total_seconds()))

    def _of(self, user_id: str) -> Taken:
        taken = self._users.setdefault(user_id, Taken())
        self._users.move_to_end(user_id)
        if len(self._users) > MOST_USERS:
            self._users.popitem(last=False)
        return taken

    async def _take(self, user_id: str, taken: Taken, moment: datetime) -> None:
        wanted = max(1, (self._most - taken.by_all) // PART)
        values = {"user_id": user_id, "taken": wanted, "closes_at": moment + WINDOW}
        statement = _take(get_database().is_sqlite)
        (row,) = await get_database().all(statement, values | {"moment": moment})
        taken.by_all, taken.closes_at = row
        taken.left = max(0, wanted - max(0, taken.by_all - self._most))


@lru_cache
def _take(is_sqlite: bool) -> Executable:
    """Take calls of the running minute, or of a new one if that is over."""
    insert = (sqlite.insert if is_sqlite else postgresql.insert)(CALLS)
    is_over = CALLS.c.closes_at <= bindparam("moment", type_=CALLS.c.closes_at.type)
    return (
        insert.values({name: bindparam(name) for name in ("user_id", "taken", "closes_at")})
        .on_conflict_do_update(
            index_elements=[CALLS.c.user_id],
            set_={
                "taken": case(
                    (is_over, insert.excluded.taken), else_=CALLS.c.taken + insert.excluded.taken
                ),
                "closes_at": case((is_over, insert.excluded.closes_at), else_=CALLS.c.closes_at),
            },
        )
        .returning(CALLS.c.taken, CALLS.c.closes_at)
    )
