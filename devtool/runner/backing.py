"""The databases that services ask for, and whether they answer; `servers` starts them.

What a service asks for stands in its environment as a URL (`DATABASE_URL`, `REDIS_URL` ...). Only
servers on this machine are asked and started; where another machine is meant, that is its owner's
business.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from devtool.model.detection import Note
from devtool.model.launch import LaunchPlan
from devtool.runner.environment import environment

CONNECT_SECONDS = 1.0
_LOCAL = ("localhost", "127.0.0.1", "::1", "")
_VARIABLE_ENDS = ("URL", "URI", "DSN")


class Backing(NamedTuple):
    """A database server that services ask for."""

    kind: str
    host: str
    port: int
    user: str
    database: str
    variable: str
    services: tuple[str, ...]
    password: str = ""

    def __repr__(self) -> str:
        return f"Backing({self.shown}, {self.variable})"

    @property
    def shown(self) -> str:
        """Its URL, without its password."""
        user = f"{self.user}@" if self.user else ""
        database = f"/{self.database}" if self.database else ""
        host = f"[{self.host}]" if ":" in self.host else self.host or "localhost"
        return f"{self.kind}://{user}{host}:{self.port}{database}"


_PORTS = {"postgresql": 5432, "redis": 6379}
_SCHEMES = {
    "postgres": "postgresql",
    "postgresql": "postgresql",
    "redis": "redis",
    "rediss": "redis",
}
NAMES = {"postgresql": "PostgreSQL", "redis": "Redis"}


def wanted(plan: LaunchPlan, env: Mapping[str, str] | None = None) -> list[Backing]:
    """Every database server of this machine that services of a plan ask for."""
    base = os.environ if env is None else env
    found: dict[tuple[str, str, int], Backing] = {}
    for service in plan.services:
        for variable, value in environment(service, base, piped=False, colour=False).items():
            backing = _backing(variable, value) if variable.endswith(_VARIABLE_ENDS) else None
            if backing is None or backing.host not in _LOCAL:
                continue
            key = (backing.kind, backing.host, backing.port)
            before = found.setdefault(key, backing)
            names = dict.fromkeys((*before.services, service.name))
            found[key] = before._replace(services=tuple(names))
    return list(found.values())


def _backing(variable: str, value: str) -> Backing | None:
    try:
        parts = urlsplit(value.strip())
        port = parts.port
    except ValueError:
        return None
    kind = _SCHEMES.get(parts.scheme.partition("+")[0])
    if kind is None:
        return None
    return Backing(
        kind=kind,
        host=parts.hostname or "",
        port=port or _PORTS[kind],
        user=unquote(parts.username or "") if kind == "postgresql" else "",
        database=unquote(parts.path.strip("/")) if kind == "postgresql" else "",
        variable=variable,
        services=(),
        password=unquote(parts.password or ""),
    )


def answers(backing: Backing) -> bool:
    """Whether something listens where a server is asked for."""
    try:
        address = (backing.host or "localhost", backing.port)
        socket.create_connection(address, timeout=CONNECT_SECONDS).close()
    except OSError:
        return False
    return True


def unanswered(plan: LaunchPlan, env: Mapping[str, str] | None = None) -> list[Backing]:
    """The servers that are asked for and do not answer."""
    return [backing for backing in wanted(plan, env) if not answers(backing)]


def notes(backings: Sequence[Backing]) -> Iterator[Note]:
    """A sentence for each server that does not answer, with the ways out."""
    for backing in backings:
        who = ", ".join(backing.services)
        yield Note(
            f"{who} asks for {NAMES[backing.kind]} at {backing.shown} ({backing.variable}), and "
            "nothing answers there: start it, change the variable, or add --with-services",
            kind="database",
        )
