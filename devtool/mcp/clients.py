"""Where coding agents keep the servers they start, and adding devtool to that."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from devtool.errors import ConfigError, DevtoolError

NAME = "devtool"
MAX_FILE = 1 << 20


class Client(NamedTuple):
    """One entry of the table.

    `place` gives the file, from the project's root and the environment; `key` is the object of
    servers in it. `words` follow `devtool mcp`; a client that is not started in the project has an
    absolute command, since it knows neither the project's folder nor its PATH.
    """

    name: str
    place: Callable[[Path, Mapping[str, str]], Path]
    key: str = "mcpServers"
    words: tuple[str, ...] = ()
    extra: Mapping[str, str] = {}
    is_elsewhere: bool = False


class Change(NamedTuple):
    """What a client's file would become; `before` is None where there is none yet."""

    path: Path
    before: str | None
    after: str
    entry: str

    @property
    def is_needed(self) -> bool:
        """Whether the file would differ."""
        return self.before != self.after


def _desktop(_root: Path, env: Mapping[str, str]) -> Path:
    home = env.get("USERPROFILE" if os.name == "nt" else "HOME") or str(Path.home())
    if sys.platform == "darwin":
        base = Path(home) / "Library" / "Application Support"
    elif os.name == "nt":
        base = Path(env.get("APPDATA") or f"{home}/AppData/Roaming")
    else:
        base = Path(env.get("XDG_CONFIG_HOME") or f"{home}/.config")
    return base / "Claude" / "claude_desktop_config.json"


_IN_WORKSPACE = ("--root", "${workspaceFolder}")
CLIENTS = (
    Client("claude-code", lambda root, _: root / ".mcp.json"),
    Client("cursor", lambda root, _: root / ".cursor" / "mcp.json", words=_IN_WORKSPACE),
    Client(
        "vscode",
        lambda root, _: root / ".vscode" / "mcp.json",
        key="servers",
        words=_IN_WORKSPACE,
        extra={"type": "stdio"},
    ),
    Client("claude-desktop", _desktop, is_elsewhere=True),
)


def plan(name: str, root: Path, env: Mapping[str, str] | None = None) -> Change:
    """What `devtool mcp --install` would write; nothing is written.

    Args:
        name: The client.
        root: The project's folder.
        env: The environment variables; those of this process if left out.

    Raises:
        ConfigError: When there is no such client, or its file cannot be read or is no plain JSON.
    """
    client = next((each for each in CLIENTS if each.name == name), None)
    if client is None:
        known = ", ".join(each.name for each in CLIENTS)
        raise ConfigError(f"no client is called {name!r}", hint=f"there are: {known}")
    path = client.place(root, os.environ if env is None else env)
    if not client.is_elsewhere and not path.resolve().is_relative_to(root.resolve()):
        raise ConfigError(f"{path} is a link out of the project", hint="replace it with a file")
    before = _read(path)
    whole = _object(path, before)
    servers = whole.setdefault(client.key, {})
    if not isinstance(servers, dict):
        raise ConfigError(f"{path}: {client.key} is no object", hint="correct the file")
    entry = _entry(client, root)
    own = f"{NAME}-{root.name}" if client.is_elsewhere else NAME
    shown = json.dumps({client.key: {own: entry}}, indent=2, ensure_ascii=False)
    if before is not None and servers.get(own) == entry:
        return Change(path, before, before, shown)
    if own in servers:
        raise ConfigError(
            f"{path} has another server called {own}, and nothing was written",
            hint="rename or remove that one first",
        )
    servers[own] = entry
    return Change(path, before, _written(whole, before or ""), shown)


def _entry(client: Client, root: Path) -> dict[str, object]:
    if client.is_elsewhere:
        words = ["-m", "devtool", "mcp", "--root", str(root)]
        return {**client.extra, "command": sys.executable, "args": words}
    return {**client.extra, "command": NAME, "args": ["mcp", *client.words]}


def _read(path: Path) -> str | None:
    try:
        if not path.exists():
            return None
        if not path.is_file() or path.stat().st_size > MAX_FILE:
            raise ConfigError(f"{path} is no file of at most {MAX_FILE} bytes")
        return path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ConfigError(f"{path} cannot be read: {reason}") from None


def _object(path: Path, text: str | None) -> dict[str, object]:
    """The object that a file holds. One with comments is left to its owner: they would be lost."""
    if text is None or not text.strip():
        return {}
    try:
        value = json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise ConfigError(
            f"{path} is no plain JSON ({error}), and nothing was written",
            hint="add what is shown by --install without --yes by hand, or correct the file",
        ) from None
    if not isinstance(value, dict):
        raise ConfigError(f"{path} holds no object, and nothing was written")
    return value


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """An object whose names are all different: of two of a name, one would be lost."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice in one object")
    return found


def _written(whole: dict[str, object], before: str) -> str:
    """The object as text, indented as before."""
    match = re.search(r"\n([ \t]+)\S", before)
    indent = match[1] if match else "  "
    text = json.dumps(whole, indent=indent, ensure_ascii=False) + "\n"
    return text.replace("\n", "\r\n") if "\r\n" in before else text


def write(change: Change) -> None:
    """Replace a client's file in one step, keeping its mode; a link is followed.

    Raises:
        DevtoolError: When it cannot be written, or was changed meanwhile; the old text stands.
    """
    if _read(change.path) != change.before:
        raise DevtoolError(f"{change.path} was changed meanwhile", hint="try again")
    path = change.path.resolve()
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        mode = path.stat().st_mode & 0o777 if path.exists() else 0o644
        with os.fdopen(
            os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb"
        ) as file:
            file.write(change.after.encode())
        temporary.chmod(mode)
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise DevtoolError(f"{change.path} cannot be written ({error.strerror})") from None
