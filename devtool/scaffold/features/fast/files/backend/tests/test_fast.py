"""Both ways to run a statement give the same."""

import asyncio
from typing import Any

import asyncpg
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import (
    Boolean,
    Float,
    Integer,
    Numeric,
    Table,
    bindparam,
    insert,
    select,
    text,
    type_coerce,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.types import TypeEngine

from app import running
from app.database import get_database
from app.models.base import SqliteMoment, now
from app.models.user import User
from app.running import DatabaseUnavailableError, Plan, compiled
from tests.conftest import run

DIALECT = create_async_engine("postgresql+asyncpg://").dialect
USERS: Table = User.metadata.tables["users"]
OWN = USERS.c.id == bindparam("its_id")
COLUMNS = (USERS.c.id, USERS.c.email, USERS.c.created_at)
INSERT = (
    insert(USERS)
    .values(id=bindparam("its_id"), email="x@example.com", created_at=bindparam("moment"))
    .returning(*COLUMNS)
)
INSERT_ANY = INSERT.values(email=bindparam("address"))
STATEMENTS = (
    select(*COLUMNS).where(OWN),
    update(USERS).where(OWN).values(email=bindparam("address")).returning(*COLUMNS),
    USERS.delete().where(OWN),
)
VALUES = {"its_id": "x", "moment": now(), "address": "y@example.com"}


def test_both_ways_give_the_same(client: TestClient) -> None:
    async def ask() -> list[list[list[tuple[Any, ...]]]]:
        database = get_database()
        answers: list[list[list[tuple[Any, ...]]]] = []
        for _ in range(3):
            rounds = []
            for statement in (INSERT, *STATEMENTS):
                rows = await database.all(statement, VALUES)
                rounds.append([tuple(row) for row in rows])
            answers.append(rounds)
        return answers

    first, second, third = run(client, ask)
    assert first == second == third
    assert first[0] == [("x", "x@example.com", VALUES["moment"])]
    assert first[2] == [("x", "y@example.com", VALUES["moment"])]
    assert first[3] == []


@pytest.mark.parametrize("kind", [Numeric(12, 2), Float(), Integer()])
def test_numbers_are_as_the_driver_gives_them(kind: TypeEngine[Any]) -> None:
    assert compiled(select(type_coerce(USERS.c.id, kind)), DIALECT, {}) is not None


def test_a_plan_knows_the_order_of_its_parameters() -> None:
    plan = compiled(INSERT, DIALECT, VALUES)
    assert plan is not None
    values = dict(zip(plan.names, plan.arguments(VALUES), strict=True))
    assert values == {"its_id": "x", "email": "x@example.com", "moment": VALUES["moment"]}


def test_booleans_need_no_help() -> None:
    given = bindparam("given", type_=Boolean)
    assert compiled(select(USERS.c.id).where(given), DIALECT, {"given": True}) is not None


@pytest.mark.parametrize(
    "statement",
    [
        select(type_coerce(USERS.c.created_at, SqliteMoment())),
        select(type_coerce(USERS.c.id, Numeric(asdecimal=False))),
        select(USERS.c.id).where(USERS.c.id.in_(bindparam("ids", expanding=True))),
        select(USERS.c.id).where(type_coerce(bindparam("x"), SqliteMoment()).is_(None)),
    ],
)
def test_what_needs_help_is_not_compiled(statement: Any) -> None:
    assert compiled(statement, DIALECT, {}) is None


def test_an_insert_has_the_columns_that_have_values(client: TestClient) -> None:
    insertion = insert(USERS).returning(USERS.c.id, USERS.c.email)
    some, more = {"id": "x", "created_at": now()}, {"id": "x", "email": "", "created_at": now()}
    for values in (some, more):
        plan = compiled(insertion, DIALECT, values)
        assert plan is not None
        assert set(plan.names) == plan.given == set(values)

    async def ask() -> None:
        database = get_database()
        for name in "ab":
            await database.all(insertion, {**more, "id": name, "email": name})
        with pytest.raises(IntegrityError):  # not the plan of the rows before
            await database.all(insertion, {**some, "id": "c"})

    run(client, ask)


def test_both_ways_tell_of_a_constraint_alike(client: TestClient) -> None:
    async def ask() -> None:
        database = get_database()
        for name in "ab":
            await database.all(INSERT_ANY, {**VALUES, "its_id": name, "address": name})
        with pytest.raises(IntegrityError) as told:
            await database.all(INSERT_ANY, {**VALUES, "its_id": "c", "address": "a"})
        assert getattr(told.value.orig, "sqlstate", "23505") == "23505"

    run(client, ask)


def test_text_is_compiled_too() -> None:
    plan = compiled(text("SELECT :a || :b"), DIALECT, {"a": 1, "b": 2})
    assert plan is not None
    assert plan.arguments({"b": 2, "a": 1}) == [1, 2]


class Held:
    """A connection whose driver fails."""

    def __init__(self, error: Exception) -> None:
        self.error = error
        self.said: list[str] = []
        self.driver_connection = self
        self.dialect = self

    def raw_connection(self) -> "Held":
        """This one."""
        return self

    async def fetch(self, _sql: str) -> list[Any]:
        """Fail."""
        raise self.error

    def invalidate(self, _error: Exception) -> None:
        """Note it."""
        self.said.append("invalidated")

    def close(self) -> None:
        """Note it."""
        self.said.append("closed")


@pytest.mark.parametrize(
    ("error", "raised", "said"),
    [
        (asyncpg.InterfaceError("closed"), DatabaseUnavailableError, ["invalidated", "closed"]),
        (OSError("reset"), DatabaseUnavailableError, ["invalidated", "closed"]),
        (asyncpg.QueryCanceledError("slow"), DatabaseUnavailableError, ["closed"]),
        (asyncpg.UndefinedTableError("users"), asyncpg.UndefinedTableError, ["closed"]),
    ],
)
def test_errors_of_the_driver_are_told_apart(
    error: Exception, raised: type[Exception], said: list[str]
) -> None:
    held: Any = Held(error)
    with pytest.raises(raised):
        asyncio.run(running._on_driver(held, Plan("SELECT 1", (), {}, frozenset()), {}))
    assert held.said == said
