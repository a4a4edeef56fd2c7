"""The applications that are edited: FastAPI and SQLModel, as a project of some weeks has them.

Every start appends `startup PID` to the file that `BENCH_EVENTS` names. What is read back over HTTP:
`/leaf` the mark in a router, `/central` the mark in the definition of a table.
"""

from __future__ import annotations

from pathlib import Path

LEAF = "app/routers/health.py"
CENTRAL = "app/models/task.py"
MORE = 200

BASE = {
    "requirements.txt": "fastapi\nsqlmodel\nuvicorn[standard]\npydantic-settings\n",
    ".env": "SECRET_KEY=not-secret\n",
    ".gitignore": "*.db\n.venv/\n",
    "main.py": """
from app.application import create_app

app = create_app()
""",
    "app/__init__.py": "",
    "app/settings.py": '''
"""Settings from the environment."""

from functools import lru_cache

from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_file=".env", extra="ignore")

    database_url: str = "sqlite:///shop.db"
    secret_key: str
    page_size: int = 20


@lru_cache
def get_settings() -> Settings:
    return Settings()
''',
    "app/database.py": '''
"""The engine, and a session for each request."""

from collections.abc import Iterator

from sqlmodel import Session, SQLModel, create_engine

from app.settings import get_settings

engine = create_engine(get_settings().database_url, connect_args={"check_same_thread": False})


def create_tables() -> None:
    SQLModel.metadata.create_all(engine)


def get_session() -> Iterator[Session]:
    with Session(engine) as session:
        yield session
''',
    "app/errors.py": '''
"""Errors as responses."""

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse


class NotFoundError(Exception):
    pass


def install(app: FastAPI) -> None:
    @app.exception_handler(NotFoundError)
    async def not_found(request: Request, error: NotFoundError) -> JSONResponse:
        return JSONResponse({"detail": str(error), "path": request.url.path}, status_code=404)
''',
    "app/security.py": '''
"""Who asks: a token, signed with the secret key."""

import hashlib
import hmac
from typing import Annotated

from fastapi import Depends, Header, HTTPException

from app.settings import Settings, get_settings


def sign(name: str, settings: Settings) -> str:
    return hmac.new(settings.secret_key.encode(), name.encode(), hashlib.sha256).hexdigest()


def current_user(
    settings: Annotated[Settings, Depends(get_settings)],
    authorization: Annotated[str | None, Header()] = None,
) -> str:
    if authorization is None:
        return "local"
    name, _, signature = authorization.partition(":")
    if not hmac.compare_digest(signature, sign(name, settings)):
        raise HTTPException(401, "the token is not ours")
    return name


CurrentUser = Annotated[str, Depends(current_user)]
''',
    "app/models/__init__.py": """
from app.models.tag import Tag
from app.models.task import Task
from app.models.user import User

__all__ = ["Tag", "Task", "User"]
""",
    "app/models/tag.py": '''
"""Words that tasks are found by."""

from sqlmodel import Field, SQLModel


class Tag(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(index=True, max_length=50)
    task_id: int | None = Field(default=None, foreign_key="task.id")
''',
    CENTRAL: '''
"""What there is to do."""

from datetime import UTC, datetime

from sqlmodel import Field, SQLModel


class TaskBase(SQLModel):
    title: str = Field(max_length=200, default="mark-0")
    description: str = ""
    completed: bool = False


class Task(TaskBase, table=True):
    id: int | None = Field(default=None, primary_key=True)
    owner: str = Field(index=True, default="local")
    created_at: datetime = Field(default_factory=lambda: datetime.now(UTC))
''',
    "app/models/user.py": '''
"""Who it is for."""

from sqlmodel import Field, SQLModel


class User(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(index=True, unique=True)
    email: str = ""
''',
    "app/schemas.py": '''
"""What goes over the wire."""

from datetime import datetime

from sqlmodel import SQLModel

from app.models.task import TaskBase


class TaskCreate(TaskBase):
    pass


class TaskRead(TaskBase):
    id: int
    owner: str
    created_at: datetime


class TaskUpdate(SQLModel):
    title: str | None = None
    completed: bool | None = None


class UserRead(SQLModel):
    id: int
    name: str
''',
    "app/services/__init__.py": "",
    "app/services/tasks.py": '''
"""What can be done with tasks."""

from sqlmodel import Session, select

from app.errors import NotFoundError
from app.models import Task
from app.schemas import TaskCreate, TaskUpdate


def listed(session: Session, owner: str, limit: int) -> list[Task]:
    return list(session.exec(select(Task).where(Task.owner == owner).limit(limit)).all())


def add(session: Session, owner: str, task: TaskCreate) -> Task:
    made = Task.model_validate(task, update={"owner": owner})
    session.add(made)
    session.commit()
    session.refresh(made)
    return made


def change(session: Session, number: int, update: TaskUpdate) -> Task:
    task = session.get(Task, number)
    if task is None:
        raise NotFoundError(f"there is no task {number}")
    task.sqlmodel_update(update.model_dump(exclude_unset=True))
    session.add(task)
    session.commit()
    session.refresh(task)
    return task
''',
    "app/services/users.py": '''
"""What can be done with users."""

from sqlmodel import Session, select

from app.models import User


def listed(session: Session) -> list[User]:
    return list(session.exec(select(User)).all())
''',
    "app/routers/__init__.py": """
from app.routers import health, stream, tasks, users

ROUTERS = (health.router, stream.router, tasks.router, users.router)
""",
    LEAF: '''
"""Whether it lives, and which version it is."""

from fastapi import APIRouter

router = APIRouter()
MARK = "mark-0"


@router.get("/ping")
async def ping() -> str:
    return "pong"


@router.get("/leaf")
async def leaf() -> str:
    return MARK
''',
    "app/routers/stream.py": '''
"""News as they come."""

import asyncio
from collections.abc import AsyncIterator

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

router = APIRouter()


async def ticks() -> AsyncIterator[str]:
    number = 0
    while True:
        yield f"data: {number}\\n\\n"
        number += 1
        await asyncio.sleep(0.5)


@router.get("/stream")
async def stream() -> StreamingResponse:
    return StreamingResponse(ticks(), media_type="text/event-stream")
''',
    "app/routers/tasks.py": '''
"""Tasks over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends
from sqlmodel import Session

from app.database import get_session
from app.models import Task
from app.schemas import TaskCreate, TaskRead, TaskUpdate
from app.security import CurrentUser
from app.services import tasks

router = APIRouter()
Database = Annotated[Session, Depends(get_session)]


@router.get("/central")
async def central() -> str:
    return Task.model_fields["title"].default


@router.get("/tasks", response_model=list[TaskRead])
def read(session: Database, user: CurrentUser, limit: int = 20) -> list[Task]:
    return tasks.listed(session, user, limit)


@router.post("/tasks", response_model=TaskRead, status_code=201)
def create(session: Database, user: CurrentUser, task: TaskCreate) -> Task:
    return tasks.add(session, user, task)


@router.patch("/tasks/{number}", response_model=TaskRead)
def update(session: Database, number: int, task: TaskUpdate) -> Task:
    return tasks.change(session, number, task)
''',
    "app/routers/users.py": '''
"""Users over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends
from sqlmodel import Session

from app.database import get_session
from app.models import User
from app.schemas import UserRead
from app.services import users

router = APIRouter()


@router.get("/users", response_model=list[UserRead])
def read(session: Annotated[Session, Depends(get_session)]) -> list[User]:
    return users.listed(session)
''',
    "app/application.py": '''
"""The application, put together."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware

from app import errors
from app.database import create_tables
from app.routers import ROUTERS


def note(event: str) -> None:
    with open(os.environ["BENCH_EVENTS"], "a", encoding="utf-8") as file:
        file.write(f"{event} {os.getpid()}\\n")


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    create_tables()
    note("startup")
    yield
    note("shutdown")


def create_app() -> FastAPI:
    app = FastAPI(title="Shop", lifespan=lifespan)
    app.add_middleware(CORSMiddleware, allow_origins=["http://localhost:3000"])
    errors.install(app)
    for router in ROUTERS:
        app.include_router(router)
    return app
''',
}

RESOURCE = {
    "models/{name}.py": '''
"""A {name} as it is stored."""

from sqlmodel import Field, SQLModel


class {Name}Base(SQLModel):
    title: str = Field(max_length=200)
    amount: float = 0.0
    note: str | None = None


class {Name}({Name}Base, table=True):
    id: int | None = Field(default=None, primary_key=True)
    owner: str = Field(index=True, default="local")
''',
    "schemas/{name}.py": '''
"""A {name} over the wire."""

from sqlmodel import SQLModel

from app.resources.models.{name} import {Name}Base


class {Name}Create({Name}Base):
    pass


class {Name}Read({Name}Base):
    id: int


class {Name}Update(SQLModel):
    title: str | None = None
    amount: float | None = None
''',
    "policies/{name}.py": '''
"""Who may do what with a {name}."""

from app.resources.models.{name} import {Name}

LIMIT = 1000


def may_read(user: str, found: {Name}) -> bool:
    return found.owner == user


def may_add(user: str, count: int) -> bool:
    return bool(user) and count < LIMIT
''',
    "services/{name}.py": '''
"""What can be done with a {name}."""

from sqlmodel import Session, select

from app.errors import NotFoundError
from app.resources.models.{name} import {Name}
from app.resources.policies.{name} import may_read
from app.resources.schemas.{name} import {Name}Create


def listed(session: Session, owner: str) -> list[{Name}]:
    return list(session.exec(select({Name}).where({Name}.owner == owner)).all())


def found(session: Session, owner: str, number: int) -> {Name}:
    one = session.get({Name}, number)
    if one is None or not may_read(owner, one):
        raise NotFoundError(f"there is no {name} {{number}}")
    return one


def add(session: Session, owner: str, new: {Name}Create) -> {Name}:
    made = {Name}.model_validate(new, update={{"owner": owner}})
    session.add(made)
    session.commit()
    session.refresh(made)
    return made
''',
    "routers/{name}.py": '''
"""{Name} over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends
from sqlmodel import Session

from app.database import get_session
from app.resources.models.{name} import {Name}
from app.resources.schemas.{name} import {Name}Create, {Name}Read
from app.resources.services import {name} as service
from app.security import CurrentUser

router = APIRouter(prefix="/{name}")
Database = Annotated[Session, Depends(get_session)]


@router.get("", response_model=list[{Name}Read])
def read(session: Database, user: CurrentUser) -> list[{Name}]:
    return service.listed(session, user)


@router.post("", response_model={Name}Read, status_code=201)
def create(session: Database, user: CurrentUser, new: {Name}Create) -> {Name}:
    return service.add(session, user, new)
''',
}


AI = {
    "requirements.txt": BASE["requirements.txt"] + "openai-agents\nmcp\n",
    "app/ai/__init__.py": "",
    "app/ai/tools.py": '''
"""What the assistant may do."""

from agents import function_tool
from sqlmodel import Session

from app.database import engine
from app.schemas import TaskCreate
from app.services import tasks


@function_tool
def add_task(title: str) -> str:
    """Add a task."""
    with Session(engine) as session:
        return tasks.add(session, "local", TaskCreate(title=title)).title


@function_tool
def list_tasks() -> list[str]:
    """List the tasks."""
    with Session(engine) as session:
        return [task.title for task in tasks.listed(session, "local", 20)]
''',
    "app/ai/assistant.py": '''
"""The assistant."""

from agents import Agent

from app.ai.tools import add_task, list_tasks

assistant = Agent(name="assistant", instructions="Help with tasks.", tools=[add_task, list_tasks])
''',
    "app/ai/server.py": '''
"""The same tools for other assistants."""

from mcp.server import MCPServer
from sqlmodel import Session

from app.database import engine
from app.services import tasks

server = MCPServer("shop")


@server.tool()
def count_tasks() -> int:
    """Count the tasks."""
    with Session(engine) as session:
        return len(tasks.listed(session, "local", 1000))
''',
    "app/routers/chat.py": '''
"""The assistant over HTTP."""

from agents import Runner
from fastapi import APIRouter
from pydantic import BaseModel

from app.ai.assistant import assistant
from app.ai.server import server

router = APIRouter()


class Message(BaseModel):
    text: str


@router.post("/chat")
async def chat(message: Message) -> str:
    return (await Runner.run(assistant, message.text)).final_output


@router.get("/mcp-name")
async def name() -> str:
    return server.name
''',
    "app/routers/__init__.py": """
from app.routers import chat, health, stream, tasks, users

ROUTERS = (chat.router, health.router, stream.router, tasks.router, users.router)
""",
}


def large() -> dict[str, str]:
    """200 more modules: what 40 resources consist of, five modules each."""
    names = [f"resource{number:02}" for number in range(MORE // len(RESOURCE))]
    modules = {
        f"app/resources/{path.format(name=name)}": text.format(name=name, Name=name.capitalize())
        for name in names
        for path, text in RESOURCE.items()
    }
    packages = {f"app/resources/{path.partition('/')[0]}/__init__.py": "" for path in RESOURCE}
    imports = "".join(f"    {name},\n" for name in names)
    routers = "".join(f"    {name}.router,\n" for name in names)
    application = BASE["app/application.py"].replace(
        "from app.routers import ROUTERS",
        "from app.resources import RESOURCES\nfrom app.routers import ROUTERS",
    )
    return {
        **packages,
        **modules,
        "app/resources/__init__.py": (
            f"from app.resources.routers import (\n{imports})\n\nRESOURCES = (\n{routers})\n"
        ),
        "app/application.py": application.replace("in ROUTERS:", "in (*RESOURCES, *ROUTERS):"),
    }


VARIANTS = {
    "web": lambda: BASE,
    "ai": lambda: {**BASE, **AI},
    "large": lambda: {**BASE, **large()},
}


def write_app(root: Path, variant: str, environment: Path) -> Path:
    """Write a variant into a new folder that has the environment as its own."""
    for name, text in VARIANTS[variant]().items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.lstrip("\n"), encoding="utf-8")
    (root / ".venv").symlink_to(environment)
    return root


def save(path: Path, text: str) -> None:
    """Save a file as most editors do: under another name first, then in place of the old one."""
    fresh = path.with_name(f".{path.name}.tmp")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(path)
