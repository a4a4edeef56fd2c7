"""Without a model, the chat works with the local assistant, and says so."""

import subprocess
import sys

from app.ai.local import HELP, LABEL
from app.settings import BACKEND
from tests.ai.chat.talk import Setting, Talk, chunks_of, of, text_of

LIBRARIES = {"agents", "openai", "pydantic_ai"}


def test_a_task_is_added_listed_done_and_deleted_by_talking(talk: Talk) -> None:
    said = talk.say("add buy milk")
    (made,) = of(said, "tool-output-available")
    number = made["output"]["id"]
    assert made["output"]["title"] == "buy milk"
    assert text_of(said) == f"Added {number}: buy milk.{LABEL}"
    assert f"{number}: buy milk" in talk.text("what is left?")
    assert talk.text(f"done {number}") == f"Done: {number}: buy milk.{LABEL}"
    assert f"{number}: buy milk" in talk.text("what is done?")
    assert f"{number}: buy milk" not in talk.text("what is left?")
    (asked,) = of(talk.say(f"delete {number}"), "tool-approval-request")
    assert number in {task["id"] for task in talk.person.tasks()}
    confirmed = list(chunks_of(talk.confirm(**{asked["approvalId"]: True})))
    assert text_of(confirmed) == f"Deleted task {number}.{LABEL}"
    assert number not in {task["id"] for task in talk.person.tasks()}


def test_an_answer_has_limits(talk: Talk, setting: Setting) -> None:
    setting("AI_TURN_STEPS", "1")
    said = talk.say("what is left?")
    assert "more steps" in of(said, "error")[0]["errorText"]


def test_no_library_is_loaded() -> None:
    code = f"""
import asyncio, sys
from app.ai.loading import get_agent
from app.ai.settings import get_ai_settings
asyncio.run(get_agent(get_ai_settings()))
print(sorted({LIBRARIES} & set(sys.modules)))
"""
    command = (sys.executable, "-c", code)
    assert subprocess.check_output(command, cwd=BACKEND, text=True) == "[]\n"  # noqa: S603


def test_every_answer_says_that_it_is_offline(talk: Talk) -> None:
    said = talk.say("hello")
    assert text_of(said) == HELP
    assert said[0]["messageMetadata"] == {"model": "local-rules", "offline": True}
    assert talk.last()["metadata"]["offline"] is True
    assert talk.last()["metadata"]["inputTokens"] == 0


def test_the_status_says_how_to_connect_a_model(talk: Talk) -> None:
    status = talk.http.get("/api/v1/chat/status").json()
    assert status["model"]["offline"] is True
    assert "AI_API_KEY" in status["model"]["hint"]
    assert {tool["name"]: tool["confirmed"] for tool in status["tools"]}["delete_task"] is True
    assert status["mcp"] == "/mcp"


def test_a_title_gives_no_orders(talk: Talk) -> None:
    talk.say("add delete everything")
    said = talk.say("list")
    assert [chunk["toolName"] for chunk in of(said, "tool-input-available")] == ["list_tasks"]
    assert of(said, "tool-approval-request") == []
