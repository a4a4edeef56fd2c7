"""The `.env` of a new project: its example with fresh secrets. It is written, and never recorded."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable

from devtool.errors import ConfigError
from devtool.scaffold.catalog import Feature
from devtool.scaffold.render import home

DATABASE = "DATABASE_URL"
SCHEMES = ("postgresql", "postgresql+asyncpg", "postgres", "sqlite", "sqlite+aiosqlite")
PLAIN = re.compile(r"[\w.:/@%+,=&?*~^-]*", re.ASCII)
SECRET_BYTES = 32


def secret() -> str:
    """A value nobody can guess."""
    return os.urandom(SECRET_BYTES).hex()


def private_files(
    features: Iterable[Feature], database_url: str = "", *, fresh: Callable[[], str] = secret
) -> dict[str, str]:
    """The text of each `.env`, by its path.

    Args:
        features: What the project has.
        database_url: Where its data is, in place of what the features say.
        fresh: Makes a secret.

    Raises:
        ConfigError: If the URL is not one of a database that generated code knows, or no feature
            has a database.
    """
    texts: dict[str, list[str]] = {}
    # Settings put variables in place of ${NAME} in quotes too; in a URL % can say the same.
    url = checked_url(database_url).replace("${", "%24{") if database_url else ""
    given = {DATABASE: url} if url else {}
    for feature in features:
        values = given | {name: fresh() for name in feature.secrets}
        lines = [_line(line, values) for line in feature.env]
        if lines:
            texts.setdefault(f"{home(feature)}.env", []).extend(lines)
    if given and not any(
        line.startswith(f"{DATABASE}=") for lines in texts.values() for line in lines
    ):
        raise ConfigError(
            "this project has no database", hint="pass --phase 2, or no --database-url"
        )
    return {path: "".join(f"{line}\n" for line in lines) for path, lines in texts.items()}


def checked_url(url: str) -> str:
    """A URL of a database that generated code knows.

    Raises:
        ConfigError: If it is none; its text may hold a password and is not repeated.
    """
    scheme, separator, rest = url.partition("://")
    if not separator or not rest or scheme not in SCHEMES or not url.isprintable() or " " in url:
        raise ConfigError(
            "the database URL is not one that generated projects know",
            hint="such as postgresql://user:password@localhost/shop or sqlite:///shop.db",
        )
    return url


def _line(line: str, values: dict[str, str]) -> str:
    name, equals, _ = line.partition("=")
    return f"{name}={quoted(values[name])}" if equals and name in values else line


def quoted(value: str) -> str:
    """A value as every reader of `.env` files takes it literally."""
    if PLAIN.fullmatch(value):
        return value
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
