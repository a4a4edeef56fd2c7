"""Sessions of browsers: the same accounts, but no script ever holds the token that lasts.

The refresh token travels in a cookie that belongs to these routes alone, the access token in the
answer. The page has to come from this address: its server passes `/api` on.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Response
from fastapi.security import APIKeyCookie

from app.auth_settings import get_auth_settings
from app.errors import ForbiddenError, documented
from app.routers.auth import Address, log_in
from app.schemas.auth import LoginForm, Tokens
from app.schemas.browser import AccessToken, SignIn
from app.security import unauthorized
from app.services import session
from app.settings import get_settings

COOKIE = "refresh_token"
PATH = "/api/v1/session"
DAY = 24 * 60 * 60
# A page that was left before the answer came asks again with the token it knows.
LEEWAY_SECONDS = 10


async def own_page(
    sec_fetch_site: Annotated[str | None, Header(include_in_schema=False)] = None,
) -> None:
    """Refuse what a page of another address sends; browsers say so, whatever that page wants.

    Raises:
        ForbiddenError: If it is one.
    """
    if sec_fetch_site not in {None, "same-origin", "none"}:
        raise ForbiddenError("Only pages of this address may do this.")


cookie = APIKeyCookie(name=COOKIE, auto_error=False)


async def refresh_token(value: Annotated[str | None, Depends(cookie)]) -> str:
    """The refresh token of a browser.

    Raises:
        UnauthorizedError: If it has none.
    """
    if not value:
        raise unauthorized("Sign in again.")
    return value


RefreshToken = Annotated[str, Depends(refresh_token)]

router = APIRouter(
    prefix="/session",
    tags=["session"],
    responses=documented(401, 403, 429),
    dependencies=[Depends(own_page)],
)


@router.post("", status_code=201, response_model=AccessToken)
async def open_browser_session(address: Address, data: SignIn, response: Response) -> Tokens:
    """Sign in from a browser."""
    form = LoginForm(username=data.email, password=data.password)
    return _kept(await log_in(address, form), response)


@router.post("/refresh", response_model=AccessToken)
async def refresh_browser_session(
    _address: Address, token: RefreshToken, response: Response
) -> Tokens:
    """Get a new access token; the cookie is replaced."""
    return _kept(await session.refresh(token, leeway=LEEWAY_SECONDS), response)


@router.delete("", status_code=204)
async def end_browser_session(token: RefreshToken, response: Response) -> None:
    """Sign out: none of the session's tokens works any more."""
    await session.end_session_of(token)
    response.delete_cookie(COOKIE, path=PATH)


def _kept(tokens: Tokens, response: Response) -> Tokens:
    """The tokens, of which the lasting one is in the cookie of the response."""
    response.set_cookie(
        COOKIE,
        tokens.refresh_token,
        max_age=get_auth_settings().refresh_token_days * DAY,
        path=PATH,
        secure=not get_settings().is_development,
        httponly=True,
        samesite="strict",
    )
    return tokens
