"""A request to the running application. Over the loopback interface, and to what devtool started only."""

from __future__ import annotations

import http.client
import ipaddress
import json
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from devtool.errors import ConfigError, DevtoolError
from devtool.mcp.lines import lines, shown
from devtool.mcp.runs import running
from devtool.model.state import ProcessState

SECONDS = 30.0
MAX_BODY = 20_000
MAX_READ = 5 << 20
LOG_SECONDS = 1.0
LOG_LINES = 60
# What says nothing to whoever asks.
_DULL = {"date", "server", "content-length", "connection", "keep-alive", "transfer-encoding"}
_TEXTS = ("text/", "json", "xml", "javascript", "x-www-form-urlencoded", "event-stream")


class Answer(NamedTuple):
    """What came back."""

    status: int
    reason: str
    headers: list[tuple[str, str]]
    body: bytes
    whole: bool

    @property
    def kind(self) -> str:
        """The media type, in small letters."""
        given = next((value for name, value in self.headers if name.lower() == "content-type"), "")
        return given.lower()


def request(root: Path, arguments: Mapping[str, object]) -> dict[str, object]:
    """Send a request to a service, and give what came back; redirects are not followed.

    Raises:
        DevtoolError: When nothing runs, it does not answer, or an argument is wrong.
    """
    service = service_of(root, arguments.get("service"))
    method, path = str(arguments["method"]).upper(), str(arguments["path"])
    headers, body = _content(arguments)
    began = time.time()
    start = time.perf_counter()
    answer = send(service, method, path, headers=headers, body=body)
    took = (time.perf_counter() - start) * 1000
    said: dict[str, object] = {
        "status": answer.status,
        "ms": round(took, 1),
        "headers": {n.lower(): v for n, v in answer.headers if n.lower() not in _DULL},
        "body": _body(answer),
    }
    if answer.status >= http.HTTPStatus.INTERNAL_SERVER_ERROR:
        said["log"] = _log_since(root, service.name, began)
    return said


def service_of(root: Path, name: object = None) -> ProcessState:
    """The running service of this name, or the one that is most likely meant.

    Raises:
        DevtoolError: When there is none that answers requests.
    """
    services = [each for run in running(root) for each in run.processes if each.url and each.pid]
    if isinstance(name, str):
        services = [each for each in services if each.name == name]
    order = ("backend", "mcp", "ui", "frontend")
    if not services:
        what = f"called {name!r}" if isinstance(name, str) else "that answers requests"
        raise DevtoolError(f"no running service is {what}", hint="call status")
    return min(services, key=lambda s: order.index(s.role) if s.role in order else len(order))


def send(
    service: ProcessState,
    method: str,
    path: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
) -> Answer:
    """Ask a service of this machine.

    Raises:
        DevtoolError: When it is not reached over the loopback interface, or does not answer.
        ConfigError: When the method, the path or a header cannot be sent.
    """
    if not re.fullmatch(r"[A-Z]{1,20}", method):
        raise ConfigError(f"{method!r} is no method", hint="for example GET")
    if not path.startswith("/") or path.startswith("//"):
        raise ConfigError(f"path begins with one /, not {path[:50]!r}")
    connection = http.client.HTTPConnection(*_address(service), timeout=SECONDS)
    try:
        connection.request(method, path, body=body, headers=dict(headers or {}))
        response = connection.getresponse()
        read = response.read(MAX_READ + 1)
    except (ValueError, UnicodeError, http.client.InvalidURL) as error:
        raise ConfigError(f"the request cannot be sent: {error}") from None
    except (OSError, http.client.HTTPException) as error:
        reason = str(error) or type(error).__name__
        raise DevtoolError(
            f"{service.name} did not answer at {service.url}: {reason}",
            hint="logs and last_error show what it printed",
        ) from None
    finally:
        connection.close()
    whole = len(read) <= MAX_READ
    return Answer(response.status, response.reason, response.getheaders(), read[:MAX_READ], whole)


def _address(service: ProcessState) -> tuple[str, int]:
    parts = urlsplit(service.url)
    host, port = parts.hostname or "", parts.port or 80
    try:
        is_here = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_here = False
    if not is_here:
        raise DevtoolError(
            f"{service.name} listens on {host}, and requests go over the loopback interface only",
            hint="run it with --host 127.0.0.1",
        )
    return host, port


def _content(arguments: Mapping[str, object]) -> tuple[dict[str, str], bytes | None]:
    given = arguments.get("headers")
    headers = {str(k): str(v) for k, v in given.items()} if isinstance(given, dict) else {}
    body = arguments.get("body")
    if body is None:
        return headers, None
    if isinstance(body, str) and not _is_json(body):
        return headers, body.encode()
    if not any(name.lower() == "content-type" for name in headers):
        headers["Content-Type"] = "application/json"
    return headers, (body if isinstance(body, str) else json.dumps(body)).encode()


def _is_json(text: str) -> bool:
    """Whether text is an object or an array: agents often send JSON as text."""
    if text.lstrip()[:1] not in ("{", "["):
        return False
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _body(answer: Answer) -> Any:
    if not answer.body:
        return ""
    if not any(word in answer.kind for word in _TEXTS):
        return f"{len(answer.body)} bytes of {answer.kind or 'no stated kind'}"
    text = answer.body.decode(errors="replace")
    if len(text) > MAX_BODY or not answer.whole:
        return f"{text[:MAX_BODY]} ... ({len(text)} characters)"
    if "json" in answer.kind:
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            return text
    return text


def _log_since(root: Path, service: str, began: float) -> str:
    """What a service printed since then; it may come a moment after the answer."""
    end = time.monotonic() + LOG_SECONDS
    while True:
        # Times in logs are exact to a twentieth of a second.
        said = [each for each in lines(root, service) if each.at >= began - 0.1]
        if any(each.level == "error" for each in said) or time.monotonic() > end:
            return shown(said[-LOG_LINES:])
        time.sleep(0.05)
