"""A tool's call: a request to the application itself, with the credentials of whoever asks."""

import json
import logging
from collections.abc import Iterable, Mapping, MutableMapping
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from starlette.types import ASGIApp, Scope

from .operations import Operation
from .settings import LONGEST_ANSWER

logger = logging.getLogger(__name__)
# What tells the application who is asking, and nothing that belongs to the other request.
CREDENTIALS = (
    b"authorization",
    b"cookie",
    b"host",
    b"x-forwarded-for",
    b"x-forwarded-proto",
)


class Outcome(NamedTuple):
    """What a route answered.

    Attributes:
        status: The status of its answer.
        text: Its body.
    """

    status: int
    text: str

    @property
    def is_error(self) -> bool:
        """Whether it refused."""
        return self.status >= 400

    def value(self) -> Any:
        """The body as JSON, or as text where it is none."""
        try:
            return json.loads(self.text) if self.text else None
        except ValueError:
            return self.text


async def call(
    app: ASGIApp, operation: Operation, arguments: Mapping[str, Any], caller: Scope
) -> Outcome:
    """Call a route as whoever sent another request.

    Args:
        app: The application.
        operation: The route.
        arguments: What it is called with.
        caller: The request whose credentials are used.
    """
    unknown = sorted(set(arguments) - set(operation.places))
    if unknown:
        return Outcome(422, f"{operation.name} takes no {unknown[0]}")
    missing = [
        key for key in operation.schema.get("required", []) if key not in arguments
    ]
    if missing:
        return Outcome(422, f"{operation.name} needs {', '.join(missing)}")
    steps = [
        str(arguments[key])
        for key, place in operation.places.items()
        if place == "path"
    ]
    if any(not step or step in (".", "..") or "/" in step for step in steps):
        # A value is one step of the path: `3/../../admin` is somebody's trick.
        return Outcome(
            422, f"{operation.name} cannot be called with {', '.join(steps)}"
        )
    body = _body(operation, arguments)
    headers = [pair for pair in caller["headers"] if pair[0].lower() in CREDENTIALS]
    if body:
        headers += [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
        ]
    path = _path(operation, arguments)
    scope = {
        "type": "http",
        "asgi": caller.get("asgi", {"version": "3.0"}),
        "http_version": "1.1",
        "scheme": caller.get("scheme", "http"),
        "server": caller.get("server"),
        "client": caller.get("client"),
        "root_path": caller.get("root_path", ""),
        "method": operation.method,
        "path": path,
        "raw_path": quote(path).encode(),
        "query_string": _query(operation, arguments),
        "headers": headers,
        "state": dict(caller.get("state", {})),
    }
    return await _answer(app, scope, body)


def _path(operation: Operation, arguments: Mapping[str, Any]) -> str:
    path = operation.path
    for key, place in operation.places.items():
        if place == "path":
            path = path.replace(f"{{{key}}}", str(arguments[key]))
    return path


def _query(operation: Operation, arguments: Mapping[str, Any]) -> bytes:
    pairs: list[tuple[str, str]] = []
    for key, value in arguments.items():
        if operation.places[key] == "query" and value is not None:
            pairs += [(key, _plain(item)) for item in _items(value)]
    return urlencode(pairs).encode()


def _items(value: Any) -> Iterable[Any]:
    return value if isinstance(value, list) else [value]


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _body(operation: Operation, arguments: Mapping[str, Any]) -> bytes:
    given = {
        key: arguments[key] for key in arguments if operation.places[key] == "body"
    }
    if operation.body:
        return json.dumps(given.get(operation.body)).encode()
    return json.dumps(given).encode() if "body" in operation.places.values() else b""


async def _answer(app: ASGIApp, scope: Scope, body: bytes) -> Outcome:
    status = 500
    parts: list[bytes] = []
    is_sent = False

    async def receive() -> dict[str, Any]:
        nonlocal is_sent
        if is_sent:
            return {"type": "http.disconnect"}
        is_sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
        elif (
            message["type"] == "http.response.body"
            and sum(map(len, parts)) < LONGEST_ANSWER
        ):
            parts.append(message.get("body", b""))

    try:
        await app(scope, receive, send)
    except Exception:
        # It has answered 500 and hands the error on to its server, which is us here:
        # logged as a server logs it, and no more told than the route tells.
        logger.exception("%s %s failed", scope["method"], scope["path"])
        return Outcome(500, "Internal Server Error")
    return Outcome(status, b"".join(parts)[:LONGEST_ANSWER].decode("utf-8", "replace"))
