"""The application: one function that puts it together."""

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware

from app import TITLE, VERSION, current_user, errors, instruments, logs, migrations, seeds
from app.database import get_database
from app.middleware import RequestMiddleware
from app.openapi import Application, operation_id
from app.routers import ROOT, VERSIONED
from app.routing import add_routes
from app.settings import Settings, get_settings

PREFIX = "/api/v1"
# Any port of this machine, so that a frontend's development server may move.
LOCAL_PAGES = r"http://(localhost|127\.0\.0\.1)(:\d+)?"
EXPOSED = ["ETag", "Idempotency-Replayed", "Retry-After", "X-Request-ID"]


def create_app(settings: Settings | None = None) -> FastAPI:
    """A new application; `main.py` makes the one that is served."""
    settings = settings or get_settings()
    current_user.check()
    logs.configure(settings.log_level, as_json=not settings.is_development)
    app = Application(
        title=TITLE,
        version=VERSION,
        lifespan=lifespan,
        openapi_url="/openapi.json" if settings.shows_docs else None,
        # A redirect to the address with a slash would repeat whatever Host the caller sent.
        redirect_slashes=False,
        generate_unique_id_function=operation_id,
        telemetry=instruments.telemetry(),
        responses=errors.documented(400, 413, 422, 500, 503),
    )
    errors.install(app)
    for router in VERSIONED:
        add_routes(app, router, prefix=PREFIX)
    for router in ROOT:
        add_routes(app, router)
    if settings.cors_origins or settings.is_development:
        _allow_pages(app, settings)
    app.add_middleware(RequestMiddleware, settings=settings)
    instruments.install(app)
    return app


def _allow_pages(app: FastAPI, settings: Settings) -> None:
    app.add_middleware(
        CORSMiddleware,
        allow_origins=settings.cors_origins,
        allow_origin_regex=LOCAL_PAGES if settings.is_development else None,
        allow_credentials=True,
        allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
        allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "If-Match"],
        expose_headers=EXPOSED,
        max_age=600,
    )


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
    """Bring the database up before the first request, close it after the last."""
    settings = get_settings()
    database = get_database()
    await migrations.wait_for(database, settings.database_wait)
    if settings.is_development and await migrations.upgrade(database):
        logs.logger.info("database migrated")
    await current_user.prepare()
    if settings.seed_demo:
        await seeds.plant()
    # All modules and models stay: the garbage collector need not go through them again and again.
    gc.freeze()
    yield
    gc.unfreeze()
    await database.close()
