"""Migrations of Alembic's that are not applied. Their files are read; nothing of them is run.

What is applied stands in the database. A SQLite file is opened for reading; a server is not asked, since
that takes the project's own driver.
"""

from __future__ import annotations

import ast
import configparser
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, unquote

from devtool.doctor.subject import Subject, few, inside, quoted
from devtool.doctor.variables import provided
from devtool.doctor.wanted import wanted
from devtool.model.doctor import Finding, Level

CHECK = "migrations"
_VARIABLE_ENDS = ("URL", "URI", "DSN")


class Revision(NamedTuple):
    """One migration of Alembic's, and those it follows."""

    name: str
    follows: tuple[str, ...]


def look(subject: Subject) -> Iterator[Finding]:
    """One finding for each alembic.ini."""
    for ini in subject.tree.named("alembic.ini"):
        yield from _alembic(subject, ini)


def _alembic(subject: Subject, ini: str) -> Iterator[Finding]:
    folder = ini.rpartition("/")[0]
    options = _options(subject, ini)
    revisions = _revisions(subject, folder, options)
    command = _Alembic(subject, folder)
    if not revisions:
        text = f"{ini} has no migrations yet"
        fix = command("revision", "--autogenerate", "-m", "first")
        yield Finding(check=CHECK, level=Level.WARNING, text=text, fix=fix, path=ini)
        return
    heads = _heads(revisions)
    if len(heads) > 1:
        text = f"{ini} has {len(heads)} heads: {few(heads)}"
        yield Finding(
            check=CHECK, level=Level.ERROR, text=text, fix=command("merge", "heads"), path=ini
        )
    yield _applied(subject, ini, options, revisions, command("upgrade", "heads"))


def _options(subject: Subject, ini: str) -> dict[str, str]:
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(subject.tree.read(ini) or "")
        found = dict(parser.items("alembic")) if parser.has_section("alembic") else {}
    except configparser.Error:
        return {}
    here = str(subject.root / ini.rpartition("/")[0])
    return {key: value.replace("%(here)s", here) for key, value in found.items()}


class _Alembic:
    """Alembic's command line, as it is typed from the project's root."""

    def __init__(self, subject: Subject, folder: str) -> None:
        toolchains = subject.python_toolchains
        near = [each for each in toolchains if folder.startswith(each.root)] or toolchains
        python = near[0].interpreter if near and near[0].interpreter else "python"
        self._python = python
        self._folder = folder

    def __call__(self, *words: str) -> str:
        command = quoted(self._python, "-m", "alembic", *words)
        return f"cd {quoted(self._folder)} && {command}" if self._folder else command


def _revisions(subject: Subject, folder: str, options: dict[str, str]) -> dict[str, Revision]:
    location = options.get("script_location", "alembic")
    place = subject.shown(subject.root / folder / location)
    prefix = f"{place}/versions/"
    found = {}
    for path in subject.tree.python_files:
        if path.startswith(prefix):
            revision = revision_in(subject.tree.read(path) or "")
            if revision is not None:
                found[revision.name] = revision
    return found


def revision_in(text: str) -> Revision | None:
    """The `revision` and the `down_revision` that a module sets, or None."""
    try:
        module = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    values: dict[str, object] = {}
    for node in module.body:
        targets: list[ast.expr] = []
        if isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, ast.AnnAssign):
            targets = [node.target]
        for target in targets:
            if isinstance(target, ast.Name) and isinstance(node, ast.Assign | ast.AnnAssign):
                values[target.id] = _literal(node.value)
    name, down = values.get("revision"), values.get("down_revision")
    if not isinstance(name, str):
        return None
    before = down if isinstance(down, tuple | list) else (down,)
    return Revision(name, tuple(each for each in before if isinstance(each, str)))


def _literal(node: ast.expr | None) -> object:
    try:
        return ast.literal_eval(node) if node is not None else None
    except (ValueError, TypeError, RecursionError, MemoryError):
        return None


def _heads(revisions: dict[str, Revision]) -> list[str]:
    followed = {name for revision in revisions.values() for name in revision.follows}
    return sorted(revisions.keys() - followed)


def _applied(
    subject: Subject,
    ini: str,
    options: dict[str, str],
    revisions: dict[str, Revision],
    upgrade: str,
) -> Finding:
    folder = ini.rpartition("/")[0]
    url = _url(subject, folder, options)
    if not url.startswith("sqlite"):
        kind = url.partition(":")[0].partition("+")[0] or "the database"
        text = f"{ini}: what is applied in {kind} is not known here; {len(revisions)} migrations are in the files"
        current = _Alembic(subject, folder)("current", "--check-heads")
        return Finding(
            check=CHECK, level=Level.OK, text=f"{text}, and this asks: {current}", path=ini
        )
    database = _sqlite_file(subject, folder, url)
    if database is None:
        return Finding(
            check=CHECK, level=Level.OK, text=f"{ini}: the database is in memory", path=ini
        )
    shown = subject.shown(database)
    versions = applied_versions(database)
    unknown = sorted(versions - revisions.keys())
    if unknown:
        text = f"{shown} is at {few(unknown)}, which is no migration of {ini}"
        fix = "check out the branch that has it, or start from an empty database"
        return Finding(check=CHECK, level=Level.ERROR, text=text, fix=fix, path=ini)
    pending = revisions.keys() - _with_those_before(versions, revisions)
    if not pending:
        return Finding(check=CHECK, level=Level.OK, text=f"{shown} has every migration", path=ini)
    text = f"{len(pending)} of {len(revisions)} migrations of {ini} are not applied in {shown}"
    return Finding(check=CHECK, level=Level.WARNING, text=text, fix=upgrade, path=ini)


def _with_those_before(names: set[str], revisions: dict[str, Revision]) -> set[str]:
    found: set[str] = set()
    ahead = list(names)
    while ahead:
        name = ahead.pop()
        if name not in found and name in revisions:
            found.add(name)
            ahead += revisions[name].follows
    return found


def _url(subject: Subject, folder: str, options: dict[str, str]) -> str:
    """The database's URL: of a variable, a default of the settings, or alembic.ini."""
    asked = wanted(subject.tree, folder)
    there = {name.upper(): value for name, value in provided(subject, folder).items()}
    for want in asked:
        names = [name for name in want.names if name.upper().endswith(_VARIABLE_ENDS)]
        values = [there.get(name.upper(), want.default) for name in names]
        if found := next((v for v in values if isinstance(v, str) and _is_database(v)), ""):
            return found
    named = there.get("DATABASE_URL", "")
    if _is_database(named):
        return named
    return options.get("sqlalchemy.url", "")


def _is_database(url: str) -> bool:
    kind = url.partition("://")[0].partition("+")[0]
    return kind in ("sqlite", "postgresql", "postgres", "mysql", "mariadb", "oracle", "mssql")


def _sqlite_file(subject: Subject, folder: str, url: str) -> Path | None:
    """The file of a SQLite URL; None where it is in memory."""
    path = unquote(url.partition(":///")[2].partition("?")[0])
    if path in ("", ":memory:"):
        return None
    return subject.root / inside(folder, path) if not path.startswith("/") else Path(path)


def applied_versions(database: Path) -> set[str]:
    """The revisions that a SQLite database is at; none where it is not there or cannot be read."""
    if not database.is_file():
        return set()
    address = f"file:{quote(str(database))}?mode=ro"
    try:
        with closing(sqlite3.connect(address, uri=True, timeout=1.0)) as connection:
            rows = connection.execute("SELECT version_num FROM alembic_version").fetchall()
    except sqlite3.Error:
        return set()
    return {str(row[0]) for row in rows}
