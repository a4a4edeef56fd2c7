"""What would be started: a plan is complete, printable and has no effect.

Named tuples for the reason that stands in `devtool.model.detection`; name every field when making one.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from devtool.model.detection import Note, Role


class ProbeKind(StrEnum):
    """How readiness is asked for."""

    HTTP = "http"
    PORT = "port"
    LOG = "log"
    COMMAND = "command"
    NONE = "none"


class ReloadMode(StrEnum):
    """Who restarts a service when its files change."""

    OFF = "off"
    FRAMEWORK = "framework"
    WARM = "warm"
    COLD = "cold"


class RestartPolicy(StrEnum):
    """When a service that ended is started again."""

    NEVER = "never"
    ON_FAILURE = "on-failure"
    ALWAYS = "always"


class Probe(NamedTuple):
    """How to know that a service answers.

    `target` is a URL for HTTP, `host:port` for PORT, a regular expression for LOG, a shell-quoted
    command for COMMAND. `timeout` is in seconds, counted from the start of the service.
    """

    kind: ProbeKind
    target: str = ""
    timeout: float = 60.0


class Service(NamedTuple):
    """One process to keep running.

    `argv` is never a shell string; `cwd` is absolute; `env` holds only what is added to devtool's
    own environment, and its values are never printed; `tty` services inherit the terminal whole;
    `one_shot` services must end with 0 before the services that need them start; `grace` is the
    time in seconds between the gentle signal and SIGKILL. `warm` is the server of a warm reload; `serial` services end the old version before
    the new one starts; `reload_include` and `reload_exclude` are globs of files that cause a reload
    though nothing imports them, and of those that never do; `explain` tells
    why each reload was as it was, and `banner` has HTML pages say so while the last save is broken. `runnable` is empty, or the sentence that
    says why the service cannot be started yet, and `fix` the command that changes it.
    """

    name: str
    role: Role
    argv: tuple[str, ...]
    cwd: str
    framework: str = ""
    entry: str = ""
    env: tuple[tuple[str, str], ...] = ()
    env_files: tuple[str, ...] = ()
    host: str = ""
    port: int | None = None
    url: str = ""
    probe: Probe = Probe(kind=ProbeKind.NONE)
    needs: tuple[str, ...] = ()
    reload: ReloadMode = ReloadMode.OFF
    warm: str = ""
    serial: bool = False
    reload_include: tuple[str, ...] = ()
    reload_exclude: tuple[str, ...] = ()
    explain: bool = False
    banner: bool = False
    restart: RestartPolicy = RestartPolicy.NEVER
    tty: bool = False
    one_shot: bool = False
    grace: float = 5.0
    why: tuple[str, ...] = ()
    runnable: str = ""
    fix: str = ""


class LaunchPlan(NamedTuple):
    """Every service of one run, in starting order, and what was noticed on the way.

    `pin` is the devtool.toml text that would settle what detection decided; `client` is whether reloads
    keep the frontend's typed client in step.
    """

    root: str
    services: tuple[Service, ...]
    phase: int = 1
    description: str = ""
    notes: tuple[Note, ...] = ()
    pin: str = ""
    client: bool = False
