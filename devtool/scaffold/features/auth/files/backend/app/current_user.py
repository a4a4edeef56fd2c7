"""Who is asking: whoever the bearer token of a request speaks for."""

from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import OAuth2PasswordBearer
from starlette.requests import HTTPConnection

from app.auth_settings import get_auth_settings
from app.errors import documented
from app.security import Identity, unauthorized
from app.services import auth, idempotency, rate_limit, session

DEMO_EMAIL = "demo@example.com"
DEMO_PASSWORD = "demo-password"

# What routes that need a user may answer besides their own.
USER_RESPONSES = documented(401)


class SignedIn(OAuth2PasswordBearer):
    """Reads the token and looks it up in one step: every request pays for it."""

    async def __call__(self, request: HTTPConnection) -> str:
        """The id of the user whose data a request may see.

        Raises:
            UnauthorizedError: If the request does not say whose it is, or not truthfully.
        """
        return (await identify(request.headers.get("authorization", ""))).user_id


signed_in = SignedIn(tokenUrl="/api/v1/auth/login", refreshUrl="/api/v1/auth/refresh")
CurrentUser = Annotated[str, Depends(signed_in)]


async def current_session(request: Request, _user: CurrentUser) -> Identity:
    """The user and the session of a request."""
    return await identify(request.headers["authorization"])


async def identify(header: str) -> Identity:
    """Whom an Authorization header speaks for."""
    kind, _, token = header.partition(" ")
    if kind.lower() != "bearer" or not token:
        raise unauthorized()
    return await session.identify(token)


async def user_of(token: str | None) -> str:
    """The id of the user that a token speaks for, for those who ask beside the routes.

    Raises:
        UnauthorizedError: If there is no token, or it is not valid.
    """
    if not token:
        raise unauthorized()
    return (await session.identify(token)).user_id


CurrentSession = Annotated[Identity, Depends(current_session)]


def check() -> None:
    """Refuse to start with settings that are not safe."""
    get_auth_settings()


async def prepare() -> None:
    """Clear away at start-up what is over."""
    for service in (auth, idempotency, rate_limit, session):
        await service.forget_old()


async def demo_user() -> str:
    """The id of the user who owns the demo data; made when it is first needed."""
    known = await auth.find(DEMO_EMAIL)
    return known.id if known else await auth.create_verified(DEMO_EMAIL, DEMO_PASSWORD)
