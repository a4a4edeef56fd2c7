"""The databases that services ask for: whether they answer, and starting them here.

What a service asks for stands in its environment as a URL (`DATABASE_URL`, `REDIS_URL` ...). Only
servers on this machine are asked and started; where another machine is meant, that is its owner's
business.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from devtool.errors import ToolchainError
from devtool.model.detection import Note, Role
from devtool.model.launch import LaunchPlan, Probe, ProbeKind, Service
from devtool.runner.environment import environment
from devtool.runner.state import project_folder

CONNECT_SECONDS = 1.0
_LOCAL = ("localhost", "127.0.0.1", "::1", "")
_VARIABLE_ENDS = ("URL", "URI", "DSN")
# Where packages put the server that is rarely on PATH, the newest first.
_POSTGRES_FOLDERS = (
    "/usr/lib/postgresql/*/bin",
    "/opt/homebrew/opt/postgresql*/bin",
    "/usr/local/opt/postgresql*/bin",
    "/usr/pgsql-*/bin",
)
# PostgreSQL refuses to run as root; Debian and most others have this user for it.
_POSTGRES_USER = "postgres"
_ROOTS_FOLDER = Path("/var/lib/devtool")


class Backing(NamedTuple):
    """A database server that services ask for."""

    kind: str
    host: str
    port: int
    user: str
    database: str
    variable: str
    services: tuple[str, ...]

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
_NAMES = {"postgresql": "PostgreSQL", "redis": "Redis"}


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
            f"{who} asks for {_NAMES[backing.kind]} at {backing.shown} ({backing.variable}), and "
            "nothing answers there: start it, change the variable, or add --with-services",
            kind="database",
        )


# --- starting them -----------------------------------------------------------------------------


def with_backings(plan: LaunchPlan, backings: Sequence[Backing]) -> LaunchPlan:
    """The plan with these servers in front, ready before what asks for them, stopped with it.

    Raises:
        ToolchainError: A server's program is not installed.
    """
    services: list[Service] = []
    needs: dict[str, list[str]] = {}
    for backing in backings:
        made = _postgresql(plan, backing) if backing.kind == "postgresql" else _redis(plan, backing)
        services += made
        for name in backing.services:
            needs.setdefault(name, []).append(made[-1].name)
    rest = tuple(
        service._replace(needs=(*service.needs, *needs.get(service.name, ())))
        for service in plan.services
    )
    return plan._replace(services=(*services, *rest))


def _postgresql(plan: LaunchPlan, backing: Backing) -> list[Service]:
    programs = _postgres_programs()
    if programs is None:
        raise _missing(backing, "initdb and postgres")
    name = _name(plan, backing)
    data = _data_folder(plan, name)
    user = backing.user or "postgres"
    script = Path(__file__).with_name("postgres_init.py")
    init = (
        *(sys.executable, "-I", str(script), str(programs), str(data), user),
        backing.database or user,
    )
    server = (
        *(str(programs / "postgres"), "-D", str(data), "-h", "127.0.0.1"),
        *("-p", str(backing.port), "-k", ""),
    )
    lower = _not_as_root()
    return [
        _service(plan, f"{name}-init", init, one_shot=True),
        _service(plan, name, (*lower, *server), port=backing.port, needs=(f"{name}-init",)),
    ]


def _postgres_programs() -> Path | None:
    """The folder of PostgreSQL's server programs."""
    import shutil

    on_path = shutil.which("postgres")
    if on_path and shutil.which("initdb"):
        return Path(on_path).resolve().parent
    for pattern in _POSTGRES_FOLDERS:
        found = [f for f in Path("/").glob(pattern.lstrip("/")) if (f / "postgres").exists()]
        if found:
            return max(found, key=lambda folder: [int(p) for p in _digits(str(folder))])
    return None


def _digits(text: str) -> list[str]:
    return "".join(c if c.isdigit() else " " for c in text).split()


def _not_as_root() -> tuple[str, ...]:
    if os.name != "posix" or os.geteuid() != 0:
        return ()
    import shutil

    program = shutil.which("setpriv")
    if program is None:
        raise ToolchainError(
            "PostgreSQL refuses to run as root, and setpriv is not there to change that",
            hint="run devtool as another user, or install util-linux",
        )
    return (program, "--reuid", _POSTGRES_USER, "--regid", _POSTGRES_USER, "--init-groups")


def _redis(plan: LaunchPlan, backing: Backing) -> list[Service]:
    import shutil

    program = shutil.which("redis-server") or shutil.which("valkey-server")
    if program is None:
        raise _missing(backing, "redis-server")
    name = _name(plan, backing)
    data = _data_folder(plan, name)
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    argv = (
        *(program, "--bind", "127.0.0.1", "--port", str(backing.port)),
        *("--dir", str(data), "--appendonly", "yes"),
    )
    return [_service(plan, name, argv, port=backing.port)]


def _missing(backing: Backing, programs: str) -> ToolchainError:
    return ToolchainError(
        f"{_NAMES[backing.kind]} is asked for at {backing.shown}, and {programs} is not installed",
        hint=f"install {_NAMES[backing.kind]}, or start one elsewhere and set {backing.variable}",
    )


def _name(plan: LaunchPlan, backing: Backing) -> str:
    taken = {service.name for service in plan.services}
    return backing.kind if backing.kind not in taken else f"{backing.kind}-{backing.port}"


def _data_folder(plan: LaunchPlan, name: str) -> Path:
    """Where a server keeps its data: in the user's state folder, or where root's servers may."""
    own = project_folder(plan.root)
    if _runs_as_root() and name.startswith("postgresql"):
        return _ROOTS_FOLDER / own.name / name
    return own / name


def _runs_as_root() -> bool:
    return os.name == "posix" and os.geteuid() == 0


def _service(
    plan: LaunchPlan,
    name: str,
    argv: tuple[str, ...],
    *,
    port: int | None = None,
    needs: tuple[str, ...] = (),
    one_shot: bool = False,
) -> Service:
    probe = Probe(kind=ProbeKind.NONE)
    if port is not None:
        probe = Probe(kind=ProbeKind.PORT, target=f"127.0.0.1:{port}", timeout=30.0)
    return Service(
        name=name,
        role=Role.DATABASE,
        argv=argv,
        cwd=plan.root,
        host="127.0.0.1" if port is not None else "",
        port=port,
        probe=probe,
        needs=needs,
        one_shot=one_shot,
        why=("--with-services",),
    )
