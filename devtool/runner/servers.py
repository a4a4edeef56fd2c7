"""Starting the databases that services ask for: from the programs that are here, or from a compose file.

A password never stands among the words of a command, where every user of the machine could read it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from devtool.errors import ToolchainError
from devtool.model.detection import Role
from devtool.model.launch import LaunchPlan, Probe, ProbeKind, Service
from devtool.runner.backing import NAMES, Backing
from devtool.runner.composed import composed
from devtool.runner.state import make_private, project_folder

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
# As `devtool.runner.postgres_init` reads it.
_PASSWORD_VARIABLE = "DEVTOOL_DATABASE_PASSWORD"  # noqa: S105  # a name and no password


def with_backings(plan: LaunchPlan, backings: Sequence[Backing]) -> LaunchPlan:
    """The plan with these servers in front, ready before what asks for them, stopped with it.

    Raises:
        ToolchainError: A server's program is not installed.
    """
    services: list[Service] = []
    needs: dict[str, list[str]] = {}
    for backing in backings:
        made = _STARTED[backing.kind](plan, backing) or _from_compose(plan, backing)
        services += made
        for name in backing.services:
            needs.setdefault(name, []).append(made[-1].name)
    rest = tuple(
        service._replace(needs=(*service.needs, *needs.get(service.name, ())))
        for service in plan.services
    )
    return plan._replace(services=(*services, *rest))


def is_startable(plan: LaunchPlan, backing: Backing) -> bool:
    """Whether a server could be started here; nothing is."""
    has_programs = _FOUND[backing.kind]() is not None
    return has_programs or composed(Path(plan.root), backing) is not None


def way_out(backing: Backing) -> str:
    """What to do where nothing here can start a server."""
    return f"install {NAMES[backing.kind]}, or start one elsewhere and set {backing.variable}"


def _from_compose(plan: LaunchPlan, backing: Backing) -> list[Service]:
    found = composed(Path(plan.root), backing)
    if found is None:
        raise ToolchainError(
            f"{NAMES[backing.kind]} is asked for at {backing.shown}, and neither {_PROGRAMS[backing.kind]} "
            "nor a compose file with Docker is here to start it",
            hint=way_out(backing),
        )
    made = _service(plan, _name(plan, backing), found.argv, port=backing.port)
    return [made._replace(grace=found.grace, why=(*made.why, found.why))]


def _postgresql(plan: LaunchPlan, backing: Backing) -> list[Service]:
    programs = _postgres_programs()
    if programs is None:
        return []
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
    made = _service(plan, f"{name}-init", init, one_shot=True)
    return [
        made._replace(env=((_PASSWORD_VARIABLE, backing.password),) if backing.password else ()),
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
    program = _redis_program()
    if program is None:
        return []
    name = _name(plan, backing)
    data = _data_folder(plan, name)
    data.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    make_private(data)
    settings = (_redis_settings(data, backing.password),) if backing.password else ()
    argv = (
        *(program, *settings, "--bind", "127.0.0.1", "--port", str(backing.port)),
        *("--dir", str(data), "--appendonly", "yes"),
    )
    return [_service(plan, name, argv, port=backing.port)]


def _redis_program() -> str | None:
    import shutil

    return shutil.which("redis-server") or shutil.which("valkey-server")


def _redis_settings(data: Path, password: str) -> str:
    """A file of settings that holds the password, for its user alone."""
    path = data / "redis.conf"
    path.unlink(missing_ok=True)
    escaped = "".join(f"\\x{byte:02x}" for byte in password.encode())
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(f'requirepass "{escaped}"\n')
    return str(path)


_FOUND = {"postgresql": _postgres_programs, "redis": _redis_program}
_STARTED = {"postgresql": _postgresql, "redis": _redis}
_PROGRAMS = {"postgresql": "initdb and postgres", "redis": "redis-server"}


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
