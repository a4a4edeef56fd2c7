"""Where a program listens that is started by file or by name, and not handed to a server."""

from __future__ import annotations

import re
from typing import NamedTuple

from devtool.detection.pattern import Pattern
from devtool.detection.pysource import Call, PythonIndex
from devtool.detection.targets import Target
from devtool.model.detection import Role

_READS_PORT = Pattern(r"(?:environ(?:\.get\(|\[)|getenv\()\s*[\"']PORT[\"']")
_HTTP_TRANSPORT = Pattern(
    r"transport\s*=\s*[\"'](?:http|sse|streamable[-_]http)[\"']"
    r"|\b(?:streamable_http_app|sse_app|http_app|run_http_async|run_streamable_http_async)\b"
    r"|\buvicorn\.(?:run|Config)\b",
    re.IGNORECASE,
)
_SERVING_CALLS = ("run", "run_app", "launch", "serve", "run_http_async")
_PORT_WORDS = ("port", "server_port")
UVICORN_PORT = 8000


class Listening(NamedTuple):
    """The port a program listens on if it is known, and whether PORT moves it.

    `stdio` programs listen on nothing: they talk over their standard input and output.
    """

    port: int | None
    moves: bool = False
    stdio: bool = False


def listening(index: PythonIndex, target: Target) -> Listening:
    """What the code of a target says of its port."""
    text = (index.tree.read(target.file) if target.file else None) or ""
    if target.framework.role is Role.CONSOLE:
        return Listening(None, stdio=True)
    if target.framework.role is Role.MCP and _HTTP_TRANSPORT.search(text) is None:
        return Listening(None, stdio=True)
    source = index.source(target.file) if text else None
    calls = source.calls if source is not None else ()
    literal = next((port for call in calls if (port := _literal(call)) is not None), None)
    port = target.port or literal or target.framework.start.port
    if port is None and any(call.callee == "uvicorn.run" for call in calls):
        port = UVICORN_PORT
    return Listening(port, moves=_READS_PORT.search(text) is not None)


def _literal(call: Call) -> int | None:
    if call.callee.rpartition(".")[2] not in _SERVING_CALLS:
        return None
    values = (call.keywords.get(word) for word in _PORT_WORDS)
    return next((v for v in values if isinstance(v, int) and 0 < v < 65_536), None)
