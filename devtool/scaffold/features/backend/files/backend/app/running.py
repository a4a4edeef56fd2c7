"""How a statement that stands for itself is run. The feature `fast` has another file for it."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Engine, Executable
from sqlalchemy.util import greenlet_spawn

Values = Mapping[str, Any]
Record = Sequence[Any]
Rows = Sequence[Record]


class DatabaseUnavailableError(Exception):
    """The database does not answer, or refuses this application."""


async def run(engine: Engine, statement: Executable, values: Values) -> Rows:
    """The rows of a statement, each a sequence of columns."""
    # The whole journey in one greenlet. AsyncConnection would make three of it, to get a
    # connection, to use it and to give it back, which costs more than the statement.
    return await greenlet_spawn(_journey, engine, statement, values)


def _journey(engine: Engine, statement: Executable, values: Values) -> Rows:
    with engine.connect() as connection:
        result = connection.execute(statement, values)
        return result.all() if result.returns_rows else ()
