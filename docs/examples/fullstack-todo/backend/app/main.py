"""The application: tables on start-up, then the list under /api/tasks."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.responses import RedirectResponse

from app import tasks
from app.database import create_tables


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Make sure that the tables exist before the first request."""
    create_tables()
    yield


app = FastAPI(title="To-do", version="0.1.0", lifespan=lifespan)
app.include_router(tasks.router)


@app.get("/", include_in_schema=False)
def index() -> RedirectResponse:
    """Lead a browser to the interactive documentation."""
    return RedirectResponse("/docs")


@app.get("/api/health")
def health() -> dict[str, str]:
    """Say that the application is up."""
    return {"status": "ok"}
