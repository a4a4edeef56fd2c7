"""What `/mcp` asks of every request before the protocol sees it: a known page, a user, patience."""

import re

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import Message, Receive, Scope, Send

from app.ai.caller import CALLER, Caller
from app.ai.mcp import direct
from app.ai.mcp.pace import Pace
from app.ai.mcp.sessions import Sessions
from app.ai.mcp.settings import MCPSettings, get_mcp_settings
from app.current_user import user_of
from app.errors import UnauthorizedError, problem
from app.settings import get_settings

PATH = "/mcp"
# Where RFC 9728 puts the document about the resource at PATH.
METADATA = f"/.well-known/oauth-protected-resource{PATH}"
LOCAL_PAGE = re.compile(r"http://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?")


class Endpoint:
    """The ASGI application at PATH. One for each start of the application."""

    def __init__(self, settings: MCPSettings) -> None:
        self.sessions = Sessions()
        self.pace = Pace(settings.mcp_calls_per_minute)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        refusal = (
            _wrong_page(request) or await self._wrong_caller(request) or _wrong_method(request)
        )
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        try:
            body = await request.body()
        except ClientDisconnect:
            return
        answer = await direct.answer(scope["headers"], body, scope[CALLER])
        application = answer or await self.sessions.application()
        await application(scope, _again(body, receive), send)

    async def _wrong_caller(self, request: Request) -> Response | None:
        """The answer to somebody who is not signed in or asks too often."""
        try:
            user_id = await user_of(_bearer(request))
        except UnauthorizedError as error:
            return problem(401, error.detail, headers={"WWW-Authenticate": _challenge(request)})
        request.scope[CALLER] = Caller(user_id)
        if seconds := await self.pace.wait(user_id):
            return problem(429, "Too many calls.", headers={"Retry-After": str(seconds)})
        return None


def _again(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives a body once more that was read."""
    kept: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return kept.pop() if kept else await receive()

    return again


async def metadata(request: Request) -> Response:
    """The document that tells clients where tokens for this resource come from (RFC 9728)."""
    base = _base(request)
    return JSONResponse(
        {
            "resource": f"{base}{PATH}",
            "authorization_servers": get_mcp_settings().mcp_authorization_servers or [base],
            "bearer_methods_supported": ["header"],
            "resource_name": "__TITLE__",
        }
    )


def _wrong_page(request: Request) -> Response | None:
    """The answer to a page of another site, which a browser was led to (DNS rebinding)."""
    origin = request.headers.get("origin")
    if origin is None or _is_known(origin):
        return None
    return problem(403, "Pages of this origin may not call this.")


def _wrong_method(request: Request) -> Response | None:
    """The answer to all but calls.

    A client of the older revision asks for a stream of what the server has to say by itself. There
    is never anything, and each would stay open for ever.
    """
    if request.method == "POST":
        return None
    return problem(405, "This address is only for calls.", headers={"Allow": "POST"})


def _is_known(origin: str) -> bool:
    settings = get_settings()
    known = {*settings.cors_origins, *get_mcp_settings().mcp_origins}
    return origin in known or (settings.is_development and bool(LOCAL_PAGE.fullmatch(origin)))


def _bearer(request: Request) -> str | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def _challenge(request: Request) -> str:
    error = 'error="invalid_token", ' if _bearer(request) else ""
    return f'Bearer {error}resource_metadata="{_base(request)}{METADATA}"'


def _base(request: Request) -> str:
    # The Host header is one of TRUSTED_HOSTS here: app/middleware.py has seen to that.
    return get_mcp_settings().mcp_public_url or str(request.base_url).rstrip("/")
