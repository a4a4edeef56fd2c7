"""Databases of a project's compose file, started by Docker where no program of theirs is installed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from devtool.runner.backing import Backing

FILES = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")
MAX_FILE = 1 << 18
# Docker gives a container ten seconds before it kills it.
GRACE = 15.0

_IMAGES = {
    "postgresql": ("postgres", "postgis", "pgvector", "timescaledb"),
    "redis": ("redis", "valkey"),
}
_INSIDE = {"postgresql": 5432, "redis": 6379}


class Composed(NamedTuple):
    """How a server of a compose file is started."""

    argv: tuple[str, ...]
    why: str
    grace: float = GRACE


def composed(root: Path, backing: Backing) -> Composed | None:
    """The command for the service of the project's compose file that answers where one is asked for."""
    docker = shutil.which("docker")
    path = next((path for name in FILES if (path := root / name).is_file()), None)
    if docker is None or path is None:
        return None
    name = next(_services(path, backing), None)
    if name is None:
        return None
    argv = (docker, "compose", "-f", str(path), "up", "--no-log-prefix", name)
    return Composed(argv, f"{path.name} has the service {name}")


def _services(path: Path, backing: Backing) -> Iterator[str]:
    """The services of a file that run such a server on that port of this machine."""
    for name, service in _table(path).items():
        if not isinstance(service, dict) or not isinstance(name, str):
            continue
        if _is_kind(str(service.get("image", "")), backing.kind) and _publishes(service, backing):
            yield name


def _table(path: Path) -> Mapping[object, object]:
    import yaml

    if path.stat().st_size > MAX_FILE:
        return {}
    try:
        whole = yaml.safe_load(path.read_text("utf-8", errors="replace"))
    except (yaml.YAMLError, RecursionError):
        return {}
    services = whole.get("services") if isinstance(whole, dict) else None
    return services if isinstance(services, dict) else {}


def _is_kind(image: str, kind: str) -> bool:
    name = image.rpartition("/")[2].partition(":")[0]
    return name.startswith(_IMAGES[kind])


def _publishes(service: Mapping[object, object], backing: Backing) -> bool:
    ports = service.get("ports")
    wanted = (str(backing.port), str(_INSIDE[backing.kind]))
    return wanted in map(_pair, ports if isinstance(ports, list) else ())


def _pair(port: object) -> tuple[str, str]:
    """The port outside and the port inside of one entry, which is a text or a table."""
    if isinstance(port, dict):
        return str(port.get("published", "")), str(port.get("target", ""))
    outside, _, inside = str(port).partition("/")[0].rpartition(":")
    return outside.rpartition(":")[2], inside
