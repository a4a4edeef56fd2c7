"""The tables of events: what is to be told, what was heard, and what came of it."""

from datetime import datetime

from sqlalchemy import Index, Text
from sqlmodel import Field

from app.models.base import BigId, Moment, Table, now


class Outbox(Table, table=True):
    """An event that is to be told. Triggers write it, in the transaction that changes the row."""

    __tablename__ = "outbox"
    __table_args__ = (
        Index(None, "published_at", "id"),
        # Events are told in the order of their ids, which are never given again.
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    event_id: str = Field(max_length=36, unique=True)
    kind: str = Field(max_length=100)
    key: str = Field(max_length=40)
    owner: str = Field(max_length=36)
    data: str = Field(sa_type=Text)
    created_at: datetime = Field(default_factory=now, sa_type=Moment, nullable=False)
    published_at: datetime | None = Field(default=None, sa_type=Moment)


class Handled(Table, table=True):
    """That a consumer has handled an event: written with what it did, so that twice is once."""

    __tablename__ = "handled_events"

    consumer: str = Field(primary_key=True, max_length=50)
    event_id: str = Field(primary_key=True, max_length=36)
    handled_at: datetime = Field(default_factory=now, sa_type=Moment, nullable=False)


class Activity(Table, table=True):
    """How much somebody has done: what the consumer `activity` counts."""

    __tablename__ = "activity"

    owner: str = Field(primary_key=True, max_length=36)
    created: int = 0
    changed: int = 0
    deleted: int = 0
    last_at: datetime = Field(default_factory=now, sa_type=Moment, nullable=False)
