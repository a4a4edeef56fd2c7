"""The rows of a table that belong to users. Every statement names the owner: there is no other way.

The statements are built once, when a service is imported, and each is one journey to the database.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields
from typing import Any, ClassVar, Generic, NamedTuple, Protocol, TypeVar

from pydantic import BaseModel
from sqlalchemy import (
    Executable,
    Select,
    String,
    Table,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.errors import ConflictError, NotFoundError, PreconditionFailedError
from app.models.base import now
from app.schemas.listing import ListQuery

Values = Mapping[str, Any]


class Statements(Protocol):
    """What runs statements: the database, each for itself, or `Within` a transaction."""

    async def all(self, statement: Executable, values: Values) -> Sequence[Any]:
        """The rows that a statement gives."""
        ...

    async def first(self, statement: Executable, values: Values) -> Any:
        """The first row that a statement gives, or None."""
        ...


class Within:
    """Statements that belong together."""

    def __init__(self, connection: AsyncConnection) -> None:
        self.connection = connection

    async def all(self, statement: Executable, values: Values) -> Sequence[Any]:
        """The rows that a statement gives."""
        return (await self.connection.execute(statement, values)).all()

    async def first(self, statement: Executable, values: Values) -> Any:
        """The first row that a statement gives, or None."""
        return (await self.connection.execute(statement, values)).first()

    async def run(self, statement: Executable, values: Values | list[dict[str, Any]]) -> None:
        """Run a statement that gives no rows, or once for each of the values."""
        await self.connection.execute(statement, values)


class Record(Protocol):
    """A dataclass whose fields are columns, and perhaps more with defaults."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def id(self) -> int:
        """The number of the row."""
        ...


RecordT = TypeVar("RecordT", bound=Record)


class Page(NamedTuple):
    """Which rows to list, and how.

    `filters` are columns and what they have to be; `after` is the id of the last row that was seen.
    """

    limit: int
    after: int | None = None
    descending: bool = True
    search: str = ""
    total: bool = False
    filters: Mapping[str, Any] = {}


class Listed(NamedTuple, Generic[RecordT]):
    """A page of rows."""

    items: list[RecordT]
    next_cursor: str | None
    total: int | None


class Rows(Generic[RecordT]):
    """The rows of one table.

    Args:
        table: The table; it has `id`, `user_id`, `version` and `updated_at`.
        record: A dataclass; its fields that are columns come first and are what is read.
        noun: What a row is called when somebody is told about one.
        searched: The columns that a search looks into.
    """

    def __init__(
        self, table: Table, record: type[RecordT], noun: str, *, searched: Sequence[str] = ()
    ) -> None:
        self.table, self.record, self.noun = table, record, noun
        self.columns = [table.c[field.name] for field in fields(record) if field.name in table.c]
        self.searched = [table.c[name] for name in searched]
        self.own = table.c.user_id == bindparam("its_owner")
        one = (self.own, table.c.id == bindparam("its_id"))
        seen = table.c.version.in_(bindparam("seen", expanding=True))
        self.inserted = insert(table).returning(*self.columns)
        self.one = select(*self.columns).where(*one)
        changed = update(table).where(*one).values(version=table.c.version + 1)
        self.changed = changed.returning(*self.columns)
        self.changed_if_seen = self.changed.where(seen)
        self.deleted = delete(table).where(*one).returning(table.c.id)
        self.deleted_if_seen = self.deleted.where(seen)
        self.pages: dict[tuple[object, ...], Select[Any]] = {}

    async def page(self, on: Statements, owner: str, page: Page) -> Listed[RecordT]:
        """A page of the owner's rows."""
        values = {
            "its_owner": owner,
            "its_after": page.after,
            "its_limit": page.limit + 1,  # one more tells whether there is a next page
            "its_pattern": f"%{escaped(page.search)}%",
            **{f"its_{name}": value for name, value in page.filters.items()},
        }
        rows = await on.all(self._page_statement(page), values)
        total = (await on.first(self._count_statement(page), values))[0] if page.total else None
        items = [self.record(*row) for row in rows[: page.limit]]
        more = len(rows) > page.limit
        return Listed(items, str(items[-1].id) if more else None, total)

    async def create(self, on: Statements, owner: str, values: Values) -> RecordT:
        """A new row of the owner."""
        moment = now()
        row = {**values, "user_id": owner, "created_at": moment, "updated_at": moment, "version": 1}
        return self.record(*await on.first(self.inserted, row))

    async def get(self, on: Statements, owner: str, row_id: int) -> RecordT:
        """One row of the owner.

        Raises:
            NotFoundError: If the owner has no such row.
        """
        row = await on.first(self.one, {"its_owner": owner, "its_id": row_id})
        if row is None:
            raise self.missing()
        return self.record(*row)

    async def change(
        self,
        on: Statements,
        owner: str,
        row_id: int,
        values: Values,
        seen: Sequence[int] | None = None,
    ) -> RecordT:
        """The row after what was given was changed.

        Args:
            on: Where to do it.
            owner: Whose row it is.
            row_id: Which one.
            values: What shall be different.
            seen: The versions the caller may have seen; None for any.

        Raises:
            NotFoundError: If the owner has no such row.
            PreconditionFailedError: If it has another version by now.
        """
        statement = self.changed if seen is None else self.changed_if_seen
        changes = {**values, "updated_at": now()}
        return self.record(*await self._one(on, statement, owner, row_id, seen, changes))

    async def delete(
        self, on: Statements, owner: str, row_id: int, seen: Sequence[int] | None
    ) -> None:
        """Delete a row; raises as `change` does."""
        statement = self.deleted if seen is None else self.deleted_if_seen
        await self._one(on, statement, owner, row_id, seen)

    def missing(self) -> NotFoundError:
        """What a caller is told of a row that is not there, or is not theirs."""
        return NotFoundError(f"There is no such {self.noun}.")

    async def _one(
        self,
        on: Statements,
        statement: Executable,
        owner: str,
        row_id: int,
        seen: Sequence[int] | None,
        values: Values | None = None,
    ) -> Sequence[Any]:
        """The row that a statement changed."""
        one = {"its_owner": owner, "its_id": row_id}
        versions = {} if seen is None else {"seen": list(seen)}
        row: Sequence[Any] | None = await on.first(statement, {**(values or {}), **one, **versions})
        if row is not None:
            return row
        if seen is not None and await on.first(self.one, one) is not None:
            raise PreconditionFailedError(f"The {self.noun} has changed since you saw it.")
        raise self.missing()

    def _page_statement(self, page: Page) -> Select[Any]:
        """The statement for a page, built when its shape is first asked for."""
        shape = (page.after is None, page.descending, not page.search, *sorted(page.filters))
        if shape not in self.pages:
            key = self.table.c.id
            statement = self._filtered(select(*self.columns), page)
            if page.after is not None:
                after = bindparam("its_after", type_=key.type)
                statement = statement.where(key < after if page.descending else key > after)
            order = key.desc() if page.descending else key.asc()
            self.pages[shape] = statement.order_by(order).limit(bindparam("its_limit"))
        return self.pages[shape]

    def _count_statement(self, page: Page) -> Select[Any]:
        shape = ("count", not page.search, *sorted(page.filters))
        if shape not in self.pages:
            statement = select(func.count()).select_from(self.table)
            self.pages[shape] = self._filtered(statement, page)
        return self.pages[shape]

    def _filtered(self, statement: Select[Any], page: Page) -> Select[Any]:
        statement = statement.where(self.own)
        for name in page.filters:
            statement = statement.where(self.table.c[name] == bindparam(f"its_{name}"))
        if page.search:
            pattern = bindparam("its_pattern", type_=String)
            found = (column.ilike(pattern, escape="\\") for column in self.searched)
            statement = statement.where(or_(*found))
        return statement


class Owned:
    """What rows of other tables may be referred to: the owner's own.

    Args:
        table: The other table.
        noun: What a row of it is called.
    """

    def __init__(self, table: Table, noun: str) -> None:
        self.noun = noun
        own = table.c.user_id == bindparam("its_owner")
        known = table.c.id.in_(bindparam("its_ids", expanding=True))
        self.counted = select(func.count()).select_from(table).where(own, known)

    async def check(self, on: Statements, owner: str, *ids: int | None) -> None:
        """Make sure that rows are the owner's, before something refers to them.

        Raises:
            ConflictError: If one is not there, or somebody else's.
        """
        wanted = {row_id for row_id in ids if row_id is not None}
        values = {"its_owner": owner, "its_ids": list(wanted)}
        if wanted and (await on.first(self.counted, values))[0] != len(wanted):
            raise ConflictError(f"There is no such {self.noun}.")


class Links:
    """Which rows of one table belong to which of another, in a table of pairs.

    Args:
        table: The table of pairs.
        here: Its column with the rows that have others.
        there: Its column with those others.
    """

    def __init__(self, table: Table, here: str, there: str) -> None:
        self.here, self.there = here, there
        ours = table.c[here]
        self.found = (
            select(ours, table.c[there])
            .where(ours.in_(bindparam("its_ids", expanding=True)))
            .order_by(ours, table.c[there])
        )
        self.inserted = insert(table)
        self.deleted = delete(table).where(ours == bindparam("its_id"))

    async def of(self, on: Statements, ids: Sequence[int]) -> dict[int, list[Any]]:
        """What each of the rows has, sorted."""
        found: dict[int, list[Any]] = {row_id: [] for row_id in ids}
        if ids:
            for here, there in await on.all(self.found, {"its_ids": list(ids)}):
                found[here].append(there)
        return found

    async def put(self, on: Within, row_id: int, others: Sequence[Any]) -> None:
        """Let a row have exactly these."""
        await on.run(self.deleted, {"its_id": row_id})
        pairs = [{self.here: row_id, self.there: other} for other in sorted(set(others))]
        if pairs:
            await on.run(self.inserted, pairs)


def page_of(query: ListQuery) -> Page:
    """What a query asks for: what lists share, and what the rows have to be."""
    asked = query.model_dump(exclude_none=True)
    search = asked.pop("search", "")
    return Page(
        limit=query.limit,
        after=None if query.cursor is None else int(query.cursor),
        descending=query.sort.startswith("-"),
        search=search,
        total=query.total,
        filters={key: value for key, value in asked.items() if key not in ListQuery.model_fields},
    )


def changes_of(patch: BaseModel, *nullable: str) -> dict[str, Any]:
    """What a patch changes: what it gives; null only in columns that may hold it."""
    given = patch.model_dump(exclude_unset=True).items()
    return {name: value for name, value in given if value is not None or name in nullable}


@contextmanager
def told(taken: str = "", missing: str = "", in_use: str = "") -> Iterator[None]:
    """Tell the caller what the database refused.

    Args:
        taken: What to say where something has to be unique.
        missing: What to say where something refers to what is not there.
        in_use: What to say where something is referred to.
    """
    try:
        yield
    except IntegrityError as error:
        if taken and _says(error, "UNIQUE", "23505"):
            raise ConflictError(taken) from error
        if missing and _says(error, "FOREIGN KEY", "23503"):
            raise ConflictError(missing) from error
        if in_use and _says(error, "FOREIGN KEY", "23001", "23503"):
            raise ConflictError(in_use) from error
        raise


def _says(error: IntegrityError, words: str, *codes: str) -> bool:
    """Whether that kind of constraint was hurt: PostgreSQL says it by code, SQLite in words."""
    code = getattr(error.orig, "sqlstate", None)
    return code in codes if code else words in str(error.orig)


def escaped(text: str) -> str:
    r"""A text in which LIKE finds nothing special: `50%` is searched as `50\%`."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
