"""The table of tasks."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field, Relationship

from app.models.base import BigId, Moment, Table, now
from app.models.user import User


class Task(Table, table=True):
    """Something to do, owned by a user."""

    __tablename__ = "tasks"
    __table_args__ = (
        CheckConstraint("length(title) BETWEEN 1 AND 200", name="title_length"),
        CheckConstraint("length(description) <= 1000", name="description_length"),
        # A list is one walk along an index, whichever way it is sorted.
        Index(None, "user_id", "id"),
        Index(None, "user_id", "title", "id"),
        # Ids of deleted tasks are never given again: an ETag names one task for ever.
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    user_id: str = Field(max_length=36, foreign_key="users.id", ondelete="CASCADE")
    title: str = Field(max_length=200)
    description: str = Field(default="", max_length=1000)
    completed: bool = False
    version: int = 1
    created_at: datetime = Field(default_factory=now, sa_type=Moment, nullable=False)
    updated_at: datetime = Field(default_factory=now, sa_type=Moment, nullable=False)

    user: User = Relationship(sa_relationship_kwargs={"lazy": "raise"})
