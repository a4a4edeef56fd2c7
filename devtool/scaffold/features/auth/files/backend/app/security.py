"""Passwords and tokens: what is written into them, and what is believed of them."""

import hashlib
import re
import secrets
import time
from functools import lru_cache
from typing import Any, NamedTuple

import jwt
from anyio import CapacityLimiter, to_thread
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from app.auth_settings import get_auth_settings, key_id
from app.errors import UnauthorizedError

ALGORITHM = "HS256"
ID = re.compile("[0-9a-f-]{36}")
REQUIRED = ["iss", "aud", "sub", "sid", "iat", "exp"]
# A hash takes 64 MiB and a core: more at once would only take memory from each other.
HASHES_AT_ONCE = 2

hasher = PasswordHash((Argon2Hasher(),))


class Identity(NamedTuple):
    """Whom a token speaks for."""

    user_id: str
    session_id: str
    expires: float


async def hash_password(password: str) -> str:
    """The Argon2id hash of a password, made beside the event loop."""
    return await to_thread.run_sync(hasher.hash, password, limiter=_limiter())


async def verify_password(password: str, hashed: str | None) -> tuple[bool, str | None]:
    """Whether a password fits, and its new hash if the old one is out of date.

    Where there is no hash, because there is no such user, it takes as long as if there were.
    """
    return await to_thread.run_sync(_verify, password, hashed, limiter=_limiter())


def _verify(password: str, hashed: str | None) -> tuple[bool, str | None]:
    fits, renewed = hasher.verify_and_update(password, hashed or _dummy_hash())
    return (fits, renewed) if hashed else (False, None)


@lru_cache
def _dummy_hash() -> str:
    return hasher.hash(secrets.token_urlsafe())


@lru_cache
def _limiter() -> CapacityLimiter:
    return CapacityLimiter(HASHES_AT_ONCE)


def access_token(user_id: str, session_id: str) -> str:
    """A signed token that says who somebody is, for a short time."""
    settings = get_auth_settings()
    key = settings.signing_keys[0]
    moment = int(time.time())
    claims = {
        "iss": settings.token_issuer,
        "aud": settings.token_audience,
        "sub": user_id,
        "sid": session_id,
        "iat": moment,
        "exp": moment + settings.access_token_minutes * 60,
    }
    return jwt.encode(claims, key, ALGORITHM, headers={"kid": key_id(key), "typ": "at+jwt"})


def read_access_token(token: str) -> Identity:
    """Whom a token speaks for.

    Raises:
        UnauthorizedError: If it is not one of ours, or its time is over.
    """
    settings = get_auth_settings()
    keys = {key_id(key): key for key in settings.signing_keys}
    try:
        key = keys[jwt.get_unverified_header(token).get("kid", "")]
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[ALGORITHM],
            issuer=settings.token_issuer,
            audience=settings.token_audience,
            options={"require": REQUIRED},
        )
        identity = Identity(claims["sub"], claims["sid"], float(claims["exp"]))
        if not (ID.fullmatch(identity.user_id) and ID.fullmatch(identity.session_id)):
            raise unauthorized()
    except (jwt.InvalidTokenError, KeyError, TypeError, ValueError) as error:
        raise unauthorized() from error
    return identity


def unauthorized(detail: str = "Sign in to do this.") -> UnauthorizedError:
    """What is answered to somebody who is not signed in; it says no more than that."""
    return UnauthorizedError(detail, headers={"WWW-Authenticate": "Bearer"})


def new_token() -> str:
    """A secret that nobody can guess."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    """What the database keeps of a token: it cannot be used by somebody who reads it there.

    The tokens are random, so a fast hash is as good as a slow one.
    """
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
