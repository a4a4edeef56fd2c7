"""The chunks between what a client has seen and what an answer holds."""

from typing import Any

from app.ai.parts import Call, CallState, Part, Text
from app.ai.uistream import UIStream, encoded


def kinds(chunks: list[dict[str, Any]]) -> list[str]:
    return [chunk["type"] for chunk in chunks]


def test_an_answer_is_told_as_it_grows() -> None:
    stream = UIStream()
    assert list(stream.start("m", {"offline": True})) == [
        {"type": "start", "messageId": "m", "messageMetadata": {"offline": True}}
    ]
    assert list(stream.advance((Text("Hel"),))) == [
        {"type": "start-step"},
        {"type": "text-start", "id": "text-0"},
        {"type": "text-delta", "id": "text-0", "delta": "Hel"},
    ]
    assert list(stream.advance((Text("Hello"),))) == [
        {"type": "text-delta", "id": "text-0", "delta": "lo"}
    ]
    assert list(stream.advance((Text("Hello"),))) == []
    parts: tuple[Part, ...] = (Text("Hello"), Call("c", "get_task", {"task_id": 1}))
    assert kinds(list(stream.advance(parts))) == ["text-end", "tool-input-available"]
    done = Call("c", "get_task", {"task_id": 1}, 0, CallState.DONE, {"id": 1})
    parts = (Text("Hello"), done, Text("There.", 1))
    assert kinds(list(stream.advance(parts))) == [
        "tool-output-available",
        "finish-step",
        "start-step",
        "text-start",
        "text-delta",
    ]
    assert list(stream.finish(state="done")) == [
        {"type": "text-end", "id": "text-2"},
        {"type": "finish-step"},
        {"type": "finish", "messageMetadata": {"state": "done"}},
    ]


def test_who_comes_late_is_told_all_at_once() -> None:
    parts: tuple[Part, ...] = (
        Call("c", "x", {}, 0, CallState.FAILED, {"error": "no"}),
        Text("Sorry.", 1),
    )
    told = list(UIStream().advance(parts))
    assert kinds(told) == [
        "start-step",
        "tool-input-available",
        "tool-output-error",
        "finish-step",
        "start-step",
        "text-start",
        "text-delta",
    ]
    assert told[2]["errorText"] == "no"


def test_after_a_confirmation_only_the_outcome_is_told() -> None:
    waiting = Call("c", "delete_task", {"task_id": 1}, 0, CallState.WAITING)
    known: tuple[Part, ...] = (Text("Sure?"), waiting)
    assert kinds(list(UIStream().advance(known)))[-1] == "tool-approval-request"
    stream = UIStream(known)
    assert list(stream.advance(known)) == []
    denied = (Text("Sure?"), Call("c", "delete_task", {"task_id": 1}, 0, CallState.DENIED))
    assert list(stream.advance(denied)) == [{"type": "tool-output-denied", "toolCallId": "c"}]
    more = (*denied, Text("As you like.", 1))
    assert kinds(list(stream.advance(more))) == ["start-step", "text-start", "text-delta"]


def test_an_error_and_a_cancellation_are_told() -> None:
    assert kinds(list(UIStream().finish("no"))) == ["error", "finish"]
    assert kinds(list(UIStream().finish(aborted=True))) == ["abort", "finish"]


def test_events_hold_one_line_whatever_they_say() -> None:
    event = encoded({"type": "text-delta", "delta": 'a\n\ndata: "x" \u2028 é'})
    assert event.startswith('data: {"type":"text-delta"')
    assert event.count("\n") == 2
