"""How often somebody may try: counted in the database, so that all processes count together."""

import hashlib
import math
from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import bindparam, case, delete
from sqlalchemy.dialects import postgresql, sqlite

from app.database import get_database
from app.errors import TooManyRequestsError
from app.models.base import now
from app.models.rate_limit import RateLimit

LIMITS = RateLimit.metadata.tables["rate_limits"]
FORGET = delete(LIMITS).where(LIMITS.c.key == bindparam("its_key"))
FORGET_OLD = delete(LIMITS).where(LIMITS.c.closes_at < bindparam("moment"))


class Rule(NamedTuple):
    """So many attempts in a window of so many seconds."""

    name: str
    attempts: int
    seconds: int


async def count(rule: Rule, *subject: str) -> None:
    """Count an attempt.

    Raises:
        TooManyRequestsError: If it was one too many.
    """
    wait = await attempt(rule, *subject)
    if wait:
        raise TooManyRequestsError("Too many attempts. Wait a while.", retry_after=wait)


async def attempt(rule: Rule, *subject: str) -> int:
    """Count an attempt: 0, or how many seconds to wait if it was one too many."""
    moment = now()
    window = {
        "key": _key(rule, subject),
        "count": 1,
        "closes_at": moment + timedelta(seconds=rule.seconds),
    }
    insert = sqlite.insert if get_database().is_sqlite else postgresql.insert
    closed = LIMITS.c.closes_at <= moment
    statement = (
        insert(LIMITS)
        .values(window)
        .on_conflict_do_update(
            index_elements=[LIMITS.c.key],
            set_={
                "count": case((closed, 1), else_=LIMITS.c["count"] + 1),
                "closes_at": case((closed, window["closes_at"]), else_=LIMITS.c.closes_at),
            },
        )
        .returning(LIMITS.c["count"].label("attempts"), LIMITS.c.closes_at)
    )
    (row,) = await get_database().all(statement)
    attempts, closes_at = row
    if attempts <= rule.attempts:
        return 0
    left: timedelta = closes_at - moment
    return max(1, math.ceil(left.total_seconds()))


async def forgive(rule: Rule, *subject: str) -> None:
    """Forget the attempts of somebody who got it right."""
    await get_database().execute(FORGET, {"its_key": _key(rule, subject)})


async def forget_old() -> None:
    """Delete the windows that are closed."""
    await get_database().execute(FORGET_OLD, {"moment": now()})


def _key(rule: Rule, subject: tuple[str, ...]) -> str:
    """A key of bounded length that names nobody."""
    digest = hashlib.sha256("\n".join(subject).encode("utf-8", "replace")).hexdigest()
    return f"{rule.name}:{digest[:40]}"
