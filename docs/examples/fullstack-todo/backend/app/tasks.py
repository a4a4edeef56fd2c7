"""The endpoints of the list."""

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, status
from sqlmodel import Session, col, select

from app.database import get_session
from app.models import Task, TaskCreate, TaskRead, TaskUpdate

router = APIRouter(prefix="/api/tasks", tags=["tasks"])

Db = Annotated[Session, Depends(get_session)]


def find(task_id: int, db: Db) -> Task:
    """The task of this id, or an answer of 404."""
    task = db.get(Task, task_id)
    if task is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "There is no such task.")
    return task


Found = Annotated[Task, Depends(find)]


@router.get("", response_model=list[TaskRead])
def list_tasks(db: Db) -> list[Task]:
    """Every task, oldest first."""
    return list(db.exec(select(Task).order_by(col(Task.id))))


@router.post("", response_model=TaskRead, status_code=status.HTTP_201_CREATED)
def add_task(new: TaskCreate, db: Db) -> Task:
    """Add a task at the end of the list."""
    return save(Task(title=new.title), db)


@router.patch("/{task_id}", response_model=TaskRead)
def change_task(change: TaskUpdate, task: Found, db: Db) -> Task:
    """Rename a task, or tick it off."""
    task.sqlmodel_update(change.model_dump(exclude_none=True))
    return save(task, db)


@router.delete("/{task_id}", status_code=status.HTTP_204_NO_CONTENT)
def delete_task(task: Found, db: Db) -> None:
    """Take a task off the list."""
    db.delete(task)
    db.commit()


def save(task: Task, db: Session) -> Task:
    """The task as the database now has it."""
    db.add(task)
    db.commit()
    db.refresh(task)
    return task
