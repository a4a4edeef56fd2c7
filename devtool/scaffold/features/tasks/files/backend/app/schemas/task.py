"""What goes over the wire about tasks."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, JsonValue, StrictBool

from app.schemas.base import NO_NUL, Description, Input, Output, Title

EXAMPLE: dict[str, JsonValue] = {"title": "Buy milk", "description": "Two litres"}
# What a cursor looks like: the order, the title where it is sorted by that (in hex), and the id.
CURSOR = r"^(-?created_at\.[0-9]{1,15}|-?title\.([0-9a-f]{2}){0,800}\.[0-9]{1,15})$"

Sort = Literal["created_at", "-created_at", "title", "-title"]


class TaskCreate(Input):
    """A new task."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    title: Title
    description: Description = ""


class TaskReplace(TaskCreate):
    """All that can be said of a task; what is left out becomes what it is by default."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE | {"completed": True}]})

    completed: StrictBool = False


class TaskPatch(Input):
    """What shall be different; what is left out, or null, stays as it is."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"completed": True}]})

    title: Title | None = None
    description: Description | None = None
    completed: StrictBool | None = None


class TaskRead(Output):
    """A task as it is."""

    id: int = Field(examples=[1])
    title: str = Field(examples=["Buy milk"])
    description: str = Field(examples=["Two litres"])
    completed: bool
    created_at: datetime
    updated_at: datetime


class TaskPage(Output):
    """Some tasks, and how to get at the next ones."""

    items: list[TaskRead]
    next_cursor: str | None = Field(
        description="Pass it as `cursor` for the next page; null on the last one."
    )
    total: int | None = Field(description="How many there are on all pages, if that was asked.")


class TaskQuery(Input):
    """Which tasks to list, and how."""

    limit: Annotated[int, Field(ge=1, le=100)] = 50
    cursor: Annotated[str, Field(max_length=1700, pattern=CURSOR)] | None = None
    sort: Sort = "-created_at"
    completed: bool | None = None
    search: Annotated[str, Field(max_length=100, pattern=NO_NUL)] = ""
    total: bool = False
