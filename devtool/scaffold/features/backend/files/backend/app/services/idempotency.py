"""Do a thing once, however often it is asked for with the same key."""

import hashlib
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database import get_database
from app.errors import ConflictError
from app.models.base import now
from app.models.idempotency import IdempotencyKey

KEYS = IdempotencyKey.metadata.tables["idempotency_keys"]
# How long an answer is repeated.
KEPT = timedelta(hours=24)

OWN = (KEYS.c.user_id == bindparam("owner"), KEYS.c.key == bindparam("its_key"))
FIND = select(KEYS.c.fingerprint, KEYS.c.response).where(*OWN)
ANSWER = update(KEYS).where(*OWN).values(response=bindparam("answer"))
FORGET = delete(KEYS).where(KEYS.c.created_at < bindparam("moment"))


class Once(NamedTuple):
    """What was answered, as JSON, and whether that was for an earlier request."""

    response: str
    replayed: bool


async def once(
    owner: str, key: str, request: str, do: Callable[[AsyncConnection], Awaitable[str]]
) -> Once:
    """Do it, or repeat what was answered when it was done.

    The key is written first, in the transaction that does the work: a second request waits there
    until the first has committed, and then finds its answer.

    Raises:
        ConflictError: If the key came with another request before.
    """
    database = get_database()
    insert = sqlite.insert if database.is_sqlite else postgresql.insert
    fingerprint = hashlib.sha256(request.encode()).hexdigest()
    row = {"user_id": owner, "key": key, "fingerprint": fingerprint}
    claim = insert(KEYS).values(**row, response="", created_at=now()).on_conflict_do_nothing()
    own = {"owner": owner, "its_key": key}
    async with database.transaction() as connection:
        claimed = await connection.execute(claim)
        if claimed.rowcount:
            response = await do(connection)
            await connection.execute(ANSWER, {**own, "answer": response})
            return Once(response, replayed=False)
        earlier = (await connection.execute(FIND, own)).one()
    if earlier.fingerprint != fingerprint:
        raise ConflictError("This Idempotency-Key was used for another request.")
    return Once(earlier.response, replayed=True)


async def forget_old() -> None:
    """Delete the keys whose time is over."""
    await get_database().execute(FORGET, {"moment": now() - KEPT})
