"""The database: one SQLite file beside the code, or wherever DATABASE_URL points."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from sqlmodel import Session, SQLModel, create_engine

DEFAULT_URL = f"sqlite:///{Path(__file__).resolve().parent.parent / 'todo.db'}"

engine = create_engine(os.environ.get("DATABASE_URL", DEFAULT_URL))


def create_tables() -> None:
    """Create the tables that do not exist yet."""
    SQLModel.metadata.create_all(engine)


def get_session() -> Iterator[Session]:
    """One session per request."""
    with Session(engine) as session:
        yield session
