"""What was found in a repository, and why.

Named tuples, not dataclasses: these are on the path of `devtool phase`, and making a frozen
dataclass costs seven times as much (docs/explanation/start-up.md).
"""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import NamedTuple


class Strength(StrEnum):
    """How much a fact says: a hint alone decides nothing, a proof does."""

    HINT = "hint"
    PROOF = "proof"


class Role(StrEnum):
    """What a component is for."""

    CONSOLE = "console"
    BACKEND = "backend"
    UI = "ui"
    MCP = "mcp"
    FRONTEND = "frontend"
    WORKER = "worker"
    DATABASE = "database"


class Phase(IntEnum):
    """How far a project has grown."""

    CONSOLE = 1
    WEB = 2
    AI = 3
    KUBERNETES = 4
    EVENTS = 5


class Evidence(NamedTuple):
    """One fact and where it stands.

    `path` is relative to the detected root, with `/`; `line` counts from 1, 0 where there is none.
    `source` is the rank table's name of where it came from, such as `code` or `procfile`.
    """

    fact: str
    path: str
    line: int = 0
    strength: Strength = Strength.PROOF
    source: str = "code"


class Note(NamedTuple):
    """Something worth knowing that decides nothing: a file that could not be read, a near miss."""

    text: str
    path: str = ""
    line: int = 0
    kind: str = "note"


class Start(NamedTuple):
    """How a component is started, before interpreter, host and port are known.

    `argv` may hold the placeholders `{python}` (the interpreter of its toolchain), `{entry}`,
    `{host}` and `{port}`; `address` is appended to it when the component listens, `reload` or
    `no_reload` to switch the framework's own reloader on or off; `warm` names the server that devtool's own
    reloader knows to serve it with, if there is one. `env` is added to the service's
    environment and may hold `{host}`, `{port}`, `{backend_url}` and `{frontend_url}`. `cwd` is relative to the root of the detection.
    """

    argv: tuple[str, ...]
    cwd: str = ""
    address: tuple[str, ...] = ()
    reload: tuple[str, ...] = ()
    no_reload: tuple[str, ...] = ()
    warm: str = ""
    env: tuple[tuple[str, str], ...] = ()
    port: int | None = None
    http: bool = True
    tty: bool = False


class Toolchain(NamedTuple):
    """What runs a component: an interpreter or a package manager.

    `manager` is uv, poetry, pdm, pipenv, hatch, conda, pip, npm, pnpm, yarn or bun; `interpreter`
    the absolute path of the environment's Python (or of the package manager for JavaScript), or an
    empty string where none exists yet; `environment` the folder of the environment; `root` the
    folder of the manifest, relative to the detected root.
    """

    manager: str
    root: str = ""
    interpreter: str = ""
    environment: str = ""
    manifest: str = ""
    lockfile: str = ""
    requires_python: str = ""
    ready: bool = False
    evidence: tuple[Evidence, ...] = ()


class Component(NamedTuple):
    """One thing that can be started.

    `root` is the folder it is started from, relative to the detected root; `entry` the app target
    (`module:attribute`), script, module or package script; `optional` components are started only
    when asked for by name.
    """

    role: Role
    framework: str
    root: str
    entry: str
    start: Start
    toolchain: Toolchain | None = None
    evidence: tuple[Evidence, ...] = ()
    optional: bool = False
    name: str = ""


class Candidate(NamedTuple):
    """One of several answers, with the command and the devtool.toml line that choose it."""

    name: str
    root: str
    entry: str
    command: str
    settle: str
    evidence: tuple[Evidence, ...] = ()


class Project(NamedTuple):
    """One of several projects in a repository; `phase` is 0 where too many stand side by side."""

    path: str
    phase: int
    summary: str


class Detection(NamedTuple):
    """The answer to "what is this, and how is it run?".

    `default` is true where nothing was recognised and phase 1 is only the fallback; `refusal` says
    why no component is offered for starting (`undetected`, `ambiguous`, `invalid` or empty).
    """

    root: str
    phase: Phase
    description: str
    components: tuple[Component, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    layers: tuple[str, ...] = ()
    projects: tuple[Project, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    near_misses: tuple[Note, ...] = ()
    notes: tuple[Note, ...] = ()
    default: bool = False
    refusal: str = ""
    refusal_reason: str = ""
    refusal_hint: str = ""
