"""The assistants, on a small application: what is a tool, who calls it, and what needs a yes."""

from typing import Annotated, Any

import pytest
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from fastapi.testclient import TestClient
from pydantic import BaseModel

from __PACKAGE__ import install_assistants

MCP = {
    "accept": "application/json, text/event-stream",
    "mcp-protocol-version": "2025-06-18",
}


class Note(BaseModel):
    """Something to remember."""

    title: str
    pinned: bool = False


NOTES: dict[str, dict[int, Note]] = {}
BEARER = HTTPBearer()


def user(token: Annotated[HTTPAuthorizationCredentials, Depends(BEARER)]) -> str:
    if token.credentials not in NOTES:
        raise HTTPException(401, "who are you")
    return token.credentials


Who = Annotated[str, Depends(user)]


@pytest.fixture
def client() -> TestClient:
    NOTES.clear()
    NOTES.update(ann={}, bob={})
    app = FastAPI()

    @app.get("/notes")
    def list_notes(who: Who, pinned: bool | None = None) -> list[dict[str, Any]]:
        """List your notes."""
        own = NOTES[who].items()
        return [
            {"id": i, **n.model_dump()} for i, n in own if pinned in (None, n.pinned)
        ]

    @app.post("/notes", status_code=201)
    def add_note(note: Note, who: Who) -> Note:
        NOTES[who][len(NOTES[who]) + 1] = note
        return note

    @app.delete("/notes/{note_id}", status_code=204)
    def delete_note(note_id: int, who: Who) -> None:
        if NOTES[who].pop(note_id, None) is None:
            raise HTTPException(404, "no such note")

    @app.get("/broken")
    def read_broken(who: Who) -> None:
        raise RuntimeError(f"SELECT secret of {who}")

    @app.post("/login")
    def login(name: str) -> str:
        return name

    install_assistants(app)
    return TestClient(app)


def headers(who: str = "ann") -> dict[str, str]:
    return {"authorization": f"Bearer {who}"}


def rpc(
    client: TestClient, method: str, who: str = "ann", **params: Any
) -> dict[str, Any]:
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    response = client.post("/mcp", json=body, headers=MCP | headers(who))
    assert response.status_code == 200, response.text
    result: dict[str, Any] = response.json()["result"]
    return result


def say(
    client: TestClient, message: str, who: str = "ann", **more: Any
) -> dict[str, Any]:
    body = {"message": message, **more}
    response = client.post("/ai/chat", json=body, headers=headers(who))
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def test_routes_are_tools_and_signing_in_is_none(client: TestClient) -> None:
    with client:
        tools = {tool["name"]: tool for tool in rpc(client, "tools/list")["tools"]}
    assert set(tools) == {"list_notes", "add_note", "delete_note", "read_broken"}
    assert tools["list_notes"]["annotations"]["readOnlyHint"] is True
    assert tools["delete_note"]["annotations"]["destructiveHint"] is True
    assert tools["add_note"]["inputSchema"]["required"] == ["title"]


def test_a_tool_acts_for_the_caller_only(client: TestClient) -> None:
    with client:
        arguments = {"title": "milk"}
        assert not rpc(client, "tools/call", name="add_note", arguments=arguments)[
            "isError"
        ]
        own = rpc(client, "tools/call", name="list_notes", arguments={})
        other = rpc(client, "tools/call", "bob", name="list_notes", arguments={})
    assert "milk" in own["content"][0]["text"]
    assert other["content"][0]["text"] == "[]"


@pytest.mark.parametrize(
    "arguments", [{}, {"title": 3}, {"title": "x", "user_id": "bob"}], ids=str
)
def test_wrong_arguments_are_refused(
    client: TestClient, arguments: dict[str, Any]
) -> None:
    with client:
        body = {
            "jsonrpc": "2.0",
            "id": 1,
            "method": "tools/call",
            "params": {"name": "add_note", "arguments": arguments},
        }
        answer = client.post("/mcp", json=body, headers=MCP | headers()).json()
    assert "error" in answer or answer["result"]["isError"]


def test_what_breaks_tells_nothing_of_the_inside(client: TestClient) -> None:
    with client:
        answer = rpc(client, "tools/call", name="read_broken", arguments={})
    assert answer["isError"]
    assert answer["content"][0]["text"] == "Internal Server Error"


def test_strangers_are_refused(client: TestClient) -> None:
    with client:
        assert client.post("/mcp", json={}, headers=MCP).status_code == 401
        assert (
            client.post("/ai/chat", json={"message": "list notes"}).status_code == 401
        )
        led = MCP | headers() | {"origin": "https://evil.example"}
        assert client.post("/mcp", json={}, headers=led).status_code == 403


def test_the_chat_lists_and_adds(client: TestClient) -> None:
    with client:
        assert say(client, "list notes")["answer"] == "There is nothing."
        added = say(client, 'add note title="buy milk" pinned=yes')
        assert added["calls"] == [
            {"tool": "add_note", "arguments": {"title": "buy milk", "pinned": True}}
        ]
        assert "buy milk" in say(client, "Show my notes.")["answer"]
        assert say(client, "list notes", "bob")["answer"] == "There is nothing."


def test_deleting_needs_a_yes(client: TestClient) -> None:
    with client:
        say(client, "add note title=milk")
        asked = say(client, "delete note 1")
        assert asked["calls"] == []
        assert "milk" in say(client, "list notes")["answer"]
        say(client, "", confirm=asked["confirm"])
        assert say(client, "list notes")["answer"] == "There is nothing."


def test_a_path_argument_stays_one_step(client: TestClient) -> None:
    with client:
        tricked = rpc(
            client,
            "tools/call",
            name="delete_note",
            arguments={"note_id": "1/../../login"},
        )
    assert tricked["isError"]


def test_who_answers_is_said(client: TestClient) -> None:
    with client:
        answer = say(client, "tell me a story")
    assert answer["assistant"] == "local rules"
    assert "not a model" in answer["answer"]
