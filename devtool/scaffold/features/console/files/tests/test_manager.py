import pytest

from manager import TaskManager, TaskNotFoundError


def test_tasks_are_numbered_and_never_reuse_a_number() -> None:
    tasks = TaskManager()
    first = tasks.create_task("first")
    tasks.delete_task(first.id)
    assert tasks.create_task("second").id == first.id + 1


@pytest.mark.parametrize("title", ["", "   ", "x" * 201])
def test_titles_have_bounds(title: str) -> None:
    with pytest.raises(ValueError, match="title"):
        TaskManager().create_task(title)


def test_the_longest_texts_are_accepted() -> None:
    task = TaskManager().create_task("x" * 200, "y" * 1000)
    assert (len(task.title), len(task.description)) == (200, 1000)


def test_descriptions_have_a_bound() -> None:
    with pytest.raises(ValueError, match="description"):
        TaskManager().create_task("x", "y" * 1001)


def test_a_refused_edit_changes_nothing() -> None:
    tasks = TaskManager()
    task = tasks.create_task("keep me")
    with pytest.raises(ValueError, match="title"):
        tasks.update_task(task.id, title=" ")
    assert tasks.get_task(task.id) == task


def test_the_list_can_be_narrowed() -> None:
    tasks = TaskManager()
    done, left = tasks.create_task("done"), tasks.create_task("left")
    tasks.complete_task(done.id)
    assert [task.id for task in tasks.list_tasks(completed=True)] == [done.id]
    assert [task.id for task in tasks.list_tasks(completed=False)] == [left.id]


def test_creation_times_have_a_time_zone() -> None:
    assert TaskManager().create_task("now").created_at.tzinfo is not None


def test_missing_tasks_are_named() -> None:
    with pytest.raises(TaskNotFoundError, match="there is no task 7"):
        TaskManager().delete_task(7)
