"""What goes over the wire about activity."""

from datetime import datetime

from pydantic import Field

from app.schemas.base import Output


class ActivityRead(Output):
    """How much you have done."""

    created: int = Field(examples=[3])
    changed: int = Field(examples=[5])
    deleted: int = Field(examples=[1])
    last_at: datetime | None
