"""What lists can be asked for, whatever they are lists of."""

from typing import Annotated, Literal

from pydantic import Field

from app.schemas.base import NO_NUL, Input

NEXT_CURSOR = "Pass it as `cursor` for the next page; null on the last one."
TOTAL = "How many there are on all pages, if that was asked."


class ListQuery(Input):
    """Which rows to list, and how."""

    limit: Annotated[int, Field(ge=1, le=100)] = 50
    cursor: Annotated[str, Field(pattern=r"^[0-9]{1,15}$", max_length=15)] | None = None
    sort: Literal["created_at", "-created_at"] = "-created_at"
    total: bool = False


class SearchQuery(ListQuery):
    """Which rows to list, and how; those with a text in them."""

    search: Annotated[str, Field(max_length=100, pattern=NO_NUL)] = ""
