"""What can be done with tasks. Every statement names the owner: there is no other way to a row.

The statements are built once, when this module is imported: building them for each request costs
more than running them.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import (
    Boolean,
    Executable,
    Select,
    String,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database import get_database
from app.errors import NotFoundError, PreconditionFailedError
from app.models.base import now
from app.models.task import Task
from app.schemas.task import TaskCreate, TaskPatch, TaskQuery, TaskRead, TaskReplace
from app.services.idempotency import once

TASKS = Task.metadata.tables["tasks"]


class TaskRecord(NamedTuple):
    """A task as the database holds it; the names are those of the columns."""

    id: int
    title: str
    description: str
    completed: bool
    created_at: datetime
    updated_at: datetime
    version: int


class TaskList(NamedTuple):
    """A page of tasks."""

    items: list[TaskRecord]
    next_cursor: str | None
    total: int | None


COLUMNS = tuple(TASKS.c[name] for name in TaskRecord._fields)
SORTED_BY = {"created_at": (TASKS.c.id,), "title": (TASKS.c.title, TASKS.c.id)}
OWN = TASKS.c.user_id == bindparam("owner")
ONE = (OWN, TASKS.c.id == bindparam("task_id"))
SEEN = TASKS.c.version == bindparam("seen")
NEXT = {"version": TASKS.c.version + 1, "updated_at": bindparam("moment")}

INSERT = (
    insert(TASKS)
    .values(
        user_id=bindparam("owner"),
        title=bindparam("title"),
        description=bindparam("description"),
        completed=False,
        version=1,
        created_at=bindparam("moment"),
        updated_at=bindparam("moment"),
    )
    .returning(*COLUMNS)
)
GET = select(*COLUMNS).where(*ONE)
# NULL leaves a column as it is.
UPDATE = (
    update(TASKS)
    .where(*ONE)
    .values(
        title=func.coalesce(bindparam("title", type_=String), TASKS.c.title),
        description=func.coalesce(bindparam("description", type_=String), TASKS.c.description),
        completed=func.coalesce(bindparam("completed", type_=Boolean), TASKS.c.completed),
        **NEXT,
    )
    .returning(*COLUMNS)
)
UPDATE_SEEN = UPDATE.where(SEEN)
DELETE = delete(TASKS).where(*ONE).returning(TASKS.c.id)
DELETE_SEEN = DELETE.where(SEEN)


async def list_tasks(owner: str, query: TaskQuery) -> TaskList:
    """A page of the owner's tasks."""
    position = Position.of(query)
    shape = (position.column, position.descending, query.cursor is not None)
    filters = (query.completed is not None, bool(query.search))
    values = {
        "owner": owner,
        "completed": query.completed,
        "pattern": f"%{escaped(query.search)}%",
        "after_title": position.title,
        "after_id": position.task_id,
        # One more than asked for tells whether there is a next page.
        "limit": query.limit + 1,
    }
    database = get_database()
    rows = await database.all(page_statement(*shape, *filters), values)
    total = await database.value(count_statement(*filters), values) if query.total else None
    items = [TaskRecord._make(row) for row in rows[: query.limit]]
    more = len(rows) > query.limit
    return TaskList(items, position.after(items[-1]) if more else None, total)


async def create_task(owner: str, data: TaskCreate) -> TaskRecord:
    """A new task of the owner."""
    (row,) = await get_database().all(INSERT, _new(owner, data))
    return TaskRecord._make(row)


async def create_task_once(owner: str, data: TaskCreate, key: str) -> tuple[TaskRead, bool]:
    """A new task, or the one that was created when the key came first; and which of both."""

    async def create(connection: AsyncConnection) -> str:
        row = (await connection.execute(INSERT, _new(owner, data))).one()
        return TaskRead.model_validate(TaskRecord._make(row)).model_dump_json()

    done = await once(owner, key, f"create task {data.model_dump_json()}", create)
    return TaskRead.model_validate_json(done.response), done.replayed


async def get_task(owner: str, task_id: int) -> TaskRecord:
    """One task of the owner.

    Raises:
        NotFoundError: If the owner has no such task.
    """
    row = await get_database().first(GET, {"owner": owner, "task_id": task_id})
    if row is None:
        raise not_found()
    return TaskRecord._make(row)


async def replace_task(
    owner: str, task_id: int, data: TaskReplace, seen: Sequence[int] | None = None
) -> TaskRecord:
    """The task after all of it was replaced; raises as `update_task` does."""
    return await _update(owner, task_id, data.model_dump(), seen)


async def update_task(
    owner: str, task_id: int, data: TaskPatch, seen: Sequence[int] | None = None
) -> TaskRecord:
    """The task after what was given was changed.

    Args:
        owner: Whose task it is.
        task_id: Which one.
        data: What shall be different.
        seen: The versions the caller may have seen; None for any.

    Raises:
        NotFoundError: If the owner has no such task.
        PreconditionFailedError: If it has another version by now.
    """
    return await _update(owner, task_id, data.model_dump(), seen)


async def complete_task(owner: str, task_id: int, seen: Sequence[int] | None = None) -> TaskRecord:
    """The task after it was marked as done; raises as `update_task` does."""
    return await update_task(owner, task_id, TaskPatch(completed=True), seen)


async def delete_task(owner: str, task_id: int, seen: Sequence[int] | None = None) -> None:
    """Delete a task; raises as `update_task` does."""
    values = {"owner": owner, "task_id": task_id}
    await _changed(DELETE, DELETE_SEEN, values, seen)


def not_found() -> NotFoundError:
    """What a caller is told of a task that is not there, or is not theirs."""
    return NotFoundError("There is no such task.")


def _new(owner: str, data: TaskCreate) -> dict[str, Any]:
    return {
        "owner": owner,
        "title": data.title,
        "description": data.description,
        "moment": now(),
    }


async def _update(
    owner: str, task_id: int, changes: Mapping[str, Any], seen: Sequence[int] | None
) -> TaskRecord:
    own = {"owner": owner, "task_id": task_id, "moment": now()}
    row = await _changed(UPDATE, UPDATE_SEEN, {**changes, **own}, seen)
    return TaskRecord._make(row)


async def _changed(
    statement: Executable,
    statement_seen: Executable,
    values: Mapping[str, Any],
    seen: Sequence[int] | None,
) -> Sequence[Any]:
    """The row that a statement changed, if it still had one of the versions seen."""
    database = get_database()
    if seen is None:
        row = await database.first(statement, values)
        if row is None:
            raise not_found()
        return row
    for version in seen:
        row = await database.first(statement_seen, {**values, "seen": version})
        if row is not None:
            return row
    if await database.first(GET, values) is None:
        raise not_found()
    raise PreconditionFailedError("The task has changed since you saw it.")


class Position(NamedTuple):
    """A place in a sorted list, between two tasks.

    Equal titles are told apart by their ids. Moments are not compared at all: ids grow with them.
    """

    column: str
    descending: bool
    title: str = ""
    task_id: int = 0

    @classmethod
    def of(cls, query: TaskQuery) -> "Position":
        """Where a page starts. A cursor knows the order it was made in."""
        name, *title, number = (query.cursor or f"{query.sort}.0").split(".")
        return cls(
            name.removeprefix("-"),
            name.startswith("-"),
            bytes.fromhex("".join(title)).decode("utf-8", "replace").replace("\0", ""),
            int(number),
        )

    def after(self, last: TaskRecord) -> str:
        """The cursor of the place behind a task."""
        order = f"-{self.column}" if self.descending else self.column
        title = f".{last.title.encode().hex()}" if self.column == "title" else ""
        return f"{order}{title}.{last.id}"


@cache
def page_statement(
    column: str, descending: bool, continued: bool, by_state: bool, by_text: bool
) -> Select[Any]:
    """The statement for a page, built when its shape is first asked for."""
    keys = SORTED_BY[column]
    statement = _filtered(select(*COLUMNS), by_state, by_text)
    if continued:
        place, here = tuple_(*keys), tuple_(*(bindparam(f"after_{key.name}") for key in keys))
        statement = statement.where(place < here if descending else place > here)
    order = [key.desc() if descending else key.asc() for key in keys]
    return statement.order_by(*order).limit(bindparam("limit"))


@cache
def count_statement(by_state: bool, by_text: bool) -> Select[Any]:
    """The statement for the number of tasks on all pages."""
    return _filtered(select(func.count()).select_from(TASKS), by_state, by_text)


def _filtered(statement: Select[Any], by_state: bool, by_text: bool) -> Select[Any]:
    statement = statement.where(OWN)
    if by_state:
        statement = statement.where(TASKS.c.completed == bindparam("completed"))
    if by_text:
        pattern = bindparam("pattern", type_=String)
        found = (TASKS.c[name].ilike(pattern, escape="\\") for name in ("title", "description"))
        statement = statement.where(or_(*found))
    return statement


def escaped(text: str) -> str:
    r"""A text in which LIKE finds nothing special: `50%` is searched as `50\%`."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
