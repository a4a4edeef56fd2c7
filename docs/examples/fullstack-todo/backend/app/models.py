"""What a task is, on the wire and in the database."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from pydantic import StringConstraints
from sqlmodel import Field, SQLModel

Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class Task(SQLModel, table=True):
    """One row of the list."""

    id: int | None = Field(default=None, primary_key=True)
    title: str = Field(max_length=200)
    done: bool = False
    created_at: datetime = Field(default_factory=lambda: datetime.now(UTC))


class TaskCreate(SQLModel):
    """What a client sends to add a task."""

    title: Title


class TaskUpdate(SQLModel):
    """What a client sends to change a task; fields left out stay as they are."""

    title: Title | None = None
    done: bool | None = None


class TaskRead(SQLModel):
    """What a client gets back."""

    id: int
    title: str
    done: bool
    created_at: datetime
