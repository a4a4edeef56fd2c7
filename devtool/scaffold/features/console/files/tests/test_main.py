import io

import pytest
from rich.console import Console

from main import Terminal
from manager import TaskManager


def answers(*lines: str) -> str:
    """What the terminal shows for these lines, followed by the end of input."""
    shown = io.StringIO()
    typed = iter(lines)

    def read() -> str:
        try:
            return next(typed)
        except StopIteration:
            raise EOFError from None

    Terminal(TaskManager(), Console(file=shown, width=200)).run(read)
    return shown.getvalue()


def test_a_task_can_be_added_completed_and_deleted() -> None:
    shown = answers("add milk | two bottles", "done 1", "list", "delete 1", "list", "quit")
    assert "added 1: milk" in shown
    assert "done: milk" in shown
    assert "two bottles" in shown
    assert "deleted 1" in shown
    assert "nothing here" in shown


def test_a_task_can_be_edited_and_opened_again() -> None:
    shown = answers("add milk", "edit 1 oat milk", "done 1", "undo 1", "todo")
    assert "now: oat milk" in shown
    assert "open again: oat milk" in shown


@pytest.mark.parametrize("line", ["done", "done x", "done 99999999999", "delete -1", "edit ² x"])
def test_what_is_no_number_is_explained(line: str) -> None:
    assert "the number of a task is needed" in answers(line)


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("done 7", "there is no task 7"),
        ("fly", "fly is no command"),
        ("add", "a title is needed"),
        ("help", "add TITLE"),
    ],
)
def test_mistakes_are_answered(line: str, answer: str) -> None:
    assert answer in answers(line)


def test_what_is_typed_is_no_markup() -> None:
    assert "[bold]milk[/nothing]" in answers("add [bold]milk[/nothing]", "list")
