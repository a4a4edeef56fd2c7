"""The routes of tasks: HTTP on one side, `app.services.task` on the other."""

from fastapi import APIRouter, Request, Response

from app.current_user import USER_RESPONSES, CurrentUser
from app.errors import documented
from app.parameters import documented_key, documented_query, read_key, read_query
from app.preconditions import IfMatch, etag, versions
from app.schemas.base import Id
from app.schemas.task import TaskCreate, TaskPage, TaskPatch, TaskQuery, TaskRead, TaskReplace
from app.services import task as tasks

router = APIRouter(prefix="/tasks", tags=["tasks"], responses=USER_RESPONSES)


@router.get("", response_model=TaskPage, openapi_extra=documented_query(TaskQuery))
async def list_tasks(user: CurrentUser, request: Request) -> tasks.TaskList:
    """List your tasks, a page at a time."""
    return await tasks.list_tasks(user, read_query(TaskQuery, request))


@router.post(
    "",
    response_model=TaskRead,
    status_code=201,
    responses=documented(409),
    openapi_extra=documented_key(),
)
async def create_task(
    user: CurrentUser, data: TaskCreate, request: Request, response: Response
) -> tasks.TaskRecord | TaskRead:
    """Create a task."""
    key = read_key(request)
    if key is None:
        created = await tasks.create_task(user, data)
        response.headers["ETag"] = etag(created.version)
        return created
    repeatable, replayed = await tasks.create_task_once(user, data, key)
    response.headers["ETag"] = etag(1)
    response.headers["Idempotency-Replayed"] = str(replayed).lower()
    return repeatable


@router.get("/{task_id}", response_model=TaskRead, responses=documented(404))
async def get_task(user: CurrentUser, task_id: Id, response: Response) -> tasks.TaskRecord:
    """Read one of your tasks."""
    return _tagged(await tasks.get_task(user, task_id), response)


@router.put("/{task_id}", response_model=TaskRead, responses=documented(404, 412))
async def replace_task(
    user: CurrentUser, task_id: Id, data: TaskReplace, response: Response, if_match: IfMatch = None
) -> tasks.TaskRecord:
    """Replace all of a task; with `If-Match: <ETag>` only if it is still as you saw it."""
    changed = await tasks.replace_task(user, task_id, data, versions(if_match))
    return _tagged(changed, response)


@router.patch("/{task_id}", response_model=TaskRead, responses=documented(404, 412))
async def update_task(
    user: CurrentUser, task_id: Id, data: TaskPatch, response: Response, if_match: IfMatch = None
) -> tasks.TaskRecord:
    """Change some of a task; with `If-Match: <ETag>` only if it is still as you saw it."""
    changed = await tasks.update_task(user, task_id, data, versions(if_match))
    return _tagged(changed, response)


@router.patch("/{task_id}/complete", response_model=TaskRead, responses=documented(404, 412))
async def complete_task(
    user: CurrentUser, task_id: Id, response: Response, if_match: IfMatch = None
) -> tasks.TaskRecord:
    """Mark a task as done; done twice is still done."""
    return _tagged(await tasks.complete_task(user, task_id, versions(if_match)), response)


@router.delete("/{task_id}", status_code=204, responses=documented(404, 412))
async def delete_task(user: CurrentUser, task_id: Id, if_match: IfMatch = None) -> None:
    """Delete a task; with `If-Match: <ETag>` only if it is still as you saw it."""
    await tasks.delete_task(user, task_id, versions(if_match))


def _tagged(task: tasks.TaskRecord, response: Response) -> tasks.TaskRecord:
    response.headers["ETag"] = etag(task.version)
    return task
