"""The task list. It knows nothing of terminals, so that anything may stand in front of it."""

from dataclasses import replace

from models import Task


class TaskNotFoundError(LookupError):
    """No task has that number."""

    def __init__(self, task_id: int) -> None:
        super().__init__(f"there is no task {task_id}")


class TaskManager:
    """Tasks in memory, in the order they were created."""

    def __init__(self) -> None:
        self._tasks: dict[int, Task] = {}
        self._next_id = 1

    def create_task(self, title: str, description: str = "") -> Task:
        """Add a task and return it."""
        task = Task(id=self._next_id, title=title.strip(), description=description.strip())
        self._tasks[task.id] = task
        self._next_id += 1
        return task

    def list_tasks(self, *, completed: bool | None = None) -> list[Task]:
        """Every task, or only those that are completed or not."""
        return [
            task
            for task in self._tasks.values()
            if completed is None or task.completed is completed
        ]

    def get_task(self, task_id: int) -> Task:
        """The task with this number."""
        try:
            return self._tasks[task_id]
        except KeyError:
            raise TaskNotFoundError(task_id) from None

    def update_task(
        self, task_id: int, *, title: str | None = None, description: str | None = None
    ) -> Task:
        """Change what is given and return the task."""
        task = self.get_task(task_id)
        changed = replace(
            task,
            title=task.title if title is None else title.strip(),
            description=task.description if description is None else description.strip(),
        )
        self._tasks[task_id] = changed
        return changed

    def complete_task(self, task_id: int, *, completed: bool = True) -> Task:
        """Mark a task as done, or as not done, and return it."""
        task = replace(self.get_task(task_id), completed=completed)
        self._tasks[task_id] = task
        return task

    def delete_task(self, task_id: int) -> None:
        """Forget a task; its number is not used again."""
        self.get_task(task_id)
        del self._tasks[task_id]
