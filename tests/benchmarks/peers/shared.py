"""What the peers of the generated API share: one table shape, one secret, one way to read a token."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime

import jwt

SECRET = "a secret of the benchmark, long enough for HS256"
DATABASE = os.environ["PEER_DATABASE"]  # postgresql://... or a path of a SQLite file
IS_SQLITE = "://" not in DATABASE
POOL = 10

_known: dict[str, tuple[str, float]] = {}


def token_for(user_id: str) -> str:
    """A token that works for an hour."""
    return jwt.encode({"sub": user_id, "exp": int(time.time()) + 3600}, SECRET, "HS256")


def read(token: str) -> str | None:
    """Whose a token is, verified anew every time; None if it is not valid."""
    try:
        return str(jwt.decode(token, SECRET, algorithms=["HS256"])["sub"])
    except jwt.InvalidTokenError:
        return None


def read_cached(token: str) -> str | None:
    """The same, with each signature verified once."""
    known = _known.get(token)
    if known is not None and known[1] > time.time():
        return known[0]
    try:
        claims = jwt.decode(token, SECRET, algorithms=["HS256"])
    except jwt.InvalidTokenError:
        return None
    _known[token] = str(claims["sub"]), float(claims["exp"])
    return str(claims["sub"])


def now() -> datetime:
    """This moment."""
    return datetime.now(UTC)
