"""Who is asking: without the feature `auth`, always the one local user of this installation."""

from typing import Annotated

from fastapi import Depends

from app.database import get_database
from app.errors import documented
from app.models.user import User

LOCAL_USER = "00000000-0000-0000-0000-000000000000"

# What routes that need a user may answer besides their own.
USER_RESPONSES = documented()


async def current_user() -> str:
    """The id of the user whose data a request may see."""
    return LOCAL_USER


async def user_of(_token: str | None) -> str:
    """The id of the user that a token speaks for, for those who ask beside the routes."""
    return LOCAL_USER


CurrentUser = Annotated[str, Depends(current_user)]


def check() -> None:
    """Refuse to start with settings that are not safe; here there are none."""


async def prepare() -> None:
    """Make sure at start-up that the local user exists."""
    async with get_database().session() as session:
        if await session.get(User, LOCAL_USER) is None:
            session.add(User(id=LOCAL_USER, email="local@localhost.localdomain"))


async def demo_user() -> str:
    """The id of the user who owns the demo data."""
    return LOCAL_USER
