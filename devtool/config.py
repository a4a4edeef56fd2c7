"""Settings, each with where it came from.

The first of these that names a value wins, key by key: the command line, `DEVTOOL_*` variables,
devtool.toml, `[tool.devtool]` of pyproject.toml, what was detected, the default. The files are
looked for in the root and its parents up to the repository's, a folder with `.git`.
"""

from __future__ import annotations

import os
import re
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from devtool.errors import ConfigError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

FILE_NAME = "devtool.toml"
MAX_CONFIG_BYTES = 1_048_576
MAX_PORT = 65_535
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|[0-9A-Fa-f:]*:[0-9A-Fa-f:.%]*")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,62}")


class Source(StrEnum):
    """Where a value came from, the strongest first."""

    CLI = "command line"
    ENV = "environment"
    FILE = "devtool.toml"
    PYPROJECT = "pyproject.toml"
    DETECTED = "detected"
    DEFAULT = "default"


class Setting(NamedTuple):
    """A value, its source, and the option, variable or file that gave it."""

    value: object
    source: Source
    where: str = ""


class Ready(NamedTuple):
    """How a declared service shows that it is ready; `timeout` is in seconds."""

    kind: str
    target: str
    timeout: float = 60.0


class ServiceSettings(NamedTuple):
    """`[services.NAME]`: a service declared outright, or what to change of a detected one.

    Paths are relative to the root. None and empty values leave what was detected.
    """

    name: str
    where: str
    command: tuple[str, ...] = ()
    entry: str = ""
    framework: str = ""
    cwd: str | None = None
    env: tuple[tuple[str, str], ...] = ()
    env_files: tuple[str, ...] = ()
    host: str = ""
    port: int | None = None
    needs: tuple[str, ...] = ()
    ready: Ready | None = None
    role: str = ""
    restart: str = ""
    grace: float | None = None
    one_shot: bool = False
    tty: bool = False
    reload: bool | None = None


class Settings(NamedTuple):
    """Every setting of one project."""

    values: dict[str, Setting]
    services: dict[str, ServiceSettings]
    frameworks: tuple[tuple[dict[str, object], str], ...]
    files: tuple[str, ...]

    def value(self, key: str) -> object:
        """The value of a key of `KEYS`."""
        return self.values[key].value

    def text(self, key: str) -> str:
        """The value of a key, as text."""
        return str(self.values[key].value)

    def flag(self, key: str) -> bool:
        """The value of a yes-or-no key."""
        return bool(self.values[key].value)

    def names(self, key: str) -> tuple[str, ...]:
        """The value of a key that holds a list."""
        value = self.values[key].value
        return tuple(str(item) for item in value) if isinstance(value, tuple) else ()

    def is_default(self, key: str) -> bool:
        """Whether nobody named the key."""
        return self.values[key].source in (Source.DEFAULT, Source.DETECTED)


class Key(NamedTuple):
    """One key: how its value is checked, its default and what it is for."""

    check: Callable[[object, str], object]
    default: object
    about: str


def load(
    root: Path, *, cli: Mapping[str, object] | None = None, env: Mapping[str, str] | None = None
) -> Settings:
    """Every setting that applies to a project.

    Args:
        root: The project's folder.
        cli: What the command line named, by key; None values are left out.
        env: The environment; devtool's own by default.

    Raises:
        ConfigError: When a file, key or value is wrong; it names the file, the key and the way out.
    """
    values = {key: Setting(spec.default, Source.DEFAULT) for key, spec in KEYS.items()}
    services: dict[str, ServiceSettings] = {}
    frameworks: list[tuple[dict[str, object], str]] = []
    files: list[str] = []
    for path, source, table in reversed(list(_tables(root))):
        files.append(str(path))
        _take(values, table, path, source)
        frameworks += _frameworks(table, str(path))
        if path.parent == root.absolute():
            services.update(_services(table, path, root.absolute()))
    _take_env(values, os.environ if env is None else env)
    for key, value in (cli or {}).items():
        if value is not None:
            values[key] = Setting(KEYS[key].check(value, f"--{key}"), Source.CLI, f"--{key}")
    return Settings(values, services, tuple(frameworks), tuple(reversed(files)))


# --- files -------------------------------------------------------------------------------------


def _tables(root: Path) -> Iterator[tuple[Path, Source, dict[str, object]]]:
    """The configuration tables that apply, the strongest first."""
    for folder in config_folders(root):
        own = read_toml(folder / FILE_NAME)
        if own is not None:
            yield folder / FILE_NAME, Source.FILE, own
        pyproject = folder / "pyproject.toml"
        table = read_tool_table(pyproject)
        if table is not None:
            yield pyproject, Source.PYPROJECT, table


def config_folders(root: Path) -> list[Path]:
    """The root, and its parents up to the repository's root where there is one."""
    start = root.absolute()
    for depth, folder in enumerate((start, *start.parents)):
        if (folder / ".git").exists():
            return [start, *start.parents][: depth + 1]
    return [start]


def read_toml(path: Path) -> dict[str, object] | None:
    """The table of a configuration file, or None where there is none.

    Raises:
        ConfigError: When it is no regular file, too large, not text or not TOML.
    """
    text = _read(path)
    if text is None:
        return None
    import tomllib

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"\(at [^)]*\)", str(error))
        where = f" {place[0]}" if place else ""
        raise ConfigError(f"{path}: not valid TOML{where}", hint="correct the file") from None
    except RecursionError:
        raise ConfigError(f"{path}: nested too deeply", hint="correct the file") from None


def read_tool_table(path: Path) -> dict[str, object] | None:
    """`[tool.devtool]` of a pyproject.toml, or None; a broken pyproject is detection's to note."""
    try:
        text = _read(path)
        if text is None or "tool.devtool" not in text:
            return None
        table = read_toml(path) or {}
    except ConfigError:
        return None
    tool = table.get("tool")
    own = tool.get("devtool") if isinstance(tool, dict) else None
    return own if isinstance(own, dict) else None


def _read(path: Path) -> str | None:
    import stat

    try:
        status = path.lstat()
        if not stat.S_ISREG(status.st_mode):
            raise ConfigError(f"{path}: not a regular file", hint="replace it with a plain file")
        if status.st_size > MAX_CONFIG_BYTES:
            raise ConfigError(f"{path}: larger than 1 MiB", hint="shorten it")
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: not UTF-8", hint="save it as UTF-8") from None
    except OSError as error:
        reason = (error.strerror or "error").lower()
        raise ConfigError(f"{path}: could not be read ({reason})", hint="check its mode") from None


def _take(
    values: dict[str, Setting], table: Mapping[str, object], path: Path, source: Source
) -> None:
    for key, value in table.items():
        if key in ("services", "frameworks"):
            continue
        if key not in KEYS:
            raise ConfigError(
                f"{path}: unknown key {key!r}",
                hint=_nearest(key, (*KEYS, "services", "frameworks")),
            )
        values[key] = Setting(KEYS[key].check(value, f"{path}: {key}"), source, str(path))


def _take_env(values: dict[str, Setting], env: Mapping[str, str]) -> None:
    for key, spec in KEYS.items():
        variable = f"DEVTOOL_{key.upper()}"
        text = env.get(variable)
        if text:
            values[key] = Setting(
                spec.check(_from_text(spec, text), variable), Source.ENV, variable
            )


def _from_text(spec: Key, text: str) -> object:
    """The value that a variable's text stands for."""
    if spec.check is _flag:
        return {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}.get(
            text.lower(), text
        )
    if spec.check is _names:
        return [part.strip() for part in text.split(",") if part.strip()]
    if spec.check is _seconds:
        try:
            return float(text)
        except ValueError:
            return text
    return text


def _nearest(word: str, known: tuple[str, ...]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(word, known, 1)
    return f"did you mean {close[0]!r}?" if close else f"known: {', '.join(known)}"


# --- checks ------------------------------------------------------------------------------------


def check_port(value: object, where: str) -> int | str:
    """A port number from 1 to 65535, or the word auto."""
    if isinstance(value, str):
        if value == "auto":
            return value
        value = int(value) if value.isascii() and value.isdigit() and len(value) < 7 else value
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MAX_PORT:
        raise ConfigError(
            f"{where}: port must be 1 to {MAX_PORT} or auto, not {value!r}",
            hint="for example --port 8080",
        )
    return value


def check_host(value: object, where: str) -> str:
    """A host name or an IP address, and nothing that a shell could take for more."""
    if not isinstance(value, str) or not _HOST.fullmatch(value):
        raise ConfigError(
            f"{where}: host must be a name or an address, not {value!r}",
            hint="for example 127.0.0.1 or 0.0.0.0",
        )
    return value


def _flag(value: object, where: str) -> bool:
    if not isinstance(value, bool):
        raise ConfigError(
            f"{where}: must be true or false, not {value!r}", hint="correct the value"
        )
    return value


def _names(value: object, where: str) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        raise ConfigError(f"{where}: must be a list of texts", hint='for example ["backend"]')
    return tuple(value)


def _seconds(value: object, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 3600:
        raise ConfigError(
            f"{where}: must be seconds from 0 to 3600, not {value!r}", hint="for example 5"
        )
    return float(value)


def _restart(value: object, where: str) -> str:
    known = ("never", "on-failure", "always")
    if value not in known:
        raise ConfigError(f"{where}: must be one of {', '.join(known)}", hint="correct the value")
    return str(value)


KEYS: dict[str, Key] = {
    "host": Key(check_host, "127.0.0.1", "address that services listen on"),
    "port": Key(check_port, None, "port of the backend, or auto for a free one"),
    "reload": Key(_flag, default=True, about="restart web services when their files change"),
    "open": Key(_flag, default=False, about="open the URL in a browser when it answers"),
    "only": Key(_names, (), "services to start, by name"),
    "except": Key(_names, (), "services to leave out, by name"),
    "env_files": Key(_names, (), "files of variables given to every service"),
    "grace": Key(_seconds, 5.0, "seconds between the gentle signal and the hard one"),
    "restart": Key(_restart, "never", "never, on-failure or always"),
    "sync": Key(_flag, default=False, about="bring environments up before starting"),
}


# --- services and frameworks -------------------------------------------------------------------


def _frameworks(table: Mapping[str, object], where: str) -> Iterator[tuple[dict[str, object], str]]:
    entries = table.get("frameworks", [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ConfigError(f"{where}: frameworks must be tables", hint="write [[frameworks]]")
    yield from ((entry, where) for entry in entries)


def _services(table: Mapping[str, object], path: Path, root: Path) -> dict[str, ServiceSettings]:
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


_SERVICE_KEYS = (
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
)
_ROLES = ("console", "backend", "ui", "mcp", "frontend", "worker")


def _service(name: str, entry: Mapping[str, object], where: str, root: Path) -> ServiceSettings:
    for key in entry:
        if key not in _SERVICE_KEYS:
            raise ConfigError(f"{where}: unknown key {key!r}", hint=_nearest(key, _SERVICE_KEYS))
    env_files = [entry["env_file"]] if "env_file" in entry else entry.get("env_files", [])
    port = entry.get("port")
    checked = check_port(port, f"{where} port") if port is not None else None
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
            for file in _names(env_files, f"{where} env_file")
        ),
        host=check_host(entry["host"], f"{where} host") if "host" in entry else "",
        port=checked if isinstance(checked, int) else None,
        needs=_names(entry.get("needs", []), f"{where} needs"),
        ready=_ready(entry["ready"], where) if "ready" in entry else None,
        role=_role(entry.get("role", ""), where),
        restart=_restart(entry["restart"], f"{where} restart") if "restart" in entry else "",
        grace=_seconds(entry["grace"], f"{where} grace") if "grace" in entry else None,
        one_shot=_flag(entry.get("one_shot", False), f"{where} one_shot"),
        tty=_flag(entry.get("tty", False), f"{where} tty"),
        reload=_flag(entry["reload"], f"{where} reload") if "reload" in entry else None,
    )


def _command(value: object, where: str) -> tuple[str, ...]:
    if isinstance(value, str):
        raise ConfigError(
            f"{where} command: must be a list of words, not one text",
            hint='for example ["python", "worker.py"]',
        )
    words = _names(value, f"{where} command")
    if any("\0" in word for word in words):
        raise ConfigError(f"{where} command: holds a NUL character", hint="remove it")
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
        if not isinstance(text, str) or not name or "=" in name or "\0" in name + text:
            raise ConfigError(f"{where} env {name}: must be a text", hint="quote the value")
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
    kinds = ("http", "port", "log", "command")
    hint = 'for example ready = {http = "/health", timeout = 30}'
    if not isinstance(value, dict):
        raise ConfigError(f"{where} ready: must be a table", hint=hint)
    named = [kind for kind in kinds if kind in value]
    unknown = set(value) - {*kinds, "timeout"}
    if len(named) != 1 or unknown or not isinstance(value[named[0]], str | int):
        raise ConfigError(f"{where} ready: must name one of {', '.join(kinds)}", hint=hint)
    timeout = _seconds(value.get("timeout", 60), f"{where} ready timeout")
    return Ready(named[0], str(value[named[0]]), timeout)


def _role(value: object, where: str) -> str:
    if value and value not in _ROLES:
        raise ConfigError(f"{where} role: must be one of {', '.join(_ROLES)}", hint="correct it")
    return str(value)
