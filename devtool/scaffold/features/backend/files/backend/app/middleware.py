"""What happens to every request: an id, a bound on its body, and headers on its answer."""

import re
import secrets
import time
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import problem, unexpected
from app.logs import logger, request_id
from app.settings import Settings

# Ids of callers are kept where they are harmless in logs and headers.
GOOD_ID = re.compile(rb"[A-Za-z0-9._-]{8,64}")
SECURITY_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-site"),
)
# Answers of an API are somebody's own; the pages of /docs need scripts and are left alone.
API_HEADERS = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)
HSTS = (b"strict-transport-security", b"max-age=31536000")


class RequestMiddleware:
    """The outermost layer, written on plain ASGI because every request pays for it."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self.limit = settings.max_body_bytes
        self.logs_all = settings.log_requests
        self.hosts = Hosts(settings.trusted_hosts)
        is_public = settings.environment == "production"
        self.page_headers = [*SECURITY_HEADERS, *((HSTS,) if is_public else ())]
        self.api_headers = [*self.page_headers, *API_HEADERS]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        headers: dict[bytes, bytes] = dict(scope["headers"])
        given = headers.get(b"x-request-id")
        known = given if given and GOOD_ID.fullmatch(given) else secrets.token_hex(8).encode()
        request_id.set(known.decode())
        status = 0

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [
                    *message.get("headers", ()),
                    (b"x-request-id", known),
                    *(self.page_headers if _is_page(message) else self.api_headers),
                ]
            await send(message)

        try:
            refusal = self._refusal(headers)
            if refusal:
                await refusal(scope, receive, answer)
            else:
                await self.app(scope, _bounded(receive, self.limit), answer)
        except Exception as error:
            logger.error("unexpected error", exc_info=error)
            if status:  # too late to say so: the server has to cut the connection
                raise
            await unexpected()(scope, receive, answer)
        if self.logs_all or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            _log(scope, status, time.perf_counter() - started)

    def _refusal(self, headers: dict[bytes, bytes]) -> Response | None:
        """The answer to a request that is not worth reading, or None."""
        if not self.hosts.accept(headers.get(b"host", b"").decode("latin-1")):
            return problem(400, "This host is not known by that name.")
        length = headers.get(b"content-length", b"0")
        if length.isdigit() and int(length[:20]) > self.limit:
            # Without the close, the server would read the rest of the body to its end.
            return problem(413, _too_long(self.limit), headers={"Connection": "close"})
        return None


class Hosts:
    """The names that this host answers to."""

    def __init__(self, names: list[str]) -> None:
        self.exact = {name.lower() for name in names}
        self.suffixes = tuple(name[1:].lower() for name in names if name.startswith("*."))
        self.any = "*" in names

    def accept(self, host: str) -> bool:
        """Whether a Host header names this host, with or without a port."""
        if self.any:
            return True
        name = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
        name = name.lower()
        return name in self.exact or bool(self.suffixes and name.endswith(self.suffixes))


def _bounded(receive: Receive, limit: int) -> Receive:
    """A `receive` that stops reading bodies of unknown length at the limit."""
    total = 0

    async def bounded() -> Message:
        nonlocal total
        message = await receive()
        total += len(message.get("body", b""))
        if total > limit:
            raise HTTPException(413, _too_long(limit), headers={"Connection": "close"})
        return message

    return bounded


def _too_long(limit: int) -> str:
    return f"The body may have {limit} bytes."


def _is_page(message: Message) -> bool:
    for key, value in message.get("headers", ()):
        if key == b"content-type":
            return bool(value.startswith(b"text/html"))
    return False


def _log(scope: Scope, status: int, seconds: float) -> None:
    logger.info(
        "request",
        extra={
            "method": scope["method"],
            # The path only: a query may hold what somebody searches for.
            "path": scope["path"],
            "status": status,
            "ms": round(seconds * 1000, 1),
        },
    )
