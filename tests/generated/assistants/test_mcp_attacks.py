"""What strangers try against /mcp.

The ten classes of the OWASP API Security Top 10 (2023) are marked A1 to A10, as in `test_attacks.py`. No answer may
be a 500, whoever is asked: this application or, behind it, the SDK.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.generated.assistants.conftest import ENVELOPE, META, NEWER, OLDER, World
from tests.generated.attacks import FORGERIES, forged, refused
from tests.generated.served import API, PASSWORD, SECRET, Answer

pytestmark = pytest.mark.generated

REVISIONS = (OLDER, NEWER)
MISSING = 2**40
ON_ONE_TASK: dict[str, dict[str, Any]] = {
    "get_task": {},
    "update_task": {"title": "taken"},
    "complete_task": {},
    "delete_task": {},
}
TOOLS = (*ON_ONE_TASK, "add_task", "list_tasks")
PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}


def result_of(answer: Answer) -> dict[str, Any]:
    """What came of a call that was run."""
    assert answer.status == 200, (answer.status, answer.body[:300])
    result: dict[str, Any] = answer.json["result"]
    return result


def error_of(answer: Answer) -> str:
    """What a call says that was refused by its tool."""
    result = result_of(answer)
    assert result["isError"] is True, result
    (content,) = result["content"]
    return str(content["text"])


def failed(answer: Answer) -> None:
    """Nothing was done, and nothing given away: an error of HTTP, the protocol, or the tool."""
    assert answer.status < 500, (answer.status, answer.body[:300])
    assert not any(word in answer.body for word in (b"Traceback", b"sqlalchemy", b"asyncpg"))
    if answer.status < 300 and answer.body:
        assert "error" in answer.json or answer.json["result"]["isError"] is True, answer.body[:300]


# A1: other people's objects
@pytest.mark.parametrize("revision", REVISIONS)
@pytest.mark.parametrize("name", ON_ONE_TASK)
def test_a1_tasks_of_others_look_missing(world: World, name: str, revision: str) -> None:
    theirs, nothing = (
        error_of(world.call(name, {"task_id": number, **ON_ONE_TASK[name]}, world.eve, revision))
        for number in (world.task, MISSING)
    )
    assert theirs == nothing
    assert "Ada's own task" in world.titles(world.ada)


def test_a1_lists_hold_ones_own(world: World) -> None:
    own = world.server.ask("GET", f"{API}/tasks?limit=1", token=world.ada).json
    for arguments in ({}, {"search": "own"}, {"cursor": own["next_cursor"] or "created_at.0"}):
        answer = world.call("list_tasks", arguments, world.eve)
        assert b"Ada's own task" not in answer.body


# A2 is about who somebody is
@pytest.mark.parametrize("name", FORGERIES)
def test_a2_forged_tokens_are_refused(world: World, name: str) -> None:
    answer = world.call("list_tasks", {}, forged(world.ada, name))
    refused(answer, 401)
    assert "resource_metadata=" in answer.headers["www-authenticate"]


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer ", "Basic YTpi", "Token x", "Bearer a.b.c", "Bearer " + "x" * 9000],
)
def test_a2_other_credentials_are_refused(world: World, header: str) -> None:
    answer = world.post(PING, "", Authorization=header)
    refused(answer, 401, 431)


def test_a2_a_token_elsewhere_does_not_count(world: World) -> None:
    for path in (f"/mcp?access_token={world.ada}", f"/mcp?token={world.ada}"):
        refused(world.server.ask("POST", path, PING), 401)
    refused(world.post(PING | {"params": {"token": world.ada}}, ""), 401)
    refused(world.post(PING, "", Cookie=f"access_token={world.ada}"), 401)


def test_a2_refresh_tokens_call_nothing(world: World) -> None:
    refused(world.post(PING, world.server.log_in("eve").json["refresh_token"]), 401)


def test_a2_signing_out_counts_at_once(world: World) -> None:
    world.server.sign_up("leaver")
    token = world.server.token("leaver")
    result_of(world.call("list_tasks", {}, token))
    assert world.server.ask("POST", f"{API}/auth/logout", token=token).status == 204
    refused(world.call("list_tasks", {}, token), 401)


def test_a2_the_token_is_asked_for_before_anything_is_read(world: World) -> None:
    for body in (b"", b"{", b"[" * 30_000, b"\xff"):
        refused(world.post(body, ""), 401)


# A3: properties that are nobody's business
@pytest.mark.parametrize("revision", REVISIONS)
@pytest.mark.parametrize("name", TOOLS)
@pytest.mark.parametrize(
    "field", ["user_id", "userId", "owner", "caller", "version", "__class__", "completed_at"]
)
def test_a3_no_tool_takes_more(world: World, name: str, field: str, revision: str) -> None:
    needed: dict[str, Any] = {"title": "x"} if name == "add_task" else {}
    if name in ON_ONE_TASK:
        needed = {"task_id": world.task, **ON_ONE_TASK[name]}
    error = error_of(world.call(name, needed | {field: "eve"}, world.ada, revision))
    assert f"{field}: Extra inputs are not permitted" in error


def test_a3_nobody_speaks_for_somebody_else_beside_the_arguments(world: World) -> None:
    who = {"user_id": "ada", "sub": "ada", "authorization": f"Bearer {world.ada}"}
    params = {"name": "list_tasks", "arguments": {}, "_meta": {**ENVELOPE, **who}, **who}
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params, **who}
    for revision in REVISIONS:
        answer = world.post(
            message,
            world.eve,
            MCP_Protocol_Version=revision,
            Mcp_Method="tools/call",
            Mcp_Name="list_tasks",
            X_User_Id="ada",
        )
        assert b"Ada's own task" not in answer.body
        assert answer.status < 500


# A4 is about what a request may cost
def test_a4_long_bodies_are_refused_before_they_are_read(world: World) -> None:
    head = b"POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\n\r\n"
    assert b" 413 " in world.server.raw(head).split(b"\r\n")[0]


def test_a4_bodies_without_an_end_are_cut_off(world: World) -> None:
    head = (
        f"POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {world.eve}\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    chunk = b"4000\r\n" + b"x" * 0x4000 + b"\r\n"
    assert b" 413 " in world.server.raw(head.encode() + chunk * 5).split(b"\r\n")[0]


@pytest.mark.parametrize("revision", REVISIONS)
def test_a4_no_batch_multiplies_a_request(world: World, revision: str) -> None:
    params = {"name": "add_task", "arguments": {"title": "one of many"}}
    call = {"jsonrpc": "2.0", "method": "tools/call", "params": params}
    batch = [call | {"id": number} for number in range(200)]
    failed(world.post(batch, world.eve, MCP_Protocol_Version=revision))
    assert "one of many" not in world.titles(world.eve)


@pytest.mark.parametrize("limit", [0, -1, 101, 10**30, 1.5, float("nan"), "all", [1], None])
def test_a4_pages_are_bounded(world: World, limit: object) -> None:
    failed(world.call("list_tasks", {"limit": limit}, world.eve))


def test_a4_many_calls_at_once_are_all_answered(world: World) -> None:
    with ThreadPoolExecutor(40) as pool:
        work = [pool.submit(world.call, "list_tasks", {}, world.eve) for _ in range(200)]
        assert {item.result().status for item in work} == {200}


# A5 and A9: functions and inventory
@pytest.mark.parametrize("revision", REVISIONS)
@pytest.mark.parametrize(
    "method",
    [
        "resources/list",
        "resources/read",
        "prompts/get",
        "logging/setLevel",
        "completion/complete",
        "sampling/createMessage",
        "tasks/list",
        "tools/delete",
        "notifications/cancelled",
        "rpc.discover",
        "__init__",
        "",
        "x" * 5000,
    ],
)
def test_a5_other_methods_do_nothing(world: World, method: str, revision: str) -> None:
    message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {"_meta": ENVELOPE}}
    failed(world.post(message, world.eve, MCP_Protocol_Version=revision, Mcp_Method=method))


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "HEAD", "TRACE"])
@pytest.mark.parametrize("revision", REVISIONS)
def test_a5_other_verbs_do_nothing(world: World, method: str, revision: str) -> None:
    answer = world.server.ask(
        method, "/mcp", token=world.eve, Accept="text/event-stream", MCP_Protocol_Version=revision
    )
    assert answer.status == 405


@pytest.mark.parametrize("version", ["1999-01-01", "2026-13-45", "", "x" * 5000, "2025-11-25, x"])
def test_a9_unknown_revisions_are_refused(world: World, version: str) -> None:
    answer = world.call("add_task", {"title": "of another time"}, world.eve, version)
    assert 400 <= answer.status < 500
    assert "of another time" not in world.titles(world.eve)


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Mcp_Name", "list_tasks"),
        ("Mcp_Method", "tools/list"),
        ("MCP_Protocol_Version", OLDER),
    ],
)
def test_a9_headers_cannot_say_something_else(world: World, header: str, value: str) -> None:
    """What a gateway in front reads from the headers is what is done."""
    params = {"name": "add_task", "arguments": {"title": "smuggled"}, "_meta": ENVELOPE}
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    told = {"MCP_Protocol_Version": NEWER, "Mcp_Method": "tools/call", "Mcp_Name": "add_task"}
    answer = world.post(message, world.eve, **told | {header: value})
    # The older revision has no such headers, and takes what it does not know for nothing.
    if value != OLDER:
        failed(answer)
        assert answer.status == 400
        assert "smuggled" not in world.titles(world.eve)


@pytest.mark.parametrize("path", ["/mcp/", "/MCP", "/mcp/sse", "/sse", "/messages", "/mcp%00"])
def test_a9_there_is_one_address(world: World, path: str) -> None:
    refused(world.server.ask("POST", path, PING, world.eve), 404)


# A8 is about how it is set up
@pytest.mark.parametrize("origin", ["https://evil.test", "null", "http://localhost:3000", "x"])
def test_a8_no_page_may_call(world: World, origin: str) -> None:
    answer = world.post(PING, world.ada, Origin=origin)
    refused(answer, 403)
    assert "access-control-allow-origin" not in answer.headers
    asked = world.server.ask("OPTIONS", "/mcp", Origin=origin, Access_Control_Request_Method="POST")
    assert "access-control-allow-origin" not in asked.headers


@pytest.mark.parametrize("host", ["evil.test", "localhost.evil.test", "localhost@evil.test", ""])
def test_a8_other_hosts_are_refused(world: World, host: str) -> None:
    for path in ("/mcp", "/.well-known/oauth-protected-resource/mcp"):
        head = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        answer = world.server.raw(head.encode())
        assert b" 400 " in answer.split(b"\r\n")[0]
        assert b"evil" not in answer


# A10 and injection: what comes in is data
BODIES: dict[str, bytes] = {
    "nothing": b"",
    "half": b'{"jsonrpc": "2.0", "id": 1',
    "null": b"null",
    "a text": b'"tools/call"',
    "a number": b"1e400",
    "an empty object": b"{}",
    "an empty list": b"[]",
    "deep lists": b"[" * 30_000,
    "deep objects": b'{"params":' * 6_000,
    "not UTF-8": b'{"jsonrpc": "2.0", "id": 1, "method": "\xff\xfe"}',
    "digits": b'{"jsonrpc": "2.0", "method": "ping", "id": ' + b"9" * 5000 + b"}",
    "a lone surrogate": b'{"jsonrpc": "2.0", "method": "\\ud800", "id": 1}',
    "an answer": b'{"jsonrpc": "2.0", "id": 1, "result": {}}',
    "another protocol": b'{"jsonrpc": "1.0", "id": 1, "method": "ping"}',
}


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("revision", REVISIONS)
def test_a10_what_is_no_message_is_refused(world: World, name: str, revision: str) -> None:
    answer = world.post(BODIES[name], world.eve, MCP_Protocol_Version=revision)
    assert answer.status in {200, 202, 400}, (answer.status, answer.body[:300])
    assert b"Traceback" not in answer.body
    assert len(answer.body) < 20_000


@pytest.mark.parametrize("revision", REVISIONS)
@pytest.mark.parametrize("id_", [None, True, 1.5, [], {}, "", "x" * 10_000, -1, 10**40, "\0"])
def test_a10_ids_are_data(world: World, id_: object, revision: str) -> None:
    answer = world.call("get_task", {"task_id": MISSING}, world.eve, revision, id_)
    assert answer.status < 500, answer.body[:300]


@pytest.mark.parametrize("revision", REVISIONS)
@pytest.mark.parametrize(
    "arguments",
    [
        b'{"title": "a\\u0000b"}',
        b'{"title": "a", "description": "\\u0000"}',
        b'{"title": "\\ud800"}',
        b'{"title": "a", "\\udfff": 1}',
        b'{"title": NaN}',
        b'{"title": "a", "description": -Infinity}',
        b'{"title": 1e400}',
        b'{"title": "   "}',
        b'{"title": ["a"]}',
        b'{"title": {"$gt": ""}}',
        b'{"title": "' + b"x" * 201 + b'"}',
        b'{"title": "a", "' + b"n" * 20_000 + b'": 1}',
        b'{"title": ' + b"[" * 20_000,
        b'[{"title": "a"}]',
        b'"title"',
        b"null",
        b"7",
    ],
)
def test_a10_bad_arguments_are_refused(world: World, arguments: bytes, revision: str) -> None:
    before = world.titles(world.eve)
    meta = json.dumps(ENVELOPE).encode()
    body = (
        b'{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "add_task", '
        b'"arguments": ' + arguments + b', "_meta": ' + (meta if revision == NEWER else b"{}")
    )
    about = {"Mcp_Method": "tools/call", "Mcp_Name": "add_task"} if revision == NEWER else {}
    answer = world.post(body + b"}}", world.eve, MCP_Protocol_Version=revision, **about)
    failed(answer)
    assert len(answer.body) < 20_000
    assert world.titles(world.eve) == before


@pytest.mark.parametrize(
    "number", [0, -1, 1.5, "abc", 10**30, None, [], {}, "1; DROP TABLE tasks", "\u0663"]
)
def test_a10_bad_numbers_are_refused(world: World, number: object) -> None:
    failed(world.call("get_task", {"task_id": number}, world.ada))


@pytest.mark.parametrize(
    "name", ["", "drop_table", "__class__", "Add_Task", "add_task\0", "x" * 9000, None, 7, [], {}]
)
@pytest.mark.parametrize("revision", REVISIONS)
def test_a10_there_are_no_other_tools(world: World, name: object, revision: str) -> None:
    if isinstance(name, str) and "\0" in name and revision == NEWER:
        name = "add_task%00"  # no header can hold the other
    failed(world.call(name, {"title": "x"}, world.eve, revision))


@pytest.mark.parametrize("search", ["%", "_", "' OR 1=1 --", "\\", "\N{GRINNING FACE}"])
def test_a10_searches_take_characters_as_they_are(world: World, search: str) -> None:
    result = result_of(world.call("list_tasks", {"search": search}, world.ada))
    assert result["structuredContent"]["items"] == []


@pytest.mark.parametrize("key", [f"{META}protocolVersion", f"{META}clientCapabilities"])
@pytest.mark.parametrize("value", [None, 7, [], "x" * 10_000])
def test_a10_odd_clients_do_no_harm(world: World, key: str, value: object) -> None:
    params = {"name": "get_task", "arguments": {"task_id": MISSING}}
    message = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {**params, "_meta": {**ENVELOPE, key: value}},
    }
    about = {"MCP_Protocol_Version": NEWER, "Mcp_Method": "tools/call", "Mcp_Name": "get_task"}
    failed(world.post(message, world.eve, **about))


# Plain HTTP
def test_h_requests_that_are_given_up_half_way_do_no_harm(world: World) -> None:
    for sent in (b"", b'{"jsonrpc"'):
        head = (
            f"POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            f"Authorization: Bearer {world.eve}\r\nContent-Length: 900\r\n\r\n"
        )
        world.server.raw(head.encode() + sent, seconds=0.2)
    assert world.server.ask("GET", "/health/live").status == 200


def test_zz_the_log_holds_no_secrets_and_nothing_was_said(world: World) -> None:
    result_of(world.call("add_task", {"title": "hush-hush"}, world.ada))
    log = world.log()
    for secret in (world.ada, world.eve, PASSWORD, SECRET, "hush-hush", "Ada's own task"):
        assert secret.encode() not in log


def test_zz_nothing_was_unexpected(world: World) -> None:
    lines = [json.loads(line) for line in world.log().decode().splitlines() if line[:1] == "{"]
    assert [line for line in lines if line["message"] in ("unexpected error", "tool failed")] == []
    assert not [line for line in lines if line.get("status") == 500]
