"""The table of who called tools how often."""

from datetime import datetime

from sqlmodel import Field

from app.models.base import Moment, Table


class McpCalls(Table, table=True):
    """How many calls of the running minute the processes have taken for a user."""

    __tablename__ = "mcp_calls"

    user_id: str = Field(
        primary_key=True, max_length=36, foreign_key="users.id", ondelete="CASCADE"
    )
    taken: int
    closes_at: datetime = Field(sa_type=Moment, nullable=False)
