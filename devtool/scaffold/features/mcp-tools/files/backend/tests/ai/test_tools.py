"""Tools are checked, run and logged in one place."""

import asyncio
import logging

import pytest

from app.ai import calls
from app.ai.caller import Caller
from app.ai.tool import Effect, by_name, tool
from app.logs import logger
from app.schemas.base import Input, Output


class Word(Input):
    """One word."""

    word: str


class Said(Output):
    """What was said."""

    text: str


async def shout(caller: Caller, asked: Word) -> Said:
    """Say a word loudly.

    Nobody reads this.
    """
    return Said(text=f"{caller.user_id}: {asked.word.upper()}")


async def burst(_caller: Caller, asked: Word) -> Said:
    """Fail."""
    raise RuntimeError(f"a secret: {asked.word}")


SHOUT = tool(Effect.READ, shout)
ADA = Caller("ada")


@pytest.fixture(autouse=True)
def tools(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have other tools, and let the log be seen."""
    monkeypatch.setattr(logger, "propagate", True)
    monkeypatch.setattr(calls, "TOOLS", by_name([(SHOUT,), (tool(Effect.DELETE, burst),)]))


def test_a_tool_is_its_function() -> None:
    assert SHOUT.name == "shout"
    assert SHOUT.description == "Say a word loudly."
    assert SHOUT.input_schema() == {
        "additionalProperties": False,
        "properties": {"word": {"title": "Word", "type": "string"}},
        "required": ["word"],
        "type": "object",
    }
    assert SHOUT.output_schema()["required"] == ["text"]
    assert not SHOUT.needs_confirmation
    assert tool(Effect.DELETE, burst).needs_confirmation


def test_two_tools_cannot_have_one_name() -> None:
    with pytest.raises(ValueError, match="two tools are called shout"):
        by_name([(SHOUT,), (SHOUT,)])


def test_a_call_is_run_for_its_caller() -> None:
    outcome = asyncio.run(calls.call("shout", {"word": "hi"}, ADA))
    assert outcome == calls.Outcome({"text": "ada: HI"})


def test_what_a_tool_does_not_take_is_refused() -> None:
    outcome = asyncio.run(calls.call("shout", {"word": "hi", "user_id": "bob"}, ADA))
    assert outcome.failed
    assert outcome.output == {"error": "user_id: Extra inputs are not permitted"}


def test_there_is_no_other_tool() -> None:
    assert asyncio.run(calls.call("whisper", {}, ADA)).failed


def test_a_fault_of_ours_is_logged_and_not_told(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="app"):
        outcome = asyncio.run(calls.call("burst", {"word": "hush"}, ADA))
    assert outcome == calls.Outcome({"error": calls.UNEXPECTED}, failed=True)
    assert caplog.records[0].exc_info is not None


def test_a_complaint_is_short() -> None:
    many: dict[str, object] = {f"{n}" + "n" * 5000: 1 for n in range(40)}
    error = asyncio.run(calls.call("shout", {"word": "x", **many}, ADA)).output["error"]
    assert error.endswith("and 30 more")
    assert len(error) < 2000


def test_the_log_tells_of_a_call_but_not_what_was_said(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="app"):
        asyncio.run(calls.call("shout", {"word": "hush"}, ADA))
    (record,) = caplog.records
    assert record.getMessage() == "tool call"
    assert (vars(record)["tool"], vars(record)["failed"]) == ("shout", False)
    assert "hush" not in str(vars(record)).lower()
