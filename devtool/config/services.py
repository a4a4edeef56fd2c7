"""`[services.NAME]` and `[[frameworks]]`, checked."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

from devtool.config.keys import check_host, check_port, flag, names, nearest, restart, seconds
from devtool.config.settings import Ready, ServiceSettings
from devtool.errors import ConfigError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,62}")
SERVICE_KEYS = (
    "command",
    "entry",
    "framework",
    "cwd",
    "env",
    "env_file",
    "env_files",
    "host",
    "port",
    "needs",
    "ready",
    "role",
    "restart",
    "grace",
    "one_shot",
    "tty",
    "reload",
    "serial",
    "reload_include",
    "reload_exclude",
)
_ROLES = ("console", "backend", "ui", "mcp", "frontend", "worker", "database")


def frameworks(table: Mapping[str, object], where: str) -> Iterator[tuple[dict[str, object], str]]:
    """The `[[frameworks]]` entries of a file, with the file."""
    entries = table.get("frameworks", [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ConfigError(f"{where}: frameworks must be tables", hint="write [[frameworks]]")
    yield from ((entry, where) for entry in entries)


def services(table: Mapping[str, object], path: Path, root: Path) -> dict[str, ServiceSettings]:
    """The `[services.NAME]` tables of a file, by name."""
    entries = table.get("services", {})
    if not isinstance(entries, dict):
        raise ConfigError(f"{path}: services must be tables", hint="write [services.NAME]")
    found = {}
    for name, entry in entries.items():
        where = f"{path}: [services.{name}]"
        if not _NAME.fullmatch(name):
            raise ConfigError(
                f"{where}: the name may hold letters, digits, - and _", hint="choose another name"
            )
        if not isinstance(entry, dict):
            raise ConfigError(f"{where}: must be a table", hint=f"write [services.{name}]")
        found[name] = _service(name, entry, where, root)
    return found


def _service(name: str, entry: Mapping[str, object], where: str, root: Path) -> ServiceSettings:
    for key in entry:
        if key not in SERVICE_KEYS:
            raise ConfigError(f"{where}: unknown key {key!r}", hint=nearest(key, SERVICE_KEYS))
    env_files = [entry["env_file"]] if "env_file" in entry else entry.get("env_files", [])
    return ServiceSettings(
        name=name,
        where=where,
        command=_command(entry.get("command", []), where),
        entry=_text(entry, "entry", where),
        framework=_text(entry, "framework", where),
        cwd=_inside(entry["cwd"], f"{where} cwd", root) if "cwd" in entry else None,
        env=_env(entry.get("env", {}), where),
        env_files=tuple(
            _inside(file, f"{where} env_file", root)
            for file in names(env_files, f"{where} env_file")
        ),
        host=check_host(entry["host"], f"{where} host") if "host" in entry else "",
        port=_port(entry["port"], where) if "port" in entry else None,
        needs=names(entry.get("needs", []), f"{where} needs"),
        ready=_ready(entry["ready"], where) if "ready" in entry else None,
        role=_role(entry.get("role", ""), where),
        restart=restart(entry["restart"], f"{where} restart") if "restart" in entry else "",
        grace=seconds(entry["grace"], f"{where} grace") if "grace" in entry else None,
        one_shot=flag(entry.get("one_shot", False), f"{where} one_shot"),
        tty=flag(entry.get("tty", False), f"{where} tty"),
        reload=flag(entry["reload"], f"{where} reload") if "reload" in entry else None,
        serial=flag(entry["serial"], f"{where} serial") if "serial" in entry else None,
        reload_include=names(entry.get("reload_include", []), f"{where} reload_include"),
        reload_exclude=names(entry.get("reload_exclude", []), f"{where} reload_exclude"),
    )


def _port(value: object, where: str) -> int:
    port = check_port(value, f"{where} port")
    if isinstance(port, str):
        raise ConfigError(f"{where} port: must be a number, not {port!r}", hint="name one")
    return port


def _command(value: object, where: str) -> tuple[str, ...]:
    if isinstance(value, str):
        raise ConfigError(
            f"{where} command: must be a list of words, not one text",
            hint='for example ["python", "worker.py"]',
        )
    words = names(value, f"{where} command")
    if any("\0" in word for word in words):
        raise ConfigError(f"{where} command: holds a NUL character", hint="remove it")
    if words and not words[0].strip():
        raise ConfigError(f"{where} command: names no program", hint="name one as its first word")
    return words


def _text(entry: Mapping[str, object], key: str, where: str) -> str:
    value = entry.get(key, "")
    if not isinstance(value, str) or "\0" in value:
        raise ConfigError(f"{where} {key}: must be a text", hint="correct the value")
    return value


def _env(value: object, where: str) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, dict):
        raise ConfigError(f"{where} env: must be a table", hint="write env = {NAME = 'value'}")
    for name, text in value.items():
        if not name or "=" in name or "\0" in name:
            raise ConfigError(
                f"{where} env: {name!r} is no name of a variable", hint="use letters, digits and _"
            )
        if not isinstance(text, str):
            raise ConfigError(f"{where} env {name}: must be a text", hint="quote the value")
        if "\0" in text:
            raise ConfigError(f"{where} env {name}: holds a NUL character", hint="remove it")
    return tuple(value.items())


def _inside(value: object, where: str, root: Path) -> str:
    """A path below the root, relative to it."""
    if not isinstance(value, str) or "\0" in value:
        raise ConfigError(f"{where}: must be a path", hint="correct the value")
    real_root = os.path.realpath(root)
    real = os.path.realpath(Path(real_root) / value)
    if os.path.commonpath((real, real_root)) != real_root:
        raise ConfigError(f"{where}: {value!r} is outside {root}", hint="name a path inside it")
    relative = os.path.relpath(real, real_root)
    return "" if relative == "." else relative.replace(os.sep, "/")


def _ready(value: object, where: str) -> Ready:
    where = f"{where} ready"
    if not isinstance(value, dict):
        raise ConfigError(f"{where}: must be a table", hint=_READY_HINT)
    unknown = next((key for key in value if key not in (*PROBES, "timeout")), None)
    if unknown is not None:
        hint = nearest(unknown, (*PROBES, "timeout"))
        raise ConfigError(f"{where}: unknown key {unknown!r}", hint=hint)
    named = [kind for kind in PROBES if kind in value]
    if len(named) != 1:
        raise ConfigError(f"{where}: must name one of {', '.join(PROBES)}", hint=_READY_HINT)
    (kind,) = named
    target = PROBES[kind](value[kind], f"{where} {kind}")
    return Ready(kind, target, seconds(value.get("timeout", 60), f"{where} timeout"))


_READY_HINT = 'for example ready = {http = "/health", timeout = 30}'


def _probed_url(value: object, where: str) -> str:
    if not isinstance(value, str) or not value.startswith(("/", "http://", "https://")):
        raise ConfigError(f"{where}: must be a path or a URL", hint=_READY_HINT)
    return value


def _probed_port(value: object, where: str) -> str:
    host, _, number = str(value).rpartition(":")
    if number != "{port}":
        check_port(number, where)
    return f"{host}:{number}" if host else number


def _probed_log(value: object, where: str) -> str:
    try:
        re.compile(str(value).encode())
    except re.error as error:
        raise ConfigError(f"{where}: no regular expression: {error}", hint="correct it") from None
    if not isinstance(value, str) or not value:
        raise ConfigError(f"{where}: must be a regular expression", hint=_READY_HINT)
    return value


def _probed_command(value: object, where: str) -> str:
    """One text, as the words of a shell; a list of words is made one."""
    try:
        words = shlex.split(value) if isinstance(value, str) else names(value, where)
    except ValueError as error:
        raise ConfigError(f"{where}: {error}", hint="name a list of words") from None
    if not words or any("\0" in word for word in words):
        raise ConfigError(f"{where}: must be a command", hint='for example ["pg_isready", "-q"]')
    return shlex.join(words)


PROBES: dict[str, Callable[[object, str], str]] = {
    "http": _probed_url,
    "port": _probed_port,
    "log": _probed_log,
    "command": _probed_command,
}


def _role(value: object, where: str) -> str:
    if value and value not in _ROLES:
        raise ConfigError(f"{where} role: must be one of {', '.join(_ROLES)}", hint="correct it")
    return str(value)
