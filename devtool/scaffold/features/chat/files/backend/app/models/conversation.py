"""The tables of conversations: what was said, and which tools were called."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, UniqueConstraint
from sqlmodel import Field

from app.models.base import BigId, Moment, Table, now


class Conversation(Table, table=True):
    """Messages between a user and the assistant.

    While an answer is written, `running` names it: there is one at a time, whichever process
    writes it.
    """

    __tablename__ = "conversations"
    __table_args__ = (Index(None, "user_id", "number"), {"sqlite_autoincrement": True})

    number: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    id: str = Field(max_length=64, unique=True)
    user_id: str = Field(max_length=36, foreign_key="users.id", ondelete="CASCADE")
    title: str = Field(max_length=100)
    running: str | None = Field(default=None, max_length=64)
    beat_at: datetime = Field(default_factory=now, sa_type=Moment, nullable=False)
    created_at: datetime = Field(default_factory=now, sa_type=Moment, nullable=False)
    updated_at: datetime = Field(default_factory=now, sa_type=Moment, nullable=False)


class ChatMessage(Table, table=True):
    """What one side said. Calls of tools have rows of their own, which `parts` points to."""

    __tablename__ = "chat_messages"
    __table_args__ = (
        UniqueConstraint("conversation_id", "id"),
        Index(None, "conversation_id", "number"),
        # For limits: what a user asked in the last minute, and spent in the last day.
        Index(None, "user_id", "created_at"),
        {"sqlite_autoincrement": True},
    )

    number: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    id: str = Field(max_length=64)
    conversation_id: str = Field(max_length=64, foreign_key="conversations.id", ondelete="CASCADE")
    user_id: str = Field(max_length=36, foreign_key="users.id", ondelete="CASCADE")
    role: str = Field(max_length=10)
    state: str = Field(max_length=10)
    parts: list[dict[str, Any]] = Field(sa_type=JSON)
    # How many parts there were before a confirmation let the answer go on.
    known: int = 0
    error: str = Field(default="", max_length=200)
    model: str = Field(default="", max_length=100)
    offline: bool = False
    input_tokens: int = 0
    output_tokens: int = 0
    created_at: datetime = Field(default_factory=now, sa_type=Moment, nullable=False)


class ToolCall(Table, table=True):
    """A tool that an answer called, and what came of it."""

    __tablename__ = "tool_calls"

    message_number: int = Field(
        primary_key=True, sa_type=BigId, foreign_key="chat_messages.number", ondelete="CASCADE"
    )
    id: str = Field(primary_key=True, max_length=128)
    name: str = Field(max_length=64)
    arguments: dict[str, Any] = Field(sa_type=JSON)
    step: int
    state: str = Field(max_length=10)
    output: dict[str, Any] = Field(sa_type=JSON)
    created_at: datetime = Field(default_factory=now, sa_type=Moment, nullable=False)
    ended_at: datetime | None = Field(default=None, sa_type=Moment)
