"""Plain calls are answered without the SDK, and just as the SDK answers them."""

import asyncio
import json
from typing import Any, get_args

import httpx2
import pytest
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client
from opentelemetry import trace
from pydantic import BaseModel

from app.ai.caller import Caller
from app.ai.calls import ToolError
from app.ai.mcp import direct
from app.ai.mcp.sessions import Sessions
from tests.ai.client import Era, Person

ERAS: tuple[Era, ...] = get_args(Era)
META = "io.modelcontextprotocol/"
HEADERS = {
    "legacy": {"mcp-protocol-version": "2025-11-25"},
    "auto": {
        "mcp-protocol-version": "2026-07-28",
        "mcp-method": "tools/call",
        "mcp-name": "list_tasks",
    },
}
JSON = {"accept": "application/json, text/event-stream", "content-type": "application/json"}
METAS: dict[str, dict[str, Any]] = {
    "legacy": {"progressToken": 1},
    "auto": {
        f"{META}protocolVersion": "2026-07-28",
        f"{META}clientCapabilities": {},
        f"{META}clientInfo": {"name": "test", "version": "1"},
    },
}


def plain(era: Era) -> dict[str, Any]:
    """The message of a plain call."""
    params = {"name": "list_tasks", "arguments": {}, "_meta": dict(METAS[era])}
    return {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}


def is_taken(headers: dict[str, str], message: object, *more: tuple[bytes, bytes]) -> bool:
    """Whether a call would be answered directly."""
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    body = message if isinstance(message, bytes) else json.dumps(message).encode()
    answered = asyncio.run(direct.answer([*raw, *more], body, Caller("nobody")))
    return answered is not None


@pytest.fixture(autouse=True)
def nothing_is_done(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody uses the application, a call that is answered says so and does nothing."""
    if "ada" in request.fixturenames:
        return

    async def run(*_: object) -> BaseModel:
        raise ToolError("nothing is done")

    monkeypatch.setattr(direct, "run", run)


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("list_tasks", {"limit": 2}),
        ("get_task", {"task_id": 0}),
        ("get_task", {"task_id": "{task}"}),
        ("complete_task", {"task_id": "{task}"}),
        ("list_tasks", {"user_id": "somebody else"}),
    ],
)
def test_both_ways_answer_alike(
    ada: Person,
    url: str,
    era: Era,
    name: str,
    arguments: dict[str, object],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    task = ada.add("Grüße \N{ROCKET} \"'<b>")
    given = {key: task if value == "{task}" else value for key, value in arguments.items()}
    sent = sent_by_client(ada, url, era, name, given)
    with monkeypatch.context() as patch:
        patch.setattr(Sessions, "application", _fail)
        ours = again(sent)

    async def leave(*_: object) -> None:
        return None

    with monkeypatch.context() as patch:
        patch.setattr(direct, "answer", leave)
        theirs = again(sent)
    assert ours.status_code == theirs.status_code == 200
    assert ours.headers["content-type"] == theirs.headers["content-type"]
    assert without_times(ours.json()) == without_times(theirs.json())


async def _fail(_sessions: Sessions) -> object:
    raise AssertionError("the SDK was asked")


def sent_by_client(
    person: Person, url: str, era: Era, name: str, arguments: dict[str, object]
) -> httpx2.Request:
    """The request in which the SDK's client calls a tool."""
    seen: list[httpx2.Request] = []

    async def note(request: httpx2.Request) -> None:
        if b'"tools/call"' in request.content:
            seen.append(request)

    async def use() -> None:
        hooks = {"request": [note]}
        async with httpx2.AsyncClient(headers=person.headers, event_hooks=hooks) as http:
            transport = streamable_http_client(f"{url}/mcp", http_client=http)
            async with Client(transport, mode=era) as client:
                await client.call_tool(name, arguments)

    asyncio.run(use())
    (request,) = seen
    return request


def again(request: httpx2.Request) -> httpx2.Response:
    """The answer to the same request once more."""
    return httpx2.post(request.url, headers=request.headers, content=request.content, timeout=60)


def without_times(answer: dict[str, Any]) -> dict[str, Any]:
    """An answer without what a second call changes, its text as the object it is."""
    result = answer["result"]
    if not result["isError"]:
        for content in result["content"]:
            content["text"] = json.loads(content["text"])
            assert content["text"] == result["structuredContent"]
        del result["content"]
        result["structuredContent"].pop("updated_at", None)
    return answer


@pytest.mark.parametrize("era", ERAS)
def test_what_is_plain_is_taken(era: Era) -> None:
    assert is_taken(JSON | HEADERS[era], plain(era))
    without_more = plain(era)
    without_more["params"].pop("arguments")
    assert is_taken(JSON | HEADERS[era], without_more)


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize(
    "change",
    [
        {"jsonrpc": "1.0"},
        {"method": "tools/list"},
        {"id": None},
        {"id": True},
        {"id": 1.5},
        {"more": 1},
        {"params": []},
        {"params": {"name": ["list_tasks"]}},
        {"params": {"name": "no_such_tool"}},
        {"params": {"name": "list_tasks", "arguments": None}},
        {"params": {"name": "list_tasks", "arguments": []}},
        {"params": {"name": "list_tasks", "_meta": 1}},
        {"params": {"name": "list_tasks", "task": {}}},
        {"params": {"name": "list_tasks", "_meta": {"traceparent": "00-1-1-01"}}},
        {"params": {"name": "list_tasks", "_meta": {"progressToken": []}}},
    ],
)
def test_what_is_not_plain_is_left(era: Era, change: dict[str, object]) -> None:
    assert not is_taken(JSON | HEADERS[era], plain(era) | change)


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize(
    "change",
    [
        {"accept": "text/html"},
        {"content-type": "text/plain"},
        {"mcp-protocol-version": "2025-03-26"},
        {"mcp-protocol-version": "2099-01-01"},
        {"mcp-session-id": "x"},
        {"mcp-param-limit": "2"},
        {"mcp-name": "delete_task"},
    ],
)
def test_other_headers_are_left(era: Era, change: dict[str, str]) -> None:
    assert not is_taken(JSON | HEADERS[era] | change, plain(era))


@pytest.mark.parametrize(
    "change",
    [
        {f"{META}protocolVersion": "2025-11-25"},
        {f"{META}clientCapabilities": None},
        {f"{META}clientInfo": {"name": 1, "version": "1"}},
        {f"{META}clientInfo": []},
        {f"{META}other": 1},
    ],
)
def test_clients_that_are_not_clear_are_left(change: dict[str, object]) -> None:
    message = plain("auto")
    message["params"]["_meta"] |= change
    assert not is_taken(JSON | HEADERS["auto"], message)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"[" * 30_000, b'{"jsonrpc": "2.0", "id": "\\ud800"}', b"\xff"]
)
def test_what_is_no_message_is_left(body: bytes) -> None:
    assert not is_taken(JSON | HEADERS["legacy"], body)


def test_a_header_that_is_there_twice_is_left() -> None:
    twice = (b"mcp-protocol-version", b"2025-11-25")
    assert not is_taken(JSON | HEADERS["legacy"], plain("legacy"), twice)


def test_what_is_traced_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trace, "get_tracer_provider", object)
    assert not is_taken(JSON | HEADERS["legacy"], plain("legacy"))
