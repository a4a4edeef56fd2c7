"""The tools over MCP, through the SDK's own client, in both revisions of the protocol."""

import asyncio
import json
import logging
import os
import socket
import subprocess
import sys
from typing import Any, get_args
from urllib.parse import urlsplit

import pytest
from mcp.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_PARAMS, Tool

from app.ai.toolbox import TOOLS
from app.settings import BACKEND
from tests.ai.client import Era, Person, error_of, is_of_tasks
from tests.ai.serving import workers

ERAS: tuple[Era, ...] = get_args(Era)
INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    },
}
GONE = "There is no such task."
ACCEPT = {"Accept": "application/json, text/event-stream"}


def tools(person: Person, era: Era) -> dict[str, Tool]:
    async def use(client: Client) -> dict[str, Tool]:
        return {tool.name: tool for tool in (await client.list_tools()).tools}

    return person.mcp(use, era)


@pytest.mark.parametrize("era", ERAS)
def test_every_tool_is_offered_with_its_bounds(ada: Person, era: Era) -> None:
    offered = tools(ada, era)
    assert list(offered) == list(TOOLS)
    add = offered["add_task"].input_schema
    assert add["additionalProperties"] is False
    assert add["required"] == ["title"]
    assert (add["properties"]["title"]["minLength"], add["properties"]["title"]["maxLength"]) == (
        1,
        200,
    )
    assert add["properties"]["description"]["maxLength"] == 1000
    for tool in offered.values():
        assert tool.output_schema is not None
        assert tool.input_schema["additionalProperties"] is False
        assert "user_id" not in tool.input_schema["properties"]


def test_the_annotations_say_what_a_tool_does(ada: Person) -> None:
    offered = tools(ada, "auto")
    hints = {name: offered[name].annotations for name in offered if is_of_tasks(name)}
    assert {name for name, hint in hints.items() if hint and hint.read_only_hint} == {
        "list_tasks",
        "get_task",
    }
    assert {name for name, hint in hints.items() if hint and hint.destructive_hint} == {
        "delete_task"
    }
    assert hints["complete_task"] is not None
    assert hints["complete_task"].idempotent_hint


@pytest.mark.parametrize("era", ERAS)
def test_a_task_lives_through_all_tools(ada: Person, era: Era) -> None:
    async def use(client: Client) -> None:
        async def call(name: str, **arguments: object) -> Any:
            return (await client.call_tool(name, arguments)).structured_content

        made = await call("add_task", title=f" Buy milk {era} ", description="Two litres")
        assert made["title"] == f"Buy milk {era}"
        number = made["id"]
        assert await call("get_task", task_id=number) == made
        changed = await call("update_task", task_id=number, title=f"Buy tea {era}")
        assert (changed["title"], changed["description"]) == (f"Buy tea {era}", "Two litres")
        assert (await call("complete_task", task_id=number))["completed"]
        listed = await call("list_tasks", completed=True, search=f"tea {era}")
        assert [task["id"] for task in listed["items"]] == [number]
        assert number in {task["id"] for task in ada.tasks()}
        assert await call("delete_task", task_id=number) == {"task_id": number, "deleted": True}
        assert error_of(await client.call_tool("get_task", {"task_id": number})) == GONE

    ada.mcp(use, era)


def test_the_text_of_a_result_is_its_structure(ada: Person) -> None:
    result = ada.call("add_task", {"title": "Buy milk"})
    (content,) = result.content
    assert json.loads(getattr(content, "text", "")) == result.structured_content


@pytest.mark.parametrize("era", ERAS)
def test_no_tool_takes_a_user(ada: Person, era: Era) -> None:
    async def use(client: Client) -> list[str]:
        arguments = {"user_id": "somebody else"}
        return [error_of(await client.call_tool(name, arguments)) for name in TOOLS]

    for error in ada.mcp(use, era):
        assert "user_id: Extra inputs are not permitted" in error


@pytest.mark.parametrize(
    ("name", "arguments", "where"),
    [
        ("add_task", {}, "title"),
        ("add_task", {"title": "  "}, "title"),
        ("add_task", {"title": "x" * 201}, "title"),
        ("add_task", {"title": "x", "description": "x" * 1001}, "description"),
        ("list_tasks", {"limit": 101}, "limit"),
        ("get_task", {"task_id": 0}, "task_id"),
        ("get_task", {"task_id": "first"}, "task_id"),
        ("update_task", {"task_id": 1, "title": ""}, "title"),
    ],
)
def test_wrong_arguments_are_told_without_their_values(
    ada: Person, name: str, arguments: dict[str, object], where: str
) -> None:
    error = error_of(ada.call(name, arguments))
    assert error.startswith(f"{where}: ")
    assert "xxx" not in error


@pytest.mark.parametrize("era", ERAS)
def test_there_are_no_other_tools(ada: Person, era: Era) -> None:
    async def use(client: Client) -> int:
        with pytest.raises(MCPError, match="there is no tool 'drop_table'") as refused:
            await client.call_tool("drop_table", {})
        return refused.value.code

    assert ada.mcp(use, era) == INVALID_PARAMS


def test_the_address_is_exact(url: str, ada: Person) -> None:
    answer = ada.http.post("/mcp", json=INITIALIZE, headers=ACCEPT)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert "mcp-session-id" not in answer.headers
    assert answer.json()["result"]["protocolVersion"] == "2025-11-25"


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT"])
def test_there_is_nothing_but_calls(ada: Person, method: str) -> None:
    headers = {"Accept": "text/event-stream", "Mcp-Protocol-Version": "2025-11-25"}
    answer = ada.http.request(method, "/mcp", headers=headers)
    assert answer.status_code == 405
    assert answer.headers["allow"] == "POST"


def test_an_application_may_start_more_than_once(ada: Person) -> None:
    code = f"""
from fastapi.testclient import TestClient
from main import app
for _ in range(2):
    with TestClient(app, base_url="http://localhost") as client:
        print(client.post("/mcp", json={INITIALIZE}, headers={ACCEPT | ada.headers}).status_code)
"""
    assert _python(code).splitlines()[-2:] == ["200", "200"]


def test_pages_of_others_may_not_call(ada: Person) -> None:
    for origin, status in (
        ("https://evil.example", 403),
        ("http://localhost.evil.example", 403),
        ("null", 403),
        ("http://localhost:3000", 403),
        ("https://shop.example.com", 200),
    ):
        headers = {**ACCEPT, "Origin": origin}
        assert ada.http.post("/mcp", json=INITIALIZE, headers=headers).status_code == status


def test_other_hosts_are_not_answered(ada: Person) -> None:
    for host, status in (("evil.example", 400), ("localhost", 200), ("localhost:1", 200)):
        headers = {**ACCEPT, "Host": host}
        assert ada.http.post("/mcp", json=INITIALIZE, headers=headers).status_code == status


def test_the_resource_is_described(url: str, ada: Person) -> None:
    path = "/.well-known/oauth-protected-resource/mcp"
    assert ada.http.get(path).json() == {
        "resource": f"{url}/mcp",
        "authorization_servers": [url],
        "bearer_methods_supported": ["header"],
        "resource_name": "__TITLE__",
    }


def test_who_leaves_half_way_is_no_error(
    ada: Person, url: str, caplog: pytest.LogCaptureFixture
) -> None:
    head = "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: 900\r\n"
    about = "".join(f"{name}: {value}\r\n" for name, value in ada.headers.items())
    with caplog.at_level(logging.ERROR, logger="app"):
        with socket.create_connection(("localhost", urlsplit(url).port)) as sock:
            sock.sendall(f"{head}{about}\r\n{{".encode())
        assert ada.http.post("/mcp", json=INITIALIZE, headers=ACCEPT).is_success
    assert caplog.messages == []


def test_any_worker_answers_any_call(ada: Person) -> None:
    async def use(client: Client) -> set[int]:
        results = [await client.call_tool("add_task", {"title": f"{n}"}) for n in range(6)]
        return {result.structured_content["id"] for result in results}

    with workers(2) as address, ada.at(address) as there:
        made = set[int]().union(*(there.mcp(use, era) for era in (*ERAS, *ERAS)))
    assert made == {task["id"] for task in ada.tasks()}
    assert len(made) == 6 * 2 * len(ERAS)


def test_a_desktop_client_talks_over_stdio(ada: Person) -> None:
    async def use() -> tuple[str, list[str]]:
        environment = {**os.environ, "MCP_TOKEN": ada.token}
        command = StdioServerParameters(
            command=sys.executable, args=["-m", "app.ai.mcp"], env=environment, cwd=BACKEND
        )
        async with Client(stdio_client(command)) as client:
            made = await client.call_tool("add_task", {"title": "From the desktop"})
            listed = await client.list_tools()
            return made.structured_content["title"], [tool.name for tool in listed.tools]

    title, names = asyncio.run(use())
    assert title in {task["title"] for task in ada.tasks()}
    assert names == list(TOOLS)


def test_the_sdk_is_loaded_when_somebody_asks() -> None:
    code = "import sys, main; print({'mcp', 'mcp_types'} & set(sys.modules))"
    assert _python(code) == "set()\n"


def _python(code: str) -> str:
    """What a program says that runs in a process of its own."""
    return subprocess.check_output((sys.executable, "-c", code), cwd=BACKEND, text=True)  # noqa: S603
