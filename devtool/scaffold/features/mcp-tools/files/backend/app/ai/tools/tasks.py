"""The tools for tasks: what the routes of tasks do, for assistants."""

from typing import Annotated

from pydantic import Field

from app.ai.caller import Caller
from app.ai.tool import Effect, tool
from app.schemas.base import LARGEST_ID, NO_NUL, Input
from app.schemas.task import CURSOR, TaskCreate, TaskPage, TaskPatch, TaskQuery, TaskRead
from app.services import task as tasks

TaskId = Annotated[int, Field(ge=1, le=LARGEST_ID, description="The id, from list_tasks.")]


class AddTask(TaskCreate):
    """What add_task takes."""


class ListTasks(Input):
    """What list_tasks takes."""

    completed: Annotated[bool | None, Field(description="Only done, or only open ones.")] = None
    search: Annotated[str, Field(max_length=100, pattern=NO_NUL)] = ""
    limit: Annotated[int, Field(ge=1, le=100)] = 50
    cursor: Annotated[str, Field(max_length=1700, pattern=CURSOR)] | None = None


class OneTask(Input):
    """What tools take that work on one task."""

    task_id: TaskId


class UpdateTask(TaskPatch):
    """What update_task takes."""

    task_id: TaskId


class TaskDeleted(Input):
    """What delete_task gives back."""

    task_id: int
    deleted: bool = True


async def add_task(caller: Caller, asked: AddTask) -> TaskRead:
    """Create a task."""
    return TaskRead.model_validate(await tasks.create_task(caller.user_id, asked))


async def list_tasks(caller: Caller, asked: ListTasks) -> TaskPage:
    """List the user's tasks, newest first, a page at a time."""
    query = TaskQuery(**asked.model_dump())
    return TaskPage.model_validate(await tasks.list_tasks(caller.user_id, query))


async def get_task(caller: Caller, asked: OneTask) -> TaskRead:
    """Read one task."""
    return TaskRead.model_validate(await tasks.get_task(caller.user_id, asked.task_id))


async def update_task(caller: Caller, asked: UpdateTask) -> TaskRead:
    """Change a task's title or description, or open it again; what is left out stays."""
    changes = TaskPatch(**asked.model_dump(exclude_unset=True, exclude={"task_id"}))
    changed = await tasks.update_task(caller.user_id, asked.task_id, changes)
    return TaskRead.model_validate(changed)


async def complete_task(caller: Caller, asked: OneTask) -> TaskRead:
    """Mark a task as done."""
    return TaskRead.model_validate(await tasks.complete_task(caller.user_id, asked.task_id))


async def delete_task(caller: Caller, asked: OneTask) -> TaskDeleted:
    """Delete a task for good."""
    await tasks.delete_task(caller.user_id, asked.task_id)
    return TaskDeleted(task_id=asked.task_id)


TOOLS = (
    tool(Effect.ADD, add_task),
    tool(Effect.READ, list_tasks),
    tool(Effect.READ, get_task),
    tool(Effect.SET, update_task),
    tool(Effect.SET, complete_task),
    tool(Effect.DELETE, delete_task),
)
