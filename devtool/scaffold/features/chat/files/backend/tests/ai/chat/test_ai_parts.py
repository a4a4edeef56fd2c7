"""Answers grow by events; models are told the last turns that fit; budgets end."""

from decimal import Decimal

import pytest

from app.ai.budget import Budget, Spending
from app.ai.history import recent
from app.ai.parts import (
    Call,
    Called,
    CallState,
    Event,
    Message,
    Part,
    Returned,
    Role,
    Spent,
    Text,
    Wrote,
    grown,
)
from app.ai.turn import LimitReachedError


def answer(*events: Event) -> tuple[Part, ...]:
    parts: tuple[Part, ...] = ()
    for event in events:
        parts = grown(parts, event)
    return parts


def test_text_grows_and_a_call_begins_a_step_when_it_ends() -> None:
    parts = answer(
        Wrote("Let me "),
        Wrote("see."),
        Called("a", "list_tasks", {}),
        Called("b", "get_task", {"task_id": 1}),
        Returned("b", {"id": 1}),
        Spent(1, 1),
        Returned("a", {"error": "no"}, CallState.FAILED),
        Wrote("Here."),
    )
    assert parts == (
        Text("Let me see.", 0),
        Call("a", "list_tasks", {}, 0, CallState.FAILED, {"error": "no"}),
        Call("b", "get_task", {"task_id": 1}, 0, CallState.DONE, {"id": 1}),
        Text("Here.", 1),
    )


def test_a_call_that_asks_waits() -> None:
    (call,) = answer(Called("a", "delete_task", {"task_id": 1}, waits=True))
    assert isinstance(call, Call)
    assert call.state is CallState.WAITING


def test_a_model_may_number_its_calls_anew() -> None:
    parts = answer(
        Called("0", "x", {}),
        Returned("0", {"n": 1}),
        Called("0", "x", {}),
        Returned("0", {"n": 2}),
        Returned("0", {"n": 3}),
    )
    assert [(call.id, call.output) for call in parts if isinstance(call, Call)] == [
        ("0", {"n": 1}),
        ("0~1", {"n": 2}),
    ]


def test_a_message_knows_its_text_its_calls_and_its_steps() -> None:
    parts = answer(Wrote("One. "), Called("a", "x", {}), Returned("a", {}), Wrote("Two."))
    message = Message(Role.ASSISTANT, parts)
    assert message.text == "One. Two."
    assert [call.id for call in message.calls] == ["a"]
    assert [len(step) for step in message.steps()] == [2, 1]


def turn(number: int, length: int = 1) -> tuple[Message, Message]:
    return (
        Message(Role.USER, (Text(f"{number}" * length),)),
        Message(Role.ASSISTANT, (Call("a", "x", {}, 0, CallState.DONE, {}), Text("ok", 1))),
    )


def test_whole_turns_are_told_from_the_last_back() -> None:
    said = (*turn(1), *turn(2), *turn(3))
    assert recent(said, most_messages=4, most_characters=1000) == said[2:]
    assert recent(said, most_messages=5, most_characters=1000) == said[2:]
    assert recent(said, most_messages=100, most_characters=1000) == said


def test_the_last_turn_is_told_whatever_its_length() -> None:
    said = (*turn(1), *turn(2, length=500))
    assert recent(said, most_messages=100, most_characters=100) == said[2:]


def test_what_was_said_before_the_first_question_is_not_told() -> None:
    (_, cut), (asked, _) = turn(1), turn(2)
    assert recent((cut, asked), most_messages=9, most_characters=99) == (asked,)


def test_a_budget_ends_by_tokens_or_by_cost() -> None:
    budget = Budget(
        tokens=100, cost=Decimal("0.001"), input_price=Decimal(10), output_price=Decimal(20)
    )
    spent = Spending().plus(Spent(30, 10)).plus(Spent(10, 10))
    assert spent == Spending(40, 20)
    assert budget.cost_of(spent) == Decimal("0.0008")
    budget.check(spent)
    with pytest.raises(LimitReachedError, match="cost more"):
        budget.check(spent.plus(Spent(0, 20)))
    with pytest.raises(LimitReachedError, match="more tokens"):
        budget.check(Spending(90, 20))
