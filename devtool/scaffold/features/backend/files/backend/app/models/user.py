"""The table of users."""

from datetime import datetime

from sqlalchemy import CheckConstraint
from sqlmodel import Field

from app.models.base import Moment, Table, new_id, now


class User(Table, table=True):
    """Somebody who owns data."""

    __tablename__ = "users"
    __table_args__ = (CheckConstraint("email = lower(email)", name="email_lower"),)

    id: str = Field(default_factory=new_id, primary_key=True, max_length=36)
    email: str = Field(max_length=254, unique=True)
    created_at: datetime = Field(default_factory=now, sa_type=Moment, nullable=False)
