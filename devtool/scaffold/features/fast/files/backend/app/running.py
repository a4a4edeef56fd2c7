"""How a statement that stands for itself is run: compiled once, then on the driver itself.

SQLAlchemy prepares every execution anew, which costs more than the driver's own work. A statement
that comes a second time (those that modules build once do) is compiled to its text and the order of
its parameters, and from then on asyncpg runs it on a connection of the same pool. What that cannot
do, and all of SQLite, goes the usual way; `tests/test_fast.py` compares both.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import asyncpg
from sqlalchemy import Boolean, Dialect, Engine, Executable, Float
from sqlalchemy.exc import IntegrityError
from sqlalchemy.sql import ClauseElement
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine
from sqlalchemy.util import greenlet_spawn

Values = Mapping[str, Any]
Record = Sequence[Any]
Rows = Sequence[Record]

# Classes of SQLSTATE that say the server is away or overloaded: 08, 53 and 57, as in `is_outage`.
AWAY = ("08", "53", "57")
# What PostgreSQL calls its types of numbers: `SELECT oid, typname FROM pg_type`.
FLOAT8, NUMERIC = 701, 1700


class DatabaseUnavailableError(Exception):
    """The database does not answer, or refuses this application."""


class Plan(NamedTuple):
    """A statement as the driver wants it."""

    sql: str
    names: tuple[str, ...]
    fixed: dict[str, Any]
    given: frozenset[str]  # which values it is for: an INSERT may have a column for each

    def arguments(self, values: Values) -> list[Any]:
        """The values in the order of the parameters."""
        return [values[name] if name in values else self.fixed[name] for name in self.names]


# None: seen once, or not to be compiled. What nobody holds any more is forgotten.
_plans: WeakKeyDictionary[Executable, Plan | None] = WeakKeyDictionary()


async def run(engine: Engine, statement: Executable, values: Values) -> Rows:
    """The rows of a statement, each a sequence of columns."""
    plan = _plans.get(statement)
    if plan is not None and plan.given == values.keys():
        return await _on_driver(engine, plan, values)
    if statement in _plans or engine.dialect.name != "postgresql":
        return await greenlet_spawn(usual, engine, statement, values)
    rows = await greenlet_spawn(usual, engine, statement, values)
    _plans[statement] = compiled(statement, engine.dialect, values)
    return rows


def usual(engine: Engine, statement: Executable, values: Values) -> Rows:
    """The same through SQLAlchemy."""
    with engine.connect() as connection:
        result = connection.execute(statement, values)
        return result.all() if result.returns_rows else ()


def compiled(statement: Executable, dialect: Dialect, values: Values) -> Plan | None:
    """The plan of a statement, or None if its parameters or columns need SQLAlchemy's help."""
    if not isinstance(statement, ClauseElement):
        return None
    form = statement.compile(dialect=dialect, column_keys=list(values))
    if not isinstance(form, SQLCompiler) or form.positiontup is None:
        return None
    if form.insert_prefetch or form.update_prefetch:  # defaults that Python makes
        return None
    types = [form.binds[name].type.dialect_impl(dialect) for name in form.positiontup]
    columns = [column.type for column in getattr(statement, "exported_columns", ())]
    # That of Boolean only checks what the driver checks too.
    helped = any(kind.bind_processor(dialect) for kind in types if not isinstance(kind, Boolean))
    helped |= any(_reads_otherwise(kind, dialect) for kind in columns)
    if helped or any(bind.expanding or bind.literal_execute for bind in form.binds.values()):
        return None
    return Plan(form.string, tuple(form.positiontup), dict(form.params), frozenset(values))


def _reads_otherwise(kind: TypeEngine[Any], dialect: Dialect) -> bool:
    """Whether SQLAlchemy turns the driver's values of a column into others."""
    number = FLOAT8 if isinstance(kind, Float) else NUMERIC  # only types of numbers look at it
    return kind.dialect_impl(dialect).result_processor(dialect, number) is not None


async def _on_driver(engine: Engine, plan: Plan, values: Values) -> Rows:
    held = await greenlet_spawn(engine.raw_connection)
    try:
        driver: Any = held.driver_connection
        rows: Rows = await driver.fetch(plan.sql, *plan.arguments(values))
    except (asyncpg.InterfaceError, asyncpg.PostgresConnectionError, OSError) as error:
        held.invalidate(error)
        raise DatabaseUnavailableError(type(error).__name__) from error
    except asyncpg.IntegrityConstraintViolationError as error:
        raise IntegrityError(plan.sql, None, error) from error
    except asyncpg.PostgresError as error:
        if (error.sqlstate or "").startswith(AWAY):
            raise DatabaseUnavailableError(type(error).__name__) from error
        raise
    finally:
        held.close()
    return rows
