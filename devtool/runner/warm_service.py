"""A web service under the warm reloader: its address, what it learned, and where its code lies."""

from __future__ import annotations

import glob
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from devtool.errors import ServiceError
from devtool.model.launch import Service
from devtool.runner.binding import listen, listen_locally
from devtool.runner.reload import Spawn
from devtool.runner.reload_warm import Application, WarmReloader
from devtool.runner.reloading_service import ReloadingService, Tell
from devtool.runner.state import sha256, state_folder

# How many words come before those of the server itself: `{python} -m uvicorn`, `{python}` (manage.py).
LAUNCHER_WORDS = {"uvicorn": 3, "flask": 3, "django": 1, "script": 1}
# What is devtool's to decide: how many words each takes, itself among them.
ADDRESS_WORDS = {"--host": 2, "--port": 2, "--uds": 2}

# Says which reloader to take, for those who know better than the table of systems.
VARIABLE = "DEVTOOL_RELOADER"


def reloader(env: Mapping[str, str], platform: str = sys.platform) -> type[WarmReloader]:
    """The reloader for this system: one that forks where that is safe, or as the user says.

    Raises:
        ServiceError: The variable names none.
    """
    from devtool.runner.reload_standby import StandbyReloader

    usual = "warm" if platform == "linux" else "standby"
    chosen = env.get(VARIABLE) or usual
    kinds = {"warm": WarmReloader, "standby": StandbyReloader}
    if chosen not in kinds:
        raise ServiceError(
            f"{VARIABLE} must be warm or standby, not {chosen}", hint=f"unset {VARIABLE}"
        )
    return kinds[chosen]


class Address(NamedTuple):
    """Where a server is told to listen, and its other words."""

    words: tuple[str, ...]
    host: str = "127.0.0.1"
    port: int = 8000
    uds: str = ""


def address(words: Iterable[str], host: str = "127.0.0.1", port: int = 8000) -> Address:
    """Take a server's address out of its words; of two, the last counts, as everywhere.

    Args:
        words: The command line.
        host: Where it listens if the words do not say.
        port: The port likewise.
    """
    kept: list[str] = []
    found: dict[str, str] = {}
    rest = iter(words)
    for word in rest:
        name, equals, value = word.partition("=")
        if name in ADDRESS_WORDS:
            found[name] = value if equals else next(rest, "")
        else:
            kept.append(word)
    number = found.get("--port", "")
    return Address(
        words=tuple(kept),
        host=found.get("--host", host),
        port=int(number) if number.isdigit() else port,
        uds=found.get("--uds", ""),
    )


class WarmService(ReloadingService):
    """Keeps one service on the code that is on disk, without a restart.

    Args:
        service: What is served.
        root: The folder that paths are shown relative to.
        environment: Asked for the environment of each new warm parent.

    Raises:
        ServiceError: Its address cannot be listened on, or `DEVTOOL_RELOADER` names no reloader.
    """

    def __init__(
        self, service: Service, root: str, environment: Callable[[], Mapping[str, str]]
    ) -> None:
        self._kind = reloader(environment())
        first = LAUNCHER_WORDS[service.warm]
        at = self._address = address(
            service.argv[first:], service.host or "127.0.0.1", service.port or 8000
        )
        listeners = listen_locally(at.uds) if at.uds else listen(at.host, at.port)
        super().__init__(service, root, environment, listeners)
        self._env_files = tuple(dict.fromkeys(map(os.path.realpath, _env_files(service, root))))
        self._known: set[str] = set()

    def start(self, spawn: Spawn, tell: Tell) -> None:
        """Start a life of the service."""
        self.rest()
        service = self._service
        self._reloader = self._kind(
            Application(
                python=service.argv[0],
                cwd=service.cwd,
                kind=service.warm,
                words=self._address.words,
                env_files=self._env_files,
            ),
            self._listeners,
            environment=self._environment,
            spawn=spawn,
            on_news=lambda news: tell(self._shown(news)),
            on_files=self._follow,
            grace=service.grace,
            serial=service.serial,
            explain=service.explain,
            banner=service.banner,
            memory=self._memory(),
        )
        # There before the first news of files, and started after what takes longer.
        self._watcher = self._watch(
            (service.cwd, *self._known),
            (*self._env_files, *_dependency_files(service.cwd, self._root)),
            tell,
            shallow=_packages(service.argv[0]),
        )
        self._reloader.start()
        self._watcher.start()

    def _memory(self) -> Path:
        """Where this service of this project has what it learned."""
        key = "\0".join((self._root, self._service.name, *self._service.argv))
        return state_folder() / "warm" / f"{sha256()(key.encode()).hexdigest()[:16]}.json"

    def _follow(self, files: Iterable[str]) -> None:
        """Watch where code was imported from, if that is not below the root."""
        here = os.path.realpath(self._service.cwd) + os.sep
        folders = {os.path.dirname(os.path.realpath(file)) for file in files}
        others = {each for each in folders if not (each + os.sep).startswith(here)} - self._known
        self._known |= others
        if others and self._watcher is not None:
            self._watcher.add(*sorted(others))

    def close(self) -> None:
        """Give the address back."""
        super().close()
        if self._address.uds and os.path.exists(self._address.uds):
            os.unlink(self._address.uds)


def with_env_files(service: Service, root: str) -> Service:
    """The service with the `.env` that is there by now, if none was named."""
    if service.env_files:
        return service
    places = (os.path.join(folder, ".env") for folder in (service.cwd, root))
    found = next((place for place in places if os.path.isfile(place)), None)
    return service if found is None else service._replace(env_files=(found,))


def _env_files(service: Service, root: str) -> Iterable[str]:
    """Those of the service, and those that would be if they were there."""
    yield from (os.path.join(service.cwd, file) for file in service.env_files)
    yield os.path.join(service.cwd, ".env")
    yield os.path.join(root, ".env")


def _dependency_files(*folders: str) -> list[str]:
    from devtool.runner.reload_nodes import DEPENDENCY_FILES

    names = sorted(DEPENDENCY_FILES)
    return list(dict.fromkeys(os.path.join(folder, name) for folder in folders for name in names))


def _packages(python: str) -> list[str]:
    """Where the packages of an interpreter's environment lie."""
    prefix = os.path.dirname(os.path.dirname(python))
    return glob.glob(os.path.join(prefix, "lib", "python3*", "site-packages"))
