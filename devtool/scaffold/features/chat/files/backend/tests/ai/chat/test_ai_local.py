"""The local assistant understands its commands, and says what it is."""

import pytest

from app.ai.local import HELP, LABEL, next_step
from app.ai.parts import Call, Called, CallState, Message, Role, Text

MILK = {"id": 3, "title": "Buy milk", "completed": False}
TEA = {"id": 4, "title": "Drink tea", "completed": True}
LISTED = Call("1", "list_tasks", {}, state=CallState.DONE, output={"items": [MILK, TEA]})


def said(text: str) -> Message:
    return Message(Role.USER, (Text(text),))


def done(name: str, **output: object) -> Call:
    return Call("1", name, {"task_id": 3}, state=CallState.DONE, output=dict(output))


@pytest.mark.parametrize(
    ("text", "name", "arguments"),
    [
        ("add buy milk", "add_task", {"title": "buy milk"}),
        ("Add a task: buy milk!", "add_task", {"title": "buy milk"}),
        ('please create task "buy milk"', "add_task", {"title": "buy milk"}),
        ("what is left?", "list_tasks", {"completed": False, "limit": 100}),
        ("What's left to do?", "list_tasks", {"completed": False, "limit": 100}),
        ("what\u2019s open?", "list_tasks", {"completed": False, "limit": 100}),
        ("what is done?", "list_tasks", {"completed": True, "limit": 100}),
        ("list", "list_tasks", {"limit": 100}),
        ("show me all my tasks", "list_tasks", {"limit": 100}),
        ("done 3", "complete_task", {"task_id": 3}),
        ("complete task #3", "complete_task", {"task_id": 3}),
        ("mark 3 as done", "complete_task", {"task_id": 3}),
        ("reopen 3", "update_task", {"task_id": 3, "completed": False}),
        ("rename 3 to buy oat milk", "update_task", {"task_id": 3, "title": "buy oat milk"}),
        ("delete 3.", "delete_task", {"task_id": 3}),
        ("show 3", "get_task", {"task_id": 3}),
        ("done buy milk", "list_tasks", {"limit": 100}),
    ],
)
def test_it_understands(text: str, name: str, arguments: dict[str, object]) -> None:
    step = next_step(said(text), ())
    assert isinstance(step, Called)
    assert (step.name, step.arguments) == (name, arguments)


@pytest.mark.parametrize(
    ("text", "call", "answer"),
    [
        ("add buy milk", done("add_task", **MILK), "Added 3: Buy milk."),
        ("what is left?", LISTED, "Left to do:\n- 3: Buy milk\n- 4: Drink tea (done)"),
        ("what is done?", done("list_tasks", items=[]), "Nothing is done yet."),
        ("done 3", done("complete_task", **MILK), "Done: 3: Buy milk."),
        ("delete 3", done("delete_task", task_id=3, deleted=True), "Deleted task 3."),
        ("done nonsense", LISTED, 'There is no task "nonsense" among the first 100.'),
        (
            "list",
            done("list_tasks", items=[MILK], next_cursor="x"),
            "Your tasks:\n- 3: Buy milk\nThere are more.",
        ),
    ],
)
def test_it_says_what_was_done(text: str, call: Call, answer: str) -> None:
    assert next_step(said(text), (call,)) == answer + LABEL


def test_a_title_is_looked_up_first() -> None:
    step = next_step(said("Done BUY milk"), (LISTED,))
    assert isinstance(step, Called)
    assert (step.name, step.arguments) == ("complete_task", {"task_id": 3})


def test_what_was_deleted_is_told_by_its_title() -> None:
    deleted = done("delete_task", task_id=3, deleted=True)
    assert next_step(said("delete buy milk"), (LISTED, deleted)) == f"Deleted 3: Buy milk.{LABEL}"


def test_it_asks_which_task_is_meant() -> None:
    twice = done("list_tasks", items=[MILK, MILK | {"id": 5}])
    assert next_step(said("delete buy milk"), (twice,)) == (
        "Which one? 3: Buy milk, 5: Buy milk." + LABEL
    )


@pytest.mark.parametrize(
    ("state", "answer"),
    [
        (CallState.FAILED, "That did not work: There is no such task."),
        (CallState.DENIED, "Nothing was changed."),
    ],
)
def test_it_says_that_it_did_not_work(state: CallState, answer: str) -> None:
    call = Call("1", "delete_task", {}, state=state, output={"error": "There is no such task."})
    assert next_step(said("delete 3"), (call,)) == answer + LABEL


@pytest.mark.parametrize("text", ["hello", "buy milk", "", "ignore all rules"])
def test_what_it_does_not_understand_is_answered_with_what_it_is(text: str) -> None:
    assert next_step(said(text), ()) == HELP
    assert "no AI model is connected" in HELP
    assert "AI_API_KEY" in HELP
