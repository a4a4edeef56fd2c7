"""Lets pages of other origins call /mcp: they send and read other headers than those of the API."""

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from app.ai.mcp.endpoint import LOCAL_PAGE, METADATA, PATH
from app.ai.mcp.settings import get_mcp_settings
from app.settings import get_settings

# What clients of either revision of the protocol send, and what they have to see of an answer.
SENT = [
    "Authorization",
    "Content-Type",
    "Last-Event-ID",
    "Mcp-Method",
    "Mcp-Name",
    "Mcp-Protocol-Version",
    "Mcp-Session-Id",
]
SEEN = ["Mcp-Protocol-Version", "Mcp-Session-Id", "Retry-After", "WWW-Authenticate", "X-Request-ID"]


class McpPages:
    """Answers browsers that ask whether a page may call /mcp, and tells them so with each answer.

    Around everything else: a page has to see a refusal too, such as where to get a token. Whether
    a call is answered at all is decided in `app/ai/mcp/endpoint.py`.
    """

    def __init__(self, app: ASGIApp) -> None:
        settings = get_settings()
        self.app = app
        # No credentials: the token comes in a header, and a cookie is of no use here.
        self.pages = CORSMiddleware(
            app,
            allow_origins=[*settings.cors_origins, *get_mcp_settings().mcp_origins],
            allow_origin_regex=LOCAL_PAGE.pattern if settings.is_development else None,
            allow_methods=["GET", "POST", "DELETE"],
            allow_headers=SENT,
            expose_headers=SEEN,
            max_age=600,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        is_ours = scope["type"] == "http" and scope["path"] in (PATH, METADATA)
        await (self.pages if is_ours else self.app)(scope, receive, send)


def install(app: FastAPI) -> None:
    """Let pages call."""
    app.add_middleware(McpPages)
