"""What all tables share: names of constraints, ids, and moments in time."""

from datetime import UTC, datetime
from typing import Any, ClassVar
from uuid import uuid4

from sqlalchemy import BigInteger, DateTime, Dialect, Integer, TypeDecorator
from sqlmodel import SQLModel

# Constraints need names, or a later migration cannot drop them.
SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Table(SQLModel):
    """A table. Its subclasses say `table=True` and name themselves."""

    # SQLModel declares this twice, in ways that no type checker can join.
    __tablename__: ClassVar[Any]


# SQLite numbers rows by itself only in a column of the type INTEGER.
BigId = BigInteger().with_variant(Integer(), "sqlite")


class SqliteMoment(TypeDecorator[datetime]):
    """A moment in SQLite, which forgets time zones: stored in UTC, and read as UTC."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """The moment in UTC, without saying so."""
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """The moment, saying that it is in UTC."""
        return None if value is None else value.replace(tzinfo=UTC)


# PostgreSQL knows moments; only SQLite pays for the conversion.
Moment = DateTime(timezone=True).with_variant(SqliteMoment(), "sqlite")


def now() -> datetime:
    """This moment."""
    return datetime.now(UTC)


def new_id() -> str:
    """An id that nobody can guess."""
    return str(uuid4())
