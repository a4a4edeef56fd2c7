"""Sign-ins: opened with a password, kept alive with refresh tokens, and ended."""

import time
from datetime import timedelta
from typing import Any, TypeVar

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.auth_settings import get_auth_settings
from app.database import get_database
from app.logs import logger
from app.models.auth import AuthSession, RefreshToken
from app.models.base import new_id, now
from app.schemas.auth import Tokens
from app.security import (
    Identity,
    access_token,
    new_token,
    read_access_token,
    token_hash,
    unauthorized,
)

SESSIONS = AuthSession.metadata.tables["auth_sessions"]
TOKENS = RefreshToken.metadata.tables["refresh_tokens"]
# Either cache is emptied when it is full: simple, and rare.
MOST_REMEMBERED = 10_000

OPEN = (SESSIONS.c.revoked_at.is_(None), SESSIONS.c.expires_at > bindparam("moment"))
FIND = select(SESSIONS.c.user_id).where(SESSIONS.c.id == bindparam("session_id"), *OPEN)
USE = (
    update(TOKENS)
    .where(
        TOKENS.c.token_hash == bindparam("hashed"),
        TOKENS.c.used_at.is_(None),
        TOKENS.c.expires_at > bindparam("moment"),
    )
    .values(used_at=bindparam("moment"))
    .returning(TOKENS.c.session_id)
)
FIND_TOKEN = select(TOKENS.c.session_id, TOKENS.c.used_at).where(
    TOKENS.c.token_hash == bindparam("hashed")
)
REVOKE = (
    update(SESSIONS)
    .where(SESSIONS.c.id == bindparam("session_id"))
    .values(revoked_at=bindparam("moment"))
)
REVOKE_ALL = (
    update(SESSIONS)
    .where(SESSIONS.c.user_id == bindparam("owner"), SESSIONS.c.revoked_at.is_(None))
    .values(revoked_at=bindparam("moment"))
    .returning(SESSIONS.c.id)
)
FORGET_OLD = delete(SESSIONS).where(SESSIONS.c.expires_at < bindparam("moment"))

Value = TypeVar("Value")

_identities: dict[str, Identity] = {}
_open_until: dict[str, tuple[str, float]] = {}


async def identify(token: str) -> Identity:
    """Whom an access token speaks for.

    A signature is checked once, the expiry every time, and the session in the database at most
    every few seconds: that is how long another process may not notice a sign-out.

    Raises:
        UnauthorizedError: If the token is not valid, or its session has ended.
    """
    moment = time.time()
    identity = _identities.get(token)
    if identity is None or identity.expires <= moment:
        _identities.pop(token, None)
        identity = read_access_token(token)
        _remember(_identities, token, identity)
    user_id, until = _open_until.get(identity.session_id, ("", 0.0))
    if user_id != identity.user_id or until <= moment:
        await _check_open(identity)
        until = moment + get_auth_settings().session_check_seconds
        _remember(_open_until, identity.session_id, (identity.user_id, until))
    return identity


async def open_session(user_id: str) -> Tokens:
    """A new session of a user who gave the password."""
    settings = get_auth_settings()
    session_id = new_id()
    row = {
        "id": session_id,
        "user_id": user_id,
        "created_at": now(),
        "expires_at": now() + timedelta(days=settings.session_days),
    }
    async with get_database().transaction() as connection:
        await connection.execute(SESSIONS.insert().values(row))
        return await _issue(connection, user_id, session_id)


async def refresh(token: str, *, leeway: float = 0) -> Tokens:
    """New tokens for a refresh token, which works no more afterwards.

    Args:
        token: The refresh token.
        leeway: For how many seconds after its first use it may be used again: for callers that may
            not have got the answer.

    Raises:
        UnauthorizedError: If it is not valid. If it was used before, somebody stole it: whoever
            has the newer ones may be the thief, so the whole session ends.
    """
    values = {"hashed": token_hash(token), "moment": now()}
    async with get_database().transaction() as connection:
        session_id: str | None = await connection.scalar(USE, values)
        if session_id is None:
            session_id = await _used_again(connection, values, leeway)
        user_id = await connection.scalar(FIND, {**values, "session_id": session_id})
        if session_id is not None and user_id is not None:
            return await _issue(connection, user_id, session_id)
    raise unauthorized("Sign in again.")


async def end_session(session_id: str) -> None:
    """End one session: none of its tokens works any more."""
    await get_database().execute(REVOKE, {"session_id": session_id, "moment": now()})
    _open_until.pop(session_id, None)


async def end_session_of(token: str) -> None:
    """End the session that a refresh token was given out for."""
    async with get_database().transaction() as connection:
        session_id = await connection.scalar(FIND_TOKEN, {"hashed": token_hash(token)})
    if session_id is not None:
        await end_session(session_id)


async def end_sessions(connection: AsyncConnection, user_id: str) -> None:
    """End every session of a user, within a transaction."""
    ended = await connection.scalars(REVOKE_ALL, {"owner": user_id, "moment": now()})
    for session_id in ended:
        _open_until.pop(session_id, None)


async def forget_old() -> None:
    """Delete the sessions whose time is over, with their tokens."""
    await get_database().execute(FORGET_OLD, {"moment": now()})


def forget_tokens() -> None:
    """Believe no token any more without looking at it again: the keys have changed."""
    _identities.clear()
    _open_until.clear()


async def _check_open(identity: Identity) -> None:
    _open_until.pop(identity.session_id, None)
    values = {"session_id": identity.session_id, "moment": now()}
    user_id = await get_database().value(FIND, values)
    if user_id != identity.user_id:
        raise unauthorized()


async def _issue(connection: AsyncConnection, user_id: str, session_id: str) -> Tokens:
    settings = get_auth_settings()
    secret = new_token()
    row = {
        "token_hash": token_hash(secret),
        "session_id": session_id,
        "expires_at": now() + timedelta(days=settings.refresh_token_days),
    }
    await connection.execute(TOKENS.insert().values(row))
    return Tokens(
        access_token=access_token(user_id, session_id),
        refresh_token=secret,
        expires_in=settings.access_token_minutes * 60,
    )


async def _used_again(
    connection: AsyncConnection, values: dict[str, Any], leeway: float
) -> str | None:
    """The session of a token that was used just now; that of one used before is ended instead."""
    known = (await connection.execute(FIND_TOKEN, values)).first()
    if known is None or known.used_at is None:
        return None
    if leeway and now() - known.used_at < timedelta(seconds=leeway):
        session_id: str = known.session_id
        return session_id
    logger.warning("refresh token used twice", extra={"session": known.session_id})
    await connection.execute(REVOKE, {**values, "session_id": known.session_id})
    _open_until.pop(known.session_id, None)
    return None


def _remember(cache: dict[str, Value], key: str, value: Value) -> None:
    if len(cache) >= MOST_REMEMBERED:
        cache.clear()
    cache[key] = value
