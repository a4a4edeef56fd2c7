"""The nouns: a value with its source, a service as declared, all settings of a project."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


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
    serial: bool | None = None
    reload_include: tuple[str, ...] = ()
    reload_exclude: tuple[str, ...] = ()


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
