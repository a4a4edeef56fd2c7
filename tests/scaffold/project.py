"""A small generated project, its next version, and what to look at afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from devtool.scaffold.changes import Action
from devtool.scaffold.journal import FOLDER
from devtool.scaffold.update import Update, apply_update, plan_update

MAIN = "backend/app/main.py"
MODELS = "backend/app/models.py"
ROUTERS = "backend/app/routers/__init__.py"
OLD = "backend/app/old.py"
CHAT = "backend/app/ai/chat.py"
README = "README.md"
PYPROJECT = "backend/pyproject.toml"
PACKAGE = "frontend/package.json"

V1 = {
    MAIN: """from fastapi import FastAPI
from .routers import tasks

app = FastAPI(title='todo')
app.include_router(tasks.router)


@app.get('/health')
def health() -> dict[str, str]:
    return {'status': 'ok'}
""",
    MODELS: """from sqlmodel import Field, SQLModel


class Task(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    title: str = Field(max_length=200)
    completed: bool = False
""",
    ROUTERS: '''"""The routers, in order."""

from app.routers import health, tasks

VERSIONED = [tasks.router]
ROOT = [health.router]
''',
    OLD: "X = 1\n",
    README: "# todo\n\nRun it.\n",
    PYPROJECT: """[project]
name = "todo"
dependencies = [
    "fastapi>=0.120",
    "sqlmodel>=0.0.24",
]

[tool.ruff]
line-length = 88
""",
    PACKAGE: """{
  "name": "todo",
  "dependencies": {
    "next": "16.0.0",
    "react": "19.2.0"
  }
}
""",
}
V2 = {
    **V1,
    MAIN: V1[MAIN]
    .replace("from .routers", "from .ai import chat\nfrom .routers")
    .replace("tasks.router)\n", "tasks.router)\napp.include_router(chat.router)\n"),
    MODELS: V1[MODELS]
    + """

class Conversation(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
""",
    ROUTERS: V1[ROUTERS]
    .replace("import health, tasks", "import chat, health, tasks")
    .replace("[tasks.router]", "[chat.router, tasks.router]"),
    CHAT: "from fastapi import APIRouter\n\nrouter = APIRouter()\n",
    PYPROJECT: V1[PYPROJECT].replace('    "sqlmodel', '    "mcp>=2",\n    "sqlmodel'),
    PACKAGE: V1[PACKAGE].replace('"19.2.0"', '"19.2.0",\n    "zod": "4.1.0"'),
}
del V2[OLD]


def change(root: Path, files: Mapping[str, str] = V2) -> Update:
    return apply_update(plan_update(root, files))


def actions(update: Update) -> dict[str, Action]:
    return {change.path: change.action for change in update.changes}


def edit(root: Path, path: str, old: str, new: str) -> None:
    file = root / path
    text = file.read_bytes().decode()
    assert old in text
    file.write_bytes(text.replace(old, new, 1).encode())


def snapshot(root: Path) -> dict[str, bytes | None]:
    """Every file, and every folder as None; what only serves undo aside."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes() if path.is_file() else None
        for path in root.rglob("*")
        if not path.relative_to(root).as_posix().startswith(FOLDER)
    }
