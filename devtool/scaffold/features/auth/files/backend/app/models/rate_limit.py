"""The table of what was tried how often."""

from datetime import datetime

from sqlmodel import Field

from app.models.base import Moment, Table


class RateLimit(Table, table=True):
    """How often somebody did something since the window opened."""

    __tablename__ = "rate_limits"

    key: str = Field(primary_key=True, max_length=100)
    count: int
    closes_at: datetime = Field(sa_type=Moment, nullable=False, index=True)
