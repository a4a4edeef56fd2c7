"""The shape of the seed: `async def` routes around a synchronous session, the pool as it comes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException, Query
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from shared import DATABASE, IS_SQLITE, read
from sqlmodel import Session, create_engine, select
from tables import Task, TaskCreate, TaskRead

URL = f"sqlite:///{DATABASE}" if IS_SQLITE else DATABASE.replace("postgresql", "postgresql+psycopg")
engine = create_engine(URL)
app = FastAPI()
security = HTTPBearer()


def get_session() -> Iterator[Session]:
    with Session(engine) as session:
        yield session


async def get_current_user(
    credentials: Annotated[HTTPAuthorizationCredentials, Depends(security)],
) -> str:
    user = read(credentials.credentials)
    if user is None:
        raise HTTPException(401, "Invalid token")
    return user


Database = Annotated[Session, Depends(get_session)]
CurrentUser = Annotated[str, Depends(get_current_user)]


@app.get("/tasks", response_model=list[TaskRead])
async def list_tasks(
    session: Database,
    user: CurrentUser,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
    offset: Annotated[int, Query(ge=0)] = 0,
) -> object:
    statement = select(Task).where(Task.user_id == user).order_by(Task.id)
    return session.exec(statement.offset(offset).limit(limit)).all()


@app.post("/tasks", response_model=TaskRead, status_code=201)
async def create_task(task: TaskCreate, session: Database, user: CurrentUser) -> object:
    stored = Task.model_validate(task, update={"user_id": user})
    session.add(stored)
    session.commit()
    session.refresh(stored)
    return stored


@app.get("/tasks/{task_id}", response_model=TaskRead)
async def get_task(task_id: int, session: Database, user: CurrentUser) -> object:
    task = session.get(Task, task_id)
    if task is None or task.user_id != user:
        raise HTTPException(404, "Task not found")
    return task
