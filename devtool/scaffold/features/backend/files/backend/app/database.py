"""The connections to the database: one pool, used in two ways.

`all`, `first`, `value` and `execute` run one statement that stands for itself: it needs no BEGIN
and no COMMIT, which are two more journeys to the server. `transaction` and `session` are for what
belongs together.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from functools import lru_cache
from pathlib import Path
from typing import Any

import asyncpg
from sqlalchemy import URL, Connection, Dialect, Executable, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection
from sqlmodel.ext.asyncio.session import AsyncSession

from app.running import DatabaseUnavailableError, Record, Rows, Values, run
from app.settings import BACKEND, Settings, get_settings

# A connection that was idle longer is asked for a sign of life before a request gets it.
IDLE_SECONDS = 10.0
SQLITE_PRAGMAS = (
    "PRAGMA journal_mode=WAL",  # readers do not wait for the writer
    "PRAGMA synchronous=NORMAL",  # safe with WAL; a power cut may lose the last commits only
    "PRAGMA busy_timeout=5000",  # wait for another writer instead of failing
    "PRAGMA foreign_keys=ON",  # SQLite ignores them otherwise
)


NOTHING: Values = {}


class Turn:
    """Lets one after the other write to SQLite, which has one writer at a time.

    Whoever waits here waits in turn, and keeps no connection from those who read. SQLite itself
    lets all of them try again and again, each on a connection, after sleeps that become longer:
    of twelve writers, some waited for half a second.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._lock = asyncio.Lock()

    async def __aenter__(self) -> None:
        """Wait, but not for ever."""
        try:
            async with asyncio.timeout(self._seconds):
                await self._lock.acquire()
        except TimeoutError as error:
            raise DatabaseUnavailableError("others write") from error

    async def __aexit__(self, *_: object) -> None:
        """Let the next one write."""
        self._lock.release()


class Database:
    """An engine and its two views."""

    def __init__(self, settings: Settings) -> None:
        url = make_url(settings.database_url.get_secret_value())
        self.is_sqlite = url.get_backend_name() == "sqlite"
        self.engine = _sqlite(url, settings) if self.is_sqlite else _postgresql(url, settings)
        # SQLite stays in AUTOCOMMIT and says BEGIN IMMEDIATE: a transaction that turns from reading
        # to writing later fails at once when another one wrote, whatever the busy timeout.
        level = "AUTOCOMMIT" if self.is_sqlite else "READ COMMITTED"
        self.transactions = self.engine.execution_options(isolation_level=level)
        if self.is_sqlite:
            event.listen(self.transactions.sync_engine, "begin", _begin_immediate)
        self._turn = Turn(settings.database_pool_timeout) if self.is_sqlite else nullcontext()

    async def all(self, statement: Executable, values: Values = NOTHING) -> Rows:
        """The rows that a statement gives; none if it gives none."""
        if self.is_sqlite and statement.is_dml:
            async with self._turn:
                return await run(self.engine.sync_engine, statement, values)
        return await run(self.engine.sync_engine, statement, values)

    async def first(self, statement: Executable, values: Values = NOTHING) -> Record | None:
        """The first row that a statement gives, or None."""
        rows = await self.all(statement, values)
        return rows[0] if rows else None

    async def value(self, statement: Executable, values: Values = NOTHING) -> Any:
        """The first column of the first row, or None."""
        row = await self.first(statement, values)
        return None if row is None else row[0]

    async def execute(self, statement: Executable, values: Values = NOTHING) -> None:
        """Run a statement for what it does."""
        await self.all(statement, values)

    def statements(self) -> AsyncConnection:
        """A connection for several statements in a row, each for itself; for `async with`."""
        return self.engine.connect()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """A connection that commits at the end, or rolls back on an error."""
        async with self._turn, self.transactions.begin() as connection:
            yield connection

    @asynccontextmanager
    async def session(self) -> AsyncIterator[AsyncSession]:
        """An ORM session that commits at the end, or rolls back on an error."""
        session = AsyncSession(self.transactions, expire_on_commit=False)
        async with self._turn, session, session.begin():
            yield session

    async def close(self) -> None:
        """Close every connection."""
        await self.engine.dispose()


@lru_cache
def get_database() -> Database:
    """The database of this process; connects when it is first used."""
    return Database(get_settings())


def is_outage(error: BaseException) -> bool:
    """Whether an error says that the database is away or overloaded, not that we are wrong."""
    if isinstance(error, DBAPIError):
        code = getattr(error.orig, "sqlstate", None) or ""
        # 57: cancelled or shutting down; 53: out of something; 08: connection; 55P03: lock.
        known = code[:2] in {"08", "53", "57"} or code == "55P03"
        locked = "database is locked" in str(error.orig) or "unable to open" in str(error.orig)
        return error.connection_invalidated or known or locked
    return isinstance(error, DatabaseUnavailableError | PoolTimeoutError)


def _sqlite(url: URL, settings: Settings) -> AsyncEngine:
    path = url.database or ""
    if path and path != ":memory:" and not Path(path).is_absolute():
        path = str(BACKEND / path)
    engine = create_async_engine(
        url.set(drivername="sqlite+aiosqlite", database=path),
        isolation_level="AUTOCOMMIT",
        hide_parameters=True,  # what people wrote has no place in a log
        pool_size=settings.database_pool_size,
        max_overflow=0,
        pool_timeout=settings.database_pool_timeout,
        pool_reset_on_return=None,
    )
    event.listen(engine.sync_engine, "connect", _set_pragmas)
    return engine


def _postgresql(url: URL, settings: Settings) -> AsyncEngine:
    hidden = {key: value for key, value in url.query.items() if key != "channel_binding"}
    dsn = url.set(drivername="postgresql", query=hidden).render_as_string(hide_password=False)
    timeout = str(int(settings.database_statement_timeout * 1000))
    server = {"statement_timeout": timeout, "idle_in_transaction_session_timeout": "60000"}

    async def connect() -> "asyncpg.Connection[asyncpg.Record]":
        try:
            return await asyncpg.connect(dsn, timeout=5, server_settings=server)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise DatabaseUnavailableError(type(error).__name__) from error

    engine = create_async_engine(
        "postgresql+asyncpg://",
        async_creator=connect,
        isolation_level="AUTOCOMMIT",
        hide_parameters=True,  # what people wrote has no place in a log
        pool_size=settings.database_pool_size,
        max_overflow=0,
        pool_timeout=settings.database_pool_timeout,
        pool_reset_on_return=None,
    )
    ping = _pinging(engine.dialect)
    event.listen(engine.sync_engine.pool, "checkout", ping)
    event.listen(engine.sync_engine.pool, "checkin", _note_the_time)
    return engine


def _set_pragmas(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    for pragma in SQLITE_PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _pinging(dialect: Dialect) -> Any:
    """Refuse dead connections, at less than the round trip per request of `pool_pre_ping`.

    The driver knows when the server has hung up; only a connection that was idle for long may be
    dead without a word, so only that one is asked.
    """

    def check(
        connection: DBAPIConnection, entry: ConnectionPoolEntry, _proxy: PoolProxiedConnection
    ) -> None:
        driver: asyncpg.Connection[asyncpg.Record] | None = entry.driver_connection
        if driver is None or driver.is_closed():
            raise DisconnectionError
        idle = time.monotonic() - entry.info.get("returned", time.monotonic())
        if idle > IDLE_SECONDS:
            _ping(dialect, connection)

    return check


def _ping(dialect: Dialect, connection: DBAPIConnection) -> None:
    try:
        dialect.do_ping(connection)
    except Exception as error:
        raise DisconnectionError from error


def _note_the_time(_connection: DBAPIConnection | None, entry: ConnectionPoolEntry) -> None:
    entry.info["returned"] = time.monotonic()
