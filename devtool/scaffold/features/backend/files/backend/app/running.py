"""How a statement that stands for itself is run. The feature `fast` has another file for it."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Engine, Executable

Values = Mapping[str, Any]
Record = Sequence[Any]
Rows = Sequence[Record]


class DatabaseUnavailableError(Exception):
    """The database does not answer, or refuses this application."""


def run(engine: Engine, statement: Executable, values: Values) -> Rows:
    """The rows of a statement, each a sequence of columns; called inside a greenlet."""
    with engine.connect() as connection:
        result = connection.execute(statement, values)
        return result.all() if result.returns_rows else ()
