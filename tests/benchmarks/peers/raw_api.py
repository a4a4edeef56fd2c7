"""The limit: Starlette's routing, the driver itself, and msgspec; nothing else, by hand."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated, Any

import asyncpg
import msgspec
from shared import DATABASE, IS_SQLITE, POOL, now, read_cached
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

COLUMNS = "id, title, description, completed, created_at, updated_at"
LIST = f"SELECT {COLUMNS} FROM tasks WHERE user_id = $1 ORDER BY id DESC LIMIT $2"
GET = f"SELECT {COLUMNS} FROM tasks WHERE id = $1 AND user_id = $2"
INSERT = (
    "INSERT INTO tasks (user_id, title, description, completed, created_at, updated_at) "
    f"VALUES ($1, $2, $3, false, $4, $4) RETURNING {COLUMNS}"
)
PRAGMAS = ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=5000", "foreign_keys=ON")


class TaskCreate(msgspec.Struct, forbid_unknown_fields=True):
    title: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    description: Annotated[str, msgspec.Meta(max_length=1000)] = ""


class TaskRead(msgspec.Struct):
    id: int
    title: str
    description: str
    completed: bool
    created_at: datetime
    updated_at: datetime


encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder(TaskCreate).decode


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    if IS_SQLITE:
        connection = sqlite3.connect(DATABASE, isolation_level=None, cached_statements=256)
        for pragma in PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
        app.state.connection = connection
        yield
        connection.close()
    else:
        async with asyncpg.create_pool(DATABASE, min_size=POOL, max_size=POOL) as pool:
            app.state.pool = pool
            yield


async def fetch(request: Request, sql: str, *values: Any) -> Sequence[Any]:
    if not IS_SQLITE:
        rows: Sequence[Any] = await request.app.state.pool.fetch(sql, *values)
        return [TaskRead(*row) for row in rows]
    plain = [
        f"{value:%Y-%m-%d %H:%M:%S.%f}" if isinstance(value, datetime) else value
        for value in values
    ]
    named = {str(number): value for number, value in enumerate(plain, 1)}
    found = request.app.state.connection.execute(sql.replace("$", ":"), named).fetchall()
    return [
        TaskRead(*row[:3], bool(row[3]), *map(datetime.fromisoformat, row[4:])) for row in found
    ]


def failure(status: int, detail: str) -> Response:
    return Response(encode({"detail": detail}), status, media_type="application/json")


def owner(request: Request) -> str | None:
    header = request.headers.get("authorization", "")
    return read_cached(header[7:]) if header.startswith("Bearer ") else None


async def list_tasks(request: Request) -> Response:
    user = owner(request)
    if user is None:
        return failure(401, "Invalid token")
    limit = request.query_params.get("limit", "50")
    if not limit.isdigit() or not 1 <= int(limit) <= 100:
        return failure(422, "limit must be 1 to 100")
    return Response(
        encode(await fetch(request, LIST, user, int(limit))), media_type="application/json"
    )


async def create_task(request: Request) -> Response:
    user = owner(request)
    if user is None:
        return failure(401, "Invalid token")
    try:
        task = decode(await request.body())
    except msgspec.DecodeError as error:
        return failure(422, str(error))
    rows = await fetch(request, INSERT, user, task.title, task.description, now())
    return Response(encode(rows[0]), 201, media_type="application/json")


async def get_task(request: Request) -> Response:
    user = owner(request)
    if user is None:
        return failure(401, "Invalid token")
    rows = await fetch(request, GET, request.path_params["task_id"], user)
    if not rows:
        return failure(404, "Task not found")
    return Response(encode(rows[0]), media_type="application/json")


app = Starlette(
    lifespan=lifespan,
    routes=[
        Route("/tasks", list_tasks, methods=["GET"]),
        Route("/tasks", create_task, methods=["POST"]),
        Route("/tasks/{task_id:int}", get_task, methods=["GET"]),
    ],
)
