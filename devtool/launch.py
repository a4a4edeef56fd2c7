"""Detection + Settings -> LaunchPlan. Pure: nothing is started, nothing but ports is asked for."""

from __future__ import annotations

import itertools
import os
import shlex
import sys
from pathlib import Path
from typing import NamedTuple

from devtool.config import ServiceSettings, Settings
from devtool.config.worktree import port_offset
from devtool.errors import AmbiguousError, ConfigError, UndetectedError
from devtool.model.detection import Component, Detection, Note, Role, Toolchain
from devtool.model.launch import (
    LaunchPlan,
    Probe,
    ProbeKind,
    ReloadMode,
    RestartPolicy,
    Service,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

# On Windows, sockets cannot be handed from one process to another as the warm reloader does it.
_WARM = sys.platform != "win32"
# Options with which a server starts processes of its own, or listens on what it is handed.
OWN_PROCESSES = frozenset({"--reload", "--workers", "--fd"})

WEB = (Role.BACKEND, Role.UI, Role.MCP)
PORTS_TRIED = 200
MAX_PORT = 65_535


def is_port_free(host: str, port: int) -> bool:
    """Whether nobody listens on a port, as far as binding it for a moment tells."""
    import socket

    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        if os.name == "posix":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def plan(
    detection: Detection,
    settings: Settings,
    *,
    extra: Sequence[str] = (),
    port_free: Callable[[str, int], bool] = is_port_free,
) -> LaunchPlan:
    """Every service that would be started, complete and printable.

    Args:
        detection: What was found.
        settings: What was asked for.
        extra: Further words for the main service, as given after `--`.
        port_free: Asked only for `--port auto` and for the ports of frontends.

    Raises:
        UndetectedError: When there is nothing to start.
        AmbiguousError: When several targets are equally good.
        ConfigError: When a declared target is not there, or a name or port is wrong.
    """
    outright = [s for s in settings.services.values() if s.command]
    if detection.refusal and not outright:
        _refuse(detection)
    notes: list[Note] = []
    drafts = [*_detected(detection, settings), *_declared(detection, settings, outright)]
    _check_needs(drafts)
    chosen = _chosen(drafts, settings)
    services = _Assembly(detection, settings, chosen, tuple(extra), port_free, notes).services()
    _check_ports(services)
    return LaunchPlan(
        root=detection.root,
        services=tuple(services),
        phase=int(detection.phase),
        description=detection.description,
        notes=(*detection.notes, *notes),
        pin=_pin(chosen),
        client=settings.flag("client")
        and {Role.BACKEND, Role.FRONTEND} <= {d.role for d in chosen},
    )


def _refuse(detection: Detection) -> None:
    if detection.refusal == "ambiguous":
        raise AmbiguousError(
            f"{detection.root}: {detection.refusal_reason}",
            candidates=detection.candidates,
            hint=detection.refusal_hint,
            notes=detection.notes,
        )
    if detection.refusal == "invalid":
        raise ConfigError(
            detection.refusal_reason, hint=detection.refusal_hint, notes=detection.notes
        )
    raise UndetectedError(
        f"{detection.root}: {detection.refusal_reason or 'nothing to start was recognised'}",
        hint=detection.refusal_hint,
        notes=(*detection.near_misses, *detection.notes),
    )


class Draft(NamedTuple):
    """A service before ports and interpreters: a component, what overrides it, or both."""

    name: str
    role: Role
    component: Component | None
    settings: ServiceSettings | None

    @property
    def listens(self) -> bool:
        """Whether it answers on a port."""
        if self.component is not None:
            return self.component.start.http and not self.component.start.tty
        own = self.settings
        return own is not None and (own.port is not None or self.role in (*WEB, Role.FRONTEND))


def _detected(detection: Detection, settings: Settings) -> list[Draft]:
    drafts: list[Draft] = []
    taken: set[str] = set()
    for component in () if detection.refusal else detection.components:
        name = _free_name(component, taken)
        taken.add(name)
        own = settings.services.get(name)
        if own is None or not own.command:
            drafts.append(Draft(name, component.role, component, own))
    return drafts


def _free_name(component: Component, taken: set[str]) -> str:
    folder = component.root.rpartition("/")[2]
    names = (
        str(component.role),
        f"{component.role}-{component.framework}",
        f"{component.role}-{folder}",
    )
    numbered = (f"{component.role}-{n}" for n in range(2, 100))
    return next(name for name in (*names, *numbered) if name not in taken)


def _declared(
    detection: Detection, settings: Settings, outright: Sequence[ServiceSettings]
) -> list[Draft]:
    known = {str(component.role) for component in detection.components}
    for own in settings.services.values():
        if not own.command and not own.entry and own.name not in known and not detection.refusal:
            raise ConfigError(
                f"{own.where}: no service {own.name!r} was detected, and none is declared",
                hint="give it a command, or correct the name",
            )
    return [Draft(own.name, Role(own.role or _role_of(own.name)), None, own) for own in outright]


def _role_of(name: str) -> str:
    return name if name in list(Role) else "worker"


def _check_needs(drafts: Sequence[Draft]) -> None:
    """Refuse needs that can never be met: without this, nothing would start and nobody would know."""
    needs = {draft.name: draft.settings.needs if draft.settings else () for draft in drafts}
    where = {draft.name: draft.settings.where for draft in drafts if draft.settings}
    for name, needed in needs.items():
        for other in needed:
            if other not in needs:
                raise ConfigError(
                    f"{where[name]} needs: no service is called {other!r}",
                    hint=f"there are: {', '.join(needs)}",
                )
        ring = _ring(name, needs)
        if ring:
            raise ConfigError(
                f"{where[name]} needs: {' needs '.join(ring)}, so that none of them can start",
                hint="take one of these needs away",
            )


def _ring(name: str, needs: Mapping[str, tuple[str, ...]]) -> list[str]:
    """The services by which one comes to need itself, first and last the same; or none."""
    todo = [[name]]
    seen: set[str] = set()
    while todo:
        path = todo.pop()
        for other in needs[path[-1]]:
            if other == name:
                return [*path, other]
            if other in needs and other not in seen:
                seen.add(other)
                todo.append([*path, other])
    return []


def _check_ports(services: Sequence[Service]) -> None:
    """Refuse two services on one port, of which the second would find it taken by the first."""
    holders: dict[int, Service] = {}
    for service in services:
        if service.port is None or service.one_shot:
            continue
        first = holders.setdefault(service.port, service)
        if first is not service:
            raise ConfigError(
                f"{first.name} and {service.name} both want port {service.port}",
                hint=f"give one of them another: [services.{service.name}] port = {service.port + 1}",
            )


def _chosen(drafts: Sequence[Draft], settings: Settings) -> list[Draft]:
    """The drafts that `only` and `except` leave; optional ones only where named."""
    only, left_out = settings.names("only"), settings.names("except")
    known = [draft.name for draft in drafts]
    for name in (*only, *left_out):
        if name not in known:
            raise ConfigError(
                f"no service is called {name!r}", hint=f"there are: {', '.join(known) or 'none'}"
            )
    chosen = [
        draft
        for draft in drafts
        if draft.name not in left_out
        and (draft.name in only if only else not (draft.component and draft.component.optional))
    ]
    if not chosen:
        raise ConfigError("no service is left to start", hint=f"there are: {', '.join(known)}")
    return chosen


class _Assembly:
    """Turns drafts into services: ports first, since each may need to know the others'."""

    def __init__(
        self,
        detection: Detection,
        settings: Settings,
        drafts: Sequence[Draft],
        extra: tuple[str, ...],
        port_free: Callable[[str, int], bool],
        notes: list[Note],
    ) -> None:
        self.root = Path(detection.root)
        self.settings = settings
        self.drafts = drafts
        self.extra = extra
        self.port_free = port_free
        self.notes = notes
        self.main = _main(drafts)
        self.offset = port_offset(self.root)
        self.ports = self._ports()

    def services(self) -> list[Service]:
        return [self._service(draft) for draft in self.drafts]

    # --- ports ---------------------------------------------------------------------------------

    def _ports(self) -> dict[str, int]:
        ports: dict[str, int] = {}
        listening = [draft for draft in self.drafts if draft.listens]
        for draft in sorted(listening, key=lambda d: d is not self.main):
            port = self._port(draft, set(ports.values()))
            if port is not None:
                ports[draft.name] = port
        if not listening and not self.settings.is_default("port"):
            self.notes.append(
                Note("a console program listens on no port: --port has no effect", kind="option")
            )
        return ports

    def _port(self, draft: Draft, taken: set[int]) -> int | None:
        own = draft.settings.port if draft.settings else None
        usual = own or (draft.component.start.port if draft.component else None)
        asked = self.settings.value("port") if draft is self.main else None
        if draft.component is not None and not _moves(draft.component):
            if asked is not None and asked != usual:
                text = f"{draft.name} chooses its port itself: --port has no effect"
                self.notes.append(Note(text, kind="option"))
            return usual
        if isinstance(asked, int) and not self._from_file("port"):
            return asked
        if asked == "auto":
            return self._free(draft, usual or 8000, taken, said=True)
        named = own or (asked if isinstance(asked, int) else None)
        first = named or usual
        if first is None:
            return None
        first = self._in_this_tree(draft, first)
        if named is not None or (draft is self.main and first not in taken):
            return first
        return self._free(draft, first, taken, said=False)

    def _from_file(self, key: str) -> bool:
        return "toml" in self.settings.values[key].source

    def _in_this_tree(self, draft: Draft, port: int) -> int:
        """A port that the files share, made this working tree's own."""
        if not self.offset or port + self.offset > MAX_PORT:
            return port
        text = f"{draft.name}: port {port + self.offset}, this git worktree's own"
        self.notes.append(Note(text, kind="port"))
        return port + self.offset

    def _free(self, draft: Draft, first: int, taken: set[int], *, said: bool) -> int:
        host = self._host(draft)
        for port in range(first, min(first + PORTS_TRIED, 65_536)):
            if port not in taken and self.port_free(host, port):
                if said or port != first:
                    why = f"{draft.name}: port {port}"
                    self.notes.append(
                        Note(
                            why if port == first else f"{why}, since {first} is taken", kind="port"
                        )
                    )
                return port
        raise ConfigError(
            f"{draft.name}: no port from {first} to {first + PORTS_TRIED - 1} is free",
            hint="name one with --port",
        )

    def _host(self, draft: Draft) -> str:
        own = draft.settings.host if draft.settings else ""
        if own and self.settings.is_default("host"):
            return own
        return self.settings.text("host")

    # --- services ------------------------------------------------------------------------------

    def _service(self, draft: Draft) -> Service:
        component, own = draft.component, draft.settings
        host = self._host(draft) if draft.listens else ""
        port = self.ports.get(draft.name)
        url = _url(host, port) if port is not None else ""
        cwd = own.cwd if own and own.cwd is not None else component.start.cwd if component else ""
        backend_url, frontend_url = self._backend_url(), self._frontend_url()
        words = _Words(self.root, cwd, component, host, port, backend_url, frontend_url)
        named = own.command if own else ()
        argv = tuple(map(words.fill, named)) if named else self._argv(draft, words)
        runnable, fix = _readiness(component, words) if not named else ("", "")
        restart = (own.restart if own else "") or self.settings.text("restart")
        return Service(
            name=draft.name,
            role=draft.role,
            argv=argv + (self.extra if draft is self.main else ()),
            cwd=str(self.root / cwd) if cwd else str(self.root),
            framework=component.framework if component else "",
            entry=component.entry if component else "",
            env=self._env(draft, words, host, port),
            env_files=self._env_files(draft, cwd),
            host=host,
            port=port,
            url=url,
            probe=_probe(draft, words, url),
            needs=own.needs if own else (),
            reload=self._reload(draft),
            warm=self._warm(draft),
            serial=own.serial if own and own.serial is not None else self.settings.flag("serial"),
            explain=self.settings.flag("explain"),
            banner=self.settings.flag("banner"),
            reload_include=(
                *self.settings.names("reload_include"),
                *(own.reload_include if own else ()),
            ),
            reload_exclude=(
                *self.settings.names("reload_exclude"),
                *(own.reload_exclude if own else ()),
            ),
            restart=RestartPolicy(restart),
            tty=component.start.tty if component else bool(own and own.tty),
            one_shot=bool(own and own.one_shot),
            grace=own.grace
            if own and own.grace is not None
            else _number(self.settings.value("grace")),
            why=_why(component, own),
            runnable=runnable,
            fix=fix,
        )

    def _argv(self, draft: Draft, words: _Words) -> tuple[str, ...]:
        component = draft.component
        if component is None:
            return ()
        start = component.start
        reload = start.reload if self._reload(draft) is ReloadMode.FRAMEWORK else start.no_reload
        address = start.address if words.port is not None else ()
        filled = (words.fill(word) for word in (*start.argv, *reload, *address))
        return tuple(word for word in filled if word)

    def _reload(self, draft: Draft) -> ReloadMode:
        component = draft.component
        own = draft.settings.reload if draft.settings else None
        wanted = own if own is not None else self.settings.flag("reload")
        if not wanted:
            return ReloadMode.OFF
        if component is None or (draft.settings and draft.settings.command):
            # A command of the user's is restarted for changes only if that is asked for.
            return ReloadMode.COLD if own else ReloadMode.OFF
        if not component.start.http or component.role is Role.WORKER:
            return ReloadMode.OFF
        if self._warm(draft):
            return ReloadMode.WARM
        if component.start.reload or component.start.no_reload:
            return ReloadMode.FRAMEWORK
        return ReloadMode.COLD if "{python}" in component.start.argv else ReloadMode.OFF

    def _warm(self, draft: Draft) -> str:
        """The server of a warm reload, unless the words after `--` leave processes or sockets to it."""
        component = draft.component
        if component is None or not _WARM or (draft.settings and draft.settings.command):
            return ""
        words = self.extra if draft is self.main else ()
        is_left = any(word.partition("=")[0] in OWN_PROCESSES for word in words)
        return "" if is_left else component.start.warm

    def _env(
        self, draft: Draft, words: _Words, host: str, port: int | None
    ) -> tuple[tuple[str, str], ...]:
        env: dict[str, str] = {}
        if port is not None:
            env |= {"PORT": str(port), "HOST": host}
        if draft.component is not None:
            for name, value in draft.component.start.env:
                filled = words.fill(value)
                if filled and (words.frontend_url or "{frontend_url}" not in value):
                    env[name] = filled
        if draft.settings is not None:
            env |= {name: words.fill(value) for name, value in draft.settings.env}
        return tuple(env.items())

    def _env_files(self, draft: Draft, cwd: str) -> tuple[str, ...]:
        """Those of the service, then those for every service; all of them are there."""
        own = draft.settings.env_files if draft.settings else ()
        named = (*own, *self.settings.names("env_files"))
        for file in named:
            if not os.path.isfile(self.root / file):  # noqa: PTH113 (as below)
                raise ConfigError(
                    f"{draft.name}: there is no file of variables {file or '.'} in {self.root}",
                    hint="paths of env files are relative to the project's folder",
                )
        found = () if own else self._usual_env_files(draft, cwd)
        return (*found, *(str(self.root / file) for file in named))

    def _usual_env_files(self, draft: Draft, cwd: str) -> tuple[str, ...]:
        """`.env` beside a Python service; JavaScript frameworks load their own."""
        if draft.role is Role.FRONTEND or draft.component is None:
            return ()
        # Path.is_file raises where a folder is closed.
        places = (self.root / folder / ".env" for folder in (cwd, ""))
        found = (str(path) for path in places if os.path.isfile(path))  # noqa: PTH113
        return tuple(itertools.islice(found, 1))

    def _backend_url(self) -> str:
        backend = next(
            (d for d in self.drafts if d.role is Role.BACKEND and d.name in self.ports), None
        )
        return _url(self._host(backend), self.ports[backend.name]) if backend else ""

    def _frontend_url(self) -> str:
        """Where the frontend is, if that is not where its backend expects it."""
        for draft in self.drafts:
            usual = draft.component.start.port if draft.component else None
            if draft.role is Role.FRONTEND and self.ports.get(draft.name, usual) != usual:
                return _url(self._host(draft), self.ports[draft.name])
        return ""


_VENV_PYTHON = ".venv/Scripts/python.exe" if os.name == "nt" else ".venv/bin/python"


class _Words(NamedTuple):
    """What the placeholders of a start command stand for."""

    root: Path
    cwd: str
    component: Component | None
    host: str
    port: int | None
    backend_url: str
    frontend_url: str

    def fill(self, word: str) -> str:
        """A word with its placeholders replaced; a bare `{--}` may vanish."""
        if "{" not in word:
            return word
        component = self.component
        toolchain = component.toolchain if component else None
        manager = toolchain.manager if toolchain else "npm"
        values = {
            "{python}": self.python(toolchain),
            "{bin}": str(Path(self.python(toolchain)).parent),
            "{manager}": manager,
            "{--}": "--" if manager == "npm" else "",
            "{entry}": component.entry if component else "",
            "{host}": self.host,
            "{port}": str(self.port) if self.port is not None else "",
            "{backend_url}": self.backend_url,
            "{frontend_url}": self.frontend_url,
        }
        for name, value in values.items():
            word = word.replace(name, value)
        return word

    def python(self, toolchain: Toolchain | None) -> str:
        """The interpreter of the project's environment, where it is or would be made."""
        if toolchain is None:
            return self._declared_python()
        if toolchain.manager == "none":
            return base_python()
        if toolchain.interpreter:
            return toolchain.interpreter
        return str(self.root / toolchain.root / _VENV_PYTHON)

    def _declared_python(self) -> str:
        """For a service that is not detected: the environment beside it or at the root, if any."""
        beside = (self.root / self.cwd / _VENV_PYTHON, self.root / _VENV_PYTHON)
        # Path.is_file raises where a folder is closed.
        found = (str(python) for python in beside if os.path.isfile(python))  # noqa: PTH113
        return next(found, base_python())


def base_python() -> str:
    """The interpreter behind devtool's own environment, for programs that need no other."""
    base = Path(sys.base_prefix) / ("python.exe" if os.name == "nt" else "bin/python3")
    return str(base) if base.exists() else sys.executable


def _moves(component: Component) -> bool:
    """Whether a component can be told its port, by an option or by a variable."""
    start = component.start
    return any("{port}" in word for word in (*start.address, *start.argv)) or any(
        "{port}" in value for _, value in start.env
    )


def _main(drafts: Sequence[Draft]) -> Draft | None:
    """The service that --port and the words after `--` are for."""
    order = (*WEB, Role.FRONTEND, Role.CONSOLE, Role.WORKER, Role.DATABASE)
    return min(drafts, key=lambda draft: order.index(draft.role), default=None)


def _url(host: str, port: int) -> str:
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "": "127.0.0.1"}.get(host, host)  # noqa: S104
    if ":" in shown and not shown.startswith("["):
        shown = f"[{shown}]"
    return f"http://{shown}:{port}"


def _probe(draft: Draft, words: _Words, url: str) -> Probe:
    ready = draft.settings.ready if draft.settings else None
    if ready is not None:
        # A pattern is left as it is: braces count in it.
        target = ready.target if ready.kind == "log" else words.fill(ready.target)
        if ready.kind == "http" and target.startswith("/"):
            target = url + target
        if ready.kind == "port" and ":" not in target:
            target = f"{words.host or '127.0.0.1'}:{target}"
        return Probe(kind=ProbeKind(ready.kind), target=target, timeout=ready.timeout)
    if words.port is None:
        return Probe(kind=ProbeKind.NONE)
    if draft.component is None:
        return Probe(kind=ProbeKind.PORT, target=url.removeprefix("http://"))
    return Probe(kind=ProbeKind.HTTP, target=f"{url}/")


def _readiness(component: Component | None, words: _Words) -> tuple[str, str]:
    """Why a component cannot start yet, and the command that changes it."""
    toolchain = component.toolchain if component else None
    if component is None or toolchain is None or toolchain.ready or toolchain.manager == "none":
        return "", ""
    where = toolchain.root or "this project"
    if component.role is Role.FRONTEND:
        return f"the packages of {where} are not installed", "devtool run --sync"
    environment = Path(words.python(toolchain)).parent.parent
    if environment.is_dir():
        text = f"the environment of {where} has no Python that starts: {environment}"
        return text, "devtool run --sync"
    return f"{where} has no environment yet: {environment} does not exist", "devtool run --sync"


def _why(component: Component | None, own: ServiceSettings | None) -> tuple[str, ...]:
    lines = [own.where] if own is not None else []
    for fact in component.evidence if component else ():
        place = f"{fact.path}:{fact.line}" if fact.line else fact.path
        lines.append(f"{place} {fact.fact}")
    return tuple(lines)


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 5.0


def _pin(drafts: Iterable[Draft]) -> str:
    """The devtool.toml text that settles what detection decided."""
    blocks = []
    for draft in drafts:
        component = draft.component
        if component is None or component.role is Role.FRONTEND or not component.entry:
            continue
        lines = [f"[services.{draft.name}]", f"entry = {_quoted(component.entry)}"]
        if component.start.cwd:
            lines.append(f"cwd = {_quoted(component.start.cwd)}")
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)


def _quoted(text: str) -> str:
    import json

    return json.dumps(text)


def main_service(plan: LaunchPlan) -> Service:
    """The service that a plan is about: its backend, its user interface, or its console."""
    order = (*WEB, Role.FRONTEND, Role.CONSOLE, Role.WORKER, Role.DATABASE)
    return min(plan.services, key=lambda service: order.index(service.role))


def shell_command(service: Service, root: Path) -> str:
    """One shell-quoted command that starts a service from the project's root."""
    relative = os.path.relpath(service.cwd, root)
    words = [_from(word, Path(service.cwd)) for word in service.argv]
    command = shlex.join(words)
    return command if relative == "." else f"cd {shlex.quote(relative)} && {command}"


def _from(word: str, cwd: Path) -> str:
    """An absolute path below the working folder, relative to it; other words as they are."""
    path = Path(word)
    if not path.is_absolute() or not path.is_relative_to(cwd):
        return word
    return str(path.relative_to(cwd))
