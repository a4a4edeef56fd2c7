"""`devtool mcp` with the SDK's real client, in both eras of the protocol."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.e2e.running import DEVTOOL
from tests.mcp.conftest import Agent, Talk, devtool

# Some four characters a token, for names, punctuation and prose as they stand here.
BUDGET = 600 * 4


@pytest.mark.parametrize("mode", ["legacy", "2026-07-28", "auto"])
def test_a_project_is_started_asked_and_stopped_in_either_era(talk: Talk, mode: str) -> None:
    async def session(agent: Agent) -> None:
        assert (await agent.json("status"))["running"] is False
        started = await agent.json("start")
        assert started["reused"] is False
        assert {each["name"]: each["status"] for each in started["services"]}["backend"] == "ready"
        answer = await agent.json("request", method="GET", path="/")
        assert (answer["status"], answer["body"]) == (200, {"path": "/"})
        assert set((await agent.json("stop"))["stopped"]) == {"backend", "jobs"}
        assert (await agent.json("status"))["running"] is False

    talk(session, mode)


def test_the_tools_cost_an_agent_little(talk: Talk) -> None:
    async def session(agent: Agent) -> None:
        listed = await agent.client.list_tools()
        said = [each.model_dump(by_alias=True, exclude_none=True) for each in listed.tools]
        assert len(json.dumps(said, separators=(",", ":"))) < BUDGET
        assert {each.name for each in listed.tools if each.annotations} == {
            "status",
            "logs",
            "last_error",
            "routes",
            "why",
        }

    talk(session)


def test_start_reuses_what_somebody_else_started(talk: Talk, root: Path, state: Path) -> None:
    assert devtool(root, state, "run", "--detach").returncode == 0

    async def session(agent: Agent) -> None:
        before = await agent.json("status")
        started = await agent.json("start")
        assert started["reused"] is True
        assert [s["pid"] for s in started["services"]] == [s["pid"] for s in before["services"]]

    talk(session)


def test_what_was_started_outlives_the_agent(talk: Talk, root: Path, state: Path) -> None:
    async def start(agent: Agent) -> None:
        await agent.json("start")

    talk(start)
    now = json.loads(devtool(root, state, "status", "--json").stdout)
    assert {each["name"]: each["status"] for each in now["processes"]}["backend"] == "ready"


def test_one_service_is_restarted_and_stopped(talk: Talk) -> None:
    async def session(agent: Agent) -> None:
        await agent.json("start")
        again = await agent.json("restart", service="backend")
        assert (again["status"], again["restarts"]) == ("ready", 1)
        assert await agent.json("stop", service="jobs") == {"stopped": ["jobs"]}
        assert "there are: backend" in await agent.refusal("restart", service="nobody")

    talk(session)


def test_logs_are_those_of_the_command_line(talk: Talk, root: Path, state: Path) -> None:
    async def session(agent: Agent) -> None:
        await agent.json("start")
        text = await agent.text("logs", service="backend", lines=500)
        printed = devtool(root, state, "logs", "backend").stdout.splitlines()
        assert [line.split(" ", 1)[1] for line in text.splitlines()] == printed
        assert "this is a test" in await agent.text("logs", level="warning")
        only = await agent.text("logs", level="error")
        assert ("job failed" in only, "this is a test" in only) == (True, False)
        assert await agent.text("logs", since="0s") == "no such lines"
        assert "GET / " in await agent.text("logs", grep=r"GET /\s")
        assert "no time" in await agent.refusal("logs", since="yesterdayish")

    talk(session)


def test_a_failing_request_comes_with_its_log_and_the_error_with_its_source(talk: Talk) -> None:
    async def session(agent: Agent) -> None:
        await agent.json("start")
        answer = await agent.json("request", method="get", path="/boom")
        assert answer["status"] == 500
        assert "ZeroDivisionError: division by zero" in answer["log"]
        error = await agent.json("last_error", service="backend")
        assert error["error"].startswith("ERROR:    Exception in the application\nTraceback")
        inner, caller = error["source"]
        assert inner["in"] == "price"
        assert any(line.startswith("> ") and "1 / item" in line for line in inner["lines"])
        assert caller["in"] == "do_GET"
        assert error["now"]["backend"] == "ready"

    talk(session)


def test_requests_carry_json_and_text_and_redirects_are_not_followed(talk: Talk) -> None:
    async def session(agent: Agent) -> None:
        await agent.json("start")
        sent = await agent.json("request", method="POST", path="/tasks", body={"title": "x"})
        assert sent["body"] == {"got": '{"title": "x"}', "kind": "application/json"}
        sent = await agent.json(
            "request", method="POST", path="/", body="a=1", headers={"Content-Type": "text/plain"}
        )
        assert sent["body"] == {"got": "a=1", "kind": "text/plain"}
        away = await agent.json("request", method="GET", path="/away")
        assert (away["status"], away["headers"]["location"]) == (302, "http://example.com/")
        picture = await agent.json("request", method="GET", path="/picture")
        assert picture["body"] == "10 bytes of image/png"
        for path in ("//example.com/", "http://example.com/", "/a b", "/a\r\nX: y"):
            await agent.refusal("request", method="GET", path=path)
        await agent.refusal("request", method="GET / HTTP/1.1", path="/")

    talk(session)


def test_routes_are_listed_and_described(talk: Talk) -> None:
    async def session(agent: Agent) -> None:
        await agent.json("start")
        assert (await agent.text("routes")).splitlines() == [
            "GET /tasks  List tasks",
            "POST /tasks  Add a task  (needs credentials)",
        ]
        one = await agent.json("routes", path="/tasks")
        schema = one["POST"]["requestBody"]["content"]["application/json"]["schema"]
        assert schema == {"type": "object", "properties": {"title": {"type": "string"}}}
        assert "near it: /tasks" in await agent.refusal("routes", path="/task")

    talk(session)


def test_why_names_files_and_lines(talk: Talk, root: Path) -> None:
    (root / "devtool.toml").unlink()
    (root / "main.py").write_text("from fastapi import FastAPI\n\napp = FastAPI()\n", "utf-8")

    async def session(agent: Agent) -> None:
        found = await agent.json("why")
        assert found["parts"][0]["entry"] == "main:app"
        assert any(fact.startswith("main.py:3 ") for fact in found["parts"][0]["because"])

    talk(session)


def test_what_cannot_be_done_is_said_with_the_way_out(talk: Talk, root: Path) -> None:
    async def session(agent: Agent) -> None:
        assert "hint: call start" in await agent.refusal("request", method="GET", path="/")
        assert "hint: call start" in await agent.refusal("logs")
        assert "there are: status" in await agent.refusal("nothing")
        assert "takes no 'user'" in await agent.refusal("status", user=1)
        assert "of type string" in await agent.refusal("stop", service=1)
        assert "needs service" in await agent.refusal("restart")
        (root / "devtool.toml").write_text("prot = 1\n", encoding="utf-8")
        assert "unknown key 'prot'" in await agent.refusal("start")

    talk(session)


def test_only_messages_reach_standard_output(root: Path) -> None:
    messages: list[dict[str, object]] = [
        {
            "id": 1,
            "method": "initialize",
            "params": {
                "protocolVersion": "2025-11-25",
                "capabilities": {},
                "clientInfo": {"name": "test", "version": "1"},
            },
        },
        {"method": "notifications/initialized"},
        {"id": 2, "method": "tools/call", "params": {"name": "why", "arguments": {}}},
    ]
    process = subprocess.Popen(
        (DEVTOOL, "mcp", "--root", str(root)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    with process:
        for message in messages:
            process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
            process.stdin.flush()
        answers = [json.loads(process.stdout.readline()) for _ in range(2)]
        process.stdin.close()
        assert process.stdout.read() == ""
    assert [answer["id"] for answer in answers] == [1, 2]
    assert process.returncode == 0
