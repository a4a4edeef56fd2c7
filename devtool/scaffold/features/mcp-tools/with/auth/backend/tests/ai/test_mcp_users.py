"""Whose tasks the tools see: only those of the user of the token."""

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.ai.toolbox import TOOLS
from app.settings import BACKEND
from tests.ai.client import Person, error_of, is_of_tasks
from tests.people import sign_in

METADATA = "/.well-known/oauth-protected-resource/mcp"
OTHERS: dict[str, dict[str, Any]] = {
    "get_task": {},
    "update_task": {"title": "Mine now"},
    "complete_task": {},
    "delete_task": {},
}


@pytest.fixture
def bob(client: TestClient, url: str) -> Iterator[Person]:
    """Somebody else."""
    with Person(url, sign_in(client, "bob")) as person:
        yield person


@pytest.mark.parametrize("name", OTHERS)
def test_somebody_elses_task_is_not_there(ada: Person, bob: Person, name: str) -> None:
    number = ada.add("Buy milk")
    before = ada.tasks()
    theirs = error_of(bob.call(name, {"task_id": number, **OTHERS[name]}))
    nobodys = error_of(bob.call(name, {"task_id": number + 1000, **OTHERS[name]}))
    assert theirs == nobodys == "There is no such task."
    assert ada.tasks() == before


def test_lists_and_new_tasks_are_ones_own(ada: Person, bob: Person) -> None:
    ada.call("add_task", {"title": "Ada's own"})
    assert bob.call("list_tasks", {}).structured_content["items"] == bob.tasks() == []
    assert "Ada's own" in {task["title"] for task in ada.tasks()}


def test_every_tool_for_tasks_was_tried() -> None:
    assert {*OTHERS, "add_task", "list_tasks"} == {name for name in TOOLS if is_of_tasks(name)}


@pytest.mark.parametrize(
    "authorization", ["", "Bearer", "Bearer x.y.z", "Basic YTpi", "Bearer {token}x"]
)
def test_without_a_token_a_client_is_told_where_to_get_one(
    ada: Person, url: str, authorization: str
) -> None:
    headers = {"Authorization": authorization.format(token=ada.token)}
    answer = ada.http.post("/mcp", json={}, headers=headers)
    assert answer.status_code == 401
    challenge = answer.headers["www-authenticate"]
    assert challenge.startswith("Bearer ")
    assert challenge.endswith(f'resource_metadata="{url}{METADATA}"')
    assert ("invalid_token" in challenge) == authorization.startswith("Bearer ")


def test_a_token_ends_with_its_session(ada: Person) -> None:
    assert ada.http.post("/api/v1/auth/logout").is_success
    assert ada.http.post("/mcp", json={}).status_code == 401


def test_stdio_needs_a_token() -> None:
    ended = subprocess.run(
        (sys.executable, "-m", "app.ai.mcp"), cwd=BACKEND, capture_output=True, check=False
    )
    assert ended.returncode == 1
    assert b"MCP_TOKEN" in ended.stderr
    assert ended.stdout == b""
