"""Give a variant its tables and 10,000 tasks of 100 users: fill.py peer|generated USER_ID."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator
from datetime import UTC, datetime

import psycopg
from shared import DATABASE, IS_SQLITE

USERS, EACH = 100, 100


def rows(owner: str, extra: tuple[object, ...]) -> Iterator[tuple[object, ...]]:
    """Every task there shall be; those of the owner stand among the others."""
    moment = datetime.now(UTC)
    stamp = f"{moment:%Y-%m-%d %H:%M:%S.%f}" if IS_SQLITE else moment
    for number in range(EACH):
        for user in range(USERS):
            whose = owner if user == 0 else f"user-{user}"
            yield whose, f"task {number}", "something to do", False, stamp, stamp, *extra


def fill(kind: str, owner: str) -> None:
    """Write users and tasks."""
    stamp = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S.%f}" if IS_SQLITE else datetime.now(UTC)
    names = ["user_id", "title", "description", "completed", "created_at", "updated_at"]
    users = [(f"user-{number}", f"user-{number}@x.example") for number in range(1, USERS)]
    columns = "id, email"
    extra: tuple[object, ...] = ()
    if kind == "generated":
        columns, extra = "id, email, created_at", (1,)
        names.append("version")
        users = [(*user, stamp) for user in users]
    else:
        users.append((owner, "owner@x.example"))
        create_tables()
    write(f"INSERT INTO users ({columns}) VALUES", users)
    write(f"INSERT INTO tasks ({', '.join(names)}) VALUES", list(rows(owner, extra)))


def write(statement: str, values: list[tuple[object, ...]]) -> None:
    mark = "?" if IS_SQLITE else "%s"
    sql = f"{statement} ({', '.join([mark] * len(values[0]))})"
    if IS_SQLITE:
        with sqlite3.connect(DATABASE) as connection:
            connection.executemany(sql, values)
        return
    with psycopg.connect(DATABASE) as connection, connection.cursor() as cursor:
        cursor.executemany(sql, values)


def create_tables() -> None:
    from sqlmodel import SQLModel, create_engine
    from tables import Task

    scheme = f"sqlite:///{DATABASE}"
    url = scheme if IS_SQLITE else DATABASE.replace("postgresql", "postgresql+psycopg")
    SQLModel.metadata.create_all(create_engine(url), tables=[*Task.metadata.sorted_tables])


def vacuum() -> None:
    if not IS_SQLITE:
        with psycopg.connect(DATABASE, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")


if __name__ == "__main__":
    fill(sys.argv[1], sys.argv[2])
    vacuum()
