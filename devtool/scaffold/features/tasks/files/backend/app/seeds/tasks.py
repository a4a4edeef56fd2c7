"""Demo tasks."""

from app.schemas.task import TaskCreate, TaskQuery
from app.services.task import complete_task, create_task, list_tasks

TASKS = (
    ("Read the README", "It has two commands.", True),
    ("Look at /docs", "Every route can be tried there.", False),
    ("Change app/services/task.py", "The server reloads by itself.", False),
)


async def plant(owner: str) -> None:
    """Give the owner some tasks, unless there are any."""
    if (await list_tasks(owner, TaskQuery(limit=1))).items:
        return
    for title, description, done in TASKS:
        task = await create_task(owner, TaskCreate(title=title, description=description))
        if done:
            await complete_task(owner, task.id)
