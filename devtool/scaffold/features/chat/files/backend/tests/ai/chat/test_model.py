"""The agent with a model: what it is told, what it may do, and what happens when it fails."""

import logging

import pytest

from app.logs import logger
from tests.ai.chat.fake_openai import Breaks, Calls, Fails, FakeOpenAI, Says
from tests.ai.chat.talk import Setting, Talk, of, text_of


def test_words_come_as_they_are_written(model: FakeOpenAI, talk: Talk) -> None:
    model.will(Says("Hello there, Ada.", pause=0.2))
    said = talk.say("hi")
    assert text_of(said).strip() == "Hello there, Ada."
    assert len(of(said, "text-delta")) > 1
    assert said[0]["messageMetadata"] == {"model": "fake-1", "offline": False}
    assert of(said, "finish")[0]["messageMetadata"] == {"state": "done"}
    assert model.keys[-1] == "Bearer fake-key"
    metadata = talk.last()["metadata"]
    assert (metadata["inputTokens"], metadata["outputTokens"]) == (10, 5)


def test_tools_are_called_and_their_results_are_told(model: FakeOpenAI, talk: Talk) -> None:
    calls = (("add_task", {"title": "Buy milk"}), ("list_tasks", {"search": "nothing"}))
    model.will(Calls(calls, text="Let me see."), Says("Done."))
    said = talk.say("add milk")
    assert {chunk["toolName"] for chunk in of(said, "tool-input-available")} == {
        "add_task",
        "list_tasks",
    }
    assert len(of(said, "tool-output-available")) == 2
    assert text_of(said).split() == ["Let", "me", "see.", "Done."]
    assert model.roles() == ["system", "user", "assistant", "tool", "tool"]
    offered = {tool["function"]["name"]: tool["function"] for tool in model.seen[0]["tools"]}
    assert offered["add_task"]["parameters"]["properties"]["title"]["maxLength"] == 200
    assert offered["add_task"]["parameters"]["additionalProperties"] is False


def test_the_second_turn_knows_the_first(model: FakeOpenAI, talk: Talk) -> None:
    model.will(Calls((("list_tasks", {}),)), Says("Nothing."), Says("You asked for tasks."))
    talk.say("what is there?")
    talk.say("what did I ask?")
    assert model.roles() == ["system", "user", "assistant", "tool", "assistant", "user"]
    assert model.seen[-1]["messages"][1]["content"] == "what is there?"


def test_the_page_gets_what_was_said_back(model: FakeOpenAI, talk: Talk) -> None:
    model.will(Calls((("add_task", {"title": "Tea"}),), text="Sure."), Says("Done."))
    talk.say("add tea", "m1")
    asked, answered = talk.messages()
    assert (asked["id"], asked["role"]) == ("m1", "user")
    assert asked["parts"] == [{"type": "text", "text": "add tea", "state": "done"}]
    assert [part["type"] for part in answered["parts"]] == [
        "step-start",
        "text",
        "tool-add_task",
        "step-start",
        "text",
    ]
    assert answered["parts"][2]["state"] == "output-available"
    assert answered["parts"][2]["output"]["title"] == "Tea"


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"title": "x", "user_id": "bob"}, "user_id: Extra inputs are not permitted"),
        ({"title": ""}, "title: "),
        ('{"title": ', ""),
    ],
)
def test_wrong_arguments_are_told_to_the_model(
    model: FakeOpenAI, talk: Talk, arguments: dict[str, str] | str, error: str
) -> None:
    before = len(talk.person.tasks())
    model.will(Calls((("add_task", arguments),)), Says("Sorry."))
    said = talk.say("add x")
    (failed,) = of(said, "tool-output-error")
    assert error in failed["errorText"]
    assert error in model.seen[-1]["messages"][-1]["content"]
    assert len(talk.person.tasks()) == before
    assert [part["state"] for part in talk.last()["parts"] if "toolCallId" in part] == [
        "output-error"
    ]


def test_a_tool_that_does_not_exist_is_no_tool(model: FakeOpenAI, talk: Talk) -> None:
    model.will(Calls((("drop_table", {}),)), Says("Sorry."))
    said = talk.say("drop it")
    # One library tells the model, another gives up.
    assert of(said, "tool-output-error") or of(said, "error")
    assert of(said, "tool-output-available") == []


@pytest.mark.parametrize(
    ("step", "error"),
    [
        (Fails(429), "asked too often"),
        (Fails(401), "refused the key"),
        (Fails(500), "does not answer"),
        (Fails(404), "does not answer"),
        (Breaks("this is not a protocol"), "cannot be used"),
        (Breaks("data: {broken\n\n"), ""),
    ],
    ids=["busy", "key", "down", "gone", "nothing", "garbage"],
)
def test_a_provider_that_fails_is_told_in_a_sentence(
    model: FakeOpenAI, talk: Talk, step: Fails | Breaks, error: str
) -> None:
    retried = isinstance(step, Fails) and step.status in (429, 500)
    model.will(*[step] * (2 if retried else 1))
    said = talk.say("hi")
    (told,) = of(said, "error")
    assert error in told["errorText"]
    assert of(said, "finish")[0]["messageMetadata"]["state"] == "failed"
    assert talk.text("again").strip() == "Hello."
    assert model.roles() == ["system", "user", "user"]


def test_a_request_that_failed_is_made_again(model: FakeOpenAI, talk: Talk) -> None:
    model.will(Fails(503, {"retry-after": "0"}), Says("Here I am."))
    assert text_of(talk.say("hi")).strip() == "Here I am."
    assert len(model.seen) == 2


@pytest.mark.parametrize(
    ("limits", "error"),
    [
        ({"AI_TURN_STEPS": "2"}, "more steps"),
        ({"AI_TURN_TOKENS": "20"}, "more tokens"),
        (
            {"AI_TURN_COST": "0.01", "AI_INPUT_PRICE": "300", "AI_OUTPUT_PRICE": "900"},
            "cost more",
        ),
    ],
    ids=["steps", "tokens", "cost"],
)
def test_an_answer_has_limits(
    model: FakeOpenAI, talk: Talk, setting: Setting, limits: dict[str, str], error: str
) -> None:
    for name, value in limits.items():
        setting(name, value)
    model.will(*[Calls((("list_tasks", {}),))] * 9)
    (told,) = of(talk.say("again and again"), "error")
    assert error in told["errorText"]
    # What is asked beside the counting cannot be taken back.
    assert 2 <= len(model.seen) <= 3


def test_an_answer_takes_only_so_long(model: FakeOpenAI, talk: Talk, setting: Setting) -> None:
    setting("AI_TURN_SECONDS", "0.3")
    model.will(Says("one two three four five six", pause=0.2))
    said = talk.say("slowly")
    (told,) = of(said, "error")
    assert "took longer" in told["errorText"]
    assert talk.last()["metadata"]["state"] == "failed"


def test_what_is_sent_is_bounded(model: FakeOpenAI, talk: Talk, setting: Setting) -> None:
    setting("AI_HISTORY_MESSAGES", "3")
    for number in range(4):
        talk.say(f"{number}")
    assert [message["content"].strip() for message in model.seen[-1]["messages"][1:]] == [
        "2",
        "Hello.",
        "3",
    ]


class Heard(logging.Handler):
    """Keeps what is logged."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep it."""
        self.records.append(record)


def test_the_log_tells_of_calls_but_not_what_was_said(
    model: FakeOpenAI,
    talk: Talk,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    heard = Heard()
    monkeypatch.setattr(logger, "handlers", [heard])
    model.will(Calls((("add_task", {"title": "a secret"}),)), Says("whispered"))
    talk.say("remember the secret")
    talk.wait()
    records = heard.records
    assert [record.getMessage() for record in records] == [
        "model call",
        "tool call",
        "model call",
        "answer",
    ]
    assert vars(records[-1])["input_tokens"] == 20
    for record in records:
        assert "secret" not in str(vars(record))
        assert "whispered" not in str(vars(record))
