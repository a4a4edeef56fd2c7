"""The shape of a well-known template: threads, the user read from the database, a count per page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException, Query
from fastapi.security import OAuth2PasswordBearer
from shared import DATABASE, IS_SQLITE, read
from sqlmodel import Session, col, create_engine, func, select
from tables import Task, TaskCreate, TaskPage, TaskRead, User

URL = f"sqlite:///{DATABASE}" if IS_SQLITE else DATABASE.replace("postgresql", "postgresql+psycopg")
engine = create_engine(URL)
app = FastAPI()


def get_session() -> Iterator[Session]:
    with Session(engine) as session:
        yield session


Database = Annotated[Session, Depends(get_session)]
Token = Annotated[str, Depends(OAuth2PasswordBearer(tokenUrl="/login"))]


def get_current_user(session: Database, token: Token) -> User:
    user_id = read(token)
    if user_id is None:
        raise HTTPException(401, "Could not validate credentials")
    user = session.get(User, user_id)
    if user is None:
        raise HTTPException(404, "User not found")
    return user


CurrentUser = Annotated[User, Depends(get_current_user)]


@app.get("/tasks", response_model=TaskPage)
def list_tasks(
    session: Database,
    user: CurrentUser,
    limit: Annotated[int, Query(ge=1, le=100)] = 100,
    offset: Annotated[int, Query(ge=0)] = 0,
) -> object:
    mine = Task.user_id == user.id
    count = session.exec(select(func.count()).select_from(Task).where(mine)).one()
    newest = select(Task).where(mine).order_by(col(Task.created_at).desc())
    tasks = session.exec(newest.offset(offset).limit(limit)).all()
    return TaskPage(data=[TaskRead.model_validate(task) for task in tasks], count=count)


@app.post("/tasks", response_model=TaskRead, status_code=201)
def create_task(session: Database, user: CurrentUser, task: TaskCreate) -> object:
    stored = Task.model_validate(task, update={"user_id": user.id})
    session.add(stored)
    session.commit()
    session.refresh(stored)
    return stored


@app.get("/tasks/{task_id}", response_model=TaskRead)
def get_task(session: Database, user: CurrentUser, task_id: int) -> object:
    task = session.get(Task, task_id)
    if task is None or task.user_id != user.id:
        raise HTTPException(404, "Task not found")
    return task
