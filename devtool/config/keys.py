"""THE TABLE of keys: how each value is checked, its default and what it is for."""

from __future__ import annotations

import re
from typing import NamedTuple

from devtool.errors import ConfigError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

MAX_PORT = 65_535
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|[0-9A-Fa-f:]*:[0-9A-Fa-f:.%]*")


class Key(NamedTuple):
    """One key: how its value is checked, its default and what it is for."""

    check: Callable[[object, str], object]
    default: object
    about: str


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


def flag(value: object, where: str) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise ConfigError(
            f"{where}: must be true or false, not {value!r}", hint="correct the value"
        )
    return value


def names(value: object, where: str) -> tuple[str, ...]:
    """A list of texts."""
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        raise ConfigError(f"{where}: must be a list of texts", hint='for example ["backend"]')
    return tuple(value)


def seconds(value: object, where: str) -> float:
    """Seconds from 0 to 3600."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 3600:
        raise ConfigError(
            f"{where}: must be seconds from 0 to 3600, not {value!r}", hint="for example 5"
        )
    return float(value)


def restart(value: object, where: str) -> str:
    """A restart policy."""
    known = ("never", "on-failure", "always")
    if value not in known:
        raise ConfigError(f"{where}: must be one of {', '.join(known)}", hint="correct the value")
    return str(value)


KEYS: dict[str, Key] = {
    "host": Key(check_host, "127.0.0.1", "address that services listen on"),
    "port": Key(check_port, None, "port of the backend, or auto for a free one"),
    "reload": Key(flag, default=True, about="restart web services when their files change"),
    "serial": Key(
        flag, default=False, about="end the old version before the new one starts, at a reload"
    ),
    "explain": Key(flag, default=False, about="say how each reload came about"),
    "banner": Key(
        flag, default=False, about="say on HTML pages that the last save is broken, while it is"
    ),
    "reload_include": Key(
        names, (), "globs of files that cause a reload though nothing imports them"
    ),
    "reload_exclude": Key(names, (), "globs of files that never cause a reload"),
    "client": Key(
        flag, default=True, about="write the frontend's API types anew when a reload changed them"
    ),
    "open": Key(flag, default=False, about="open the URL in a browser when it answers"),
    "only": Key(names, (), "services to start, by name"),
    "except": Key(names, (), "services to leave out, by name"),
    "env_files": Key(names, (), "files of variables given to every service"),
    "grace": Key(seconds, 5.0, "seconds between the gentle signal and the hard one"),
    "restart": Key(restart, "never", "never, on-failure or always"),
    "with_services": Key(
        flag, default=False, about="start PostgreSQL and Redis where services ask for them"
    ),
    "sync": Key(flag, default=False, about="bring environments up before starting"),
}


def from_text(spec: Key, text: str) -> object:
    """The value that a variable's text stands for."""
    if spec.check is flag:
        return {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}.get(
            text.lower(), text
        )
    if spec.check is names:
        return [part.strip() for part in text.split(",") if part.strip()]
    if spec.check is seconds:
        try:
            return float(text)
        except ValueError:
            return text
    return text


def nearest(word: str, known: tuple[str, ...]) -> str:
    """The advice for an unknown word: the nearest known one, or all."""
    from difflib import get_close_matches

    close = get_close_matches(word, known, 1)
    return f"did you mean {close[0]!r}?" if close else f"known: {', '.join(known)}"
