"""The table of answers to repeat when a request comes twice."""

from datetime import datetime

from sqlmodel import Field

from app.models.base import Moment, Table, now


class IdempotencyKey(Table, table=True):
    """What a user's request with a key was, and what was answered to it."""

    __tablename__ = "idempotency_keys"

    user_id: str = Field(
        primary_key=True, max_length=36, foreign_key="users.id", ondelete="CASCADE"
    )
    key: str = Field(primary_key=True, max_length=255)
    fingerprint: str = Field(max_length=64)
    response: str = Field(default="")
    created_at: datetime = Field(default_factory=now, sa_type=Moment, nullable=False, index=True)
