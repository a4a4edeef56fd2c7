"""The cold reloader: the server is started anew when files change, as by hand, but not for a broken save."""

from __future__ import annotations

import json
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from devtool.inproc import script_path
from devtool.inproc.devtool_channel import THE_SOCKET
from devtool.model.launch import Probe, ProbeKind
from devtool.runner.handover import with_socket
from devtool.runner.readiness import Listening, Readiness, place_of
from devtool.runner.reload import (
    Crashed,
    OnNews,
    Reloaded,
    ReloadFailed,
    Reloading,
)
from devtool.runner.reload_nodes import DEPENDENCY_FILES, pause_after
from devtool.runner.reload_process import Launch, Process, Running

CHECK_SECONDS = 30
# As long as the old version lives it may be the one that answers the probe, unless it was asked to end so long ago.
PROBE_AFTER = 1.0
FORGIVEN_SECONDS = 10.0
STOP_SECONDS = 10.0


Asker = Readiness | Listening


class Command(NamedTuple):
    """What is started.

    Args:
        argv: The whole command line, address included.
        cwd: The folder it is started in; absolute.
        python: The project's interpreter, which says whether a changed file compiles.
        probe: How to know that it serves.
        env_files: Files whose change makes another environment.
    """

    argv: tuple[str, ...]
    cwd: str
    python: str = sys.executable
    probe: Probe = Probe(kind=ProbeKind.NONE)
    env_files: tuple[str, ...] = ()


class _Version:
    """One life of the server."""

    def __init__(self, cause: tuple[str, ...], at: float) -> None:
        self.cause = cause
        self.at = at
        self.running: Running | None = None
        self.asker: Asker | None = None
        self.is_ready = False
        self.ready_at = 0.0
        self.was_asked_to_end = False
        self.has_ended = False


class ColdReloader:
    """Serves by a command, and starts it anew when a source changes.

    Where the server takes a socket, it gets that of devtool: clients then wait for the new version
    instead of being refused, and the old one ends its requests meanwhile. A changed file that does not
    compile stops nothing.

    Args:
        command: What is started.
        listeners: Bound and listening sockets; they stay the caller's. Without any, or for a server that takes
            none, the command opens its own.
        environment: Asked for the whole environment whenever the server starts; ours if None.
        launch: Starts a server: gets its command line, with `{socket}` for the first of the descriptors
            to pass on, those, and what to call with its exit code.
        on_news: Called from the reloader's thread.
        grace: Seconds that a server may take to end.
        serial: The old version has ended before the new one starts, in any case.
    """

    def __init__(
        self,
        command: Command,
        listeners: Sequence[socket.socket] = (),
        *,
        environment: Callable[[], Mapping[str, str]] | None = None,
        launch: Launch | None = None,
        on_news: OnNews | None = None,
        grace: float = 5.0,
        serial: bool = False,
    ) -> None:
        self._command = command
        self._environment = environment or (lambda: os.environ)
        self._launch = launch or self._popen
        self._on_news = on_news or (lambda _: None)
        self._grace = grace
        self._fds = tuple(each.fileno() for each in listeners[:1])
        # Where another process starts the server, the descriptor gets its number there.
        named = self._fds[0] if launch is None and self._fds else THE_SOCKET
        handed = with_socket(command.argv, named) if self._fds else None
        self._argv = handed or command.argv
        self._fds = self._fds if handed else ()
        self._overlaps = bool(self._fds) and not serial
        self._orders: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="reload", daemon=True)
        self._timers: list[threading.Timer] = []
        # Everything below belongs to the thread.
        self._version: _Version | None = None
        self._leaving: list[_Version] = []
        self._next: tuple[tuple[str, ...], float] | None = None
        self._broken: set[str] = set()
        self._deaths = 0
        self._is_stopping = False

    # From any thread

    def start(self) -> None:
        """Start the server."""
        self._orders.put(lambda: self._begin((), time.monotonic()))
        self._thread.start()

    def reload(
        self, paths: Iterable[str], *, declared: Iterable[str] = (), at: float | None = None
    ) -> None:
        """These files may have changed: start the server anew if that matters.

        Args:
            paths: Absolute real paths.
            declared: Those that count whatever they are.
            at: When the change was noticed, by `time.monotonic()`.
        """
        counted = {*declared, *self._command.env_files}
        causes = tuple(path for path in paths if is_source(path) or path in counted)
        if causes:
            noticed = time.monotonic() if at is None else at
            self._orders.put(lambda: self._take(causes, noticed))

    def rest(self) -> None:
        """What ends from now on was meant to end."""
        self._orders.put(self._rest)

    def stop(self) -> None:
        """End the server, and wait for it."""
        self._orders.put(self._stop)
        self._thread.join(self._grace + STOP_SECONDS)

    # The thread

    def _run(self) -> None:
        while not (self._is_stopping and self._version is None and not self._leaving):
            self._orders.get()()
        for timer in self._timers:
            timer.cancel()

    def _after(self, seconds: float, deed: Callable[[], None]) -> None:
        self._timers = [timer for timer in self._timers if timer.is_alive()]
        timer = threading.Timer(seconds, self._orders.put, (deed,))
        timer.daemon = True
        timer.start()
        self._timers.append(timer)

    def _take(self, causes: tuple[str, ...], at: float) -> None:
        """Start the server anew, unless a file does not compile."""
        self._broken.update(path for path in causes if path.endswith(".py"))
        failure = self._check(sorted(self._broken))
        if failure is not None:
            self._on_news(failure._replace(has_served=self._serves))
            return
        self._broken.clear()
        self._on_news(Reloading(causes))
        old = self._version
        if old is None:
            self._begin(causes, at)
            return
        self._next = (causes, at)
        self._end(old)
        if self._overlaps:
            # It takes no more connections; those that come wait for the new one.
            self._leaving.append(old)
            self._follow()

    def _check(self, files: list[str]) -> ReloadFailed | None:
        """What keeps one of these files from compiling in the project's interpreter."""
        if not files:
            return None
        script = (self._command.python, "-I", "-S", script_path("devtool_compile"))
        done = subprocess.run(
            (*script, *files),
            cwd=self._command.cwd,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=CHECK_SECONDS,
            check=False,
        )
        return ReloadFailed(**json.loads(done.stdout)) if done.stdout.strip() else None

    @property
    def _serves(self) -> bool:
        return self._version is not None and self._version.is_ready

    def _begin(self, cause: tuple[str, ...], at: float) -> None:
        """Start a version."""
        if self._is_stopping or self._version is not None:
            return
        version = self._version = _Version(cause, at)
        version.running = self._launch(
            self._argv,
            self._fds,
            lambda code: self._orders.put(partial(self._ended, version, code)),
        )
        if self._leaving:
            self._after(PROBE_AFTER, lambda: self._probe(version))
        else:
            self._probe(version)

    def _probe(self, version: _Version) -> None:
        if version.asker is not None or version is not self._version:
            return
        ready = partial(self._orders.put, partial(self._ready, version))
        if self._command.probe.kind is ProbeKind.NONE:
            ready()
            return
        version.asker = self._asker(ready)
        version.asker.start()

    def _asker(self, ready: Callable[[], None]) -> Asker:
        place = place_of(self._command.probe)
        if self._fds and place is not None and self._command.probe.kind is ProbeKind.PORT:
            return Listening(place, ready)
        return Readiness(
            self._command.probe,
            env=self._environment(),
            cwd=self._command.cwd,
            on_ready=ready,
            on_silent=lambda: None,
        )

    def _ready(self, version: _Version) -> None:
        if version is not self._version or version.was_asked_to_end or version.is_ready:
            return
        version.is_ready = True
        version.ready_at = time.monotonic()
        self._on_news(
            Reloaded(
                file=version.cause[0] if version.cause else "",
                files=len(version.cause),
                modules=0,
                ms=(time.monotonic() - version.at) * 1000,
                pid=version.running.pid if version.running else 0,
            )
        )

    def _end(self, version: _Version) -> None:
        """Ask a version to end, and see to it that it does."""
        if version.was_asked_to_end or version.running is None:
            return
        version.was_asked_to_end = True
        version.running.signal(signal.SIGTERM)
        self._after(self._grace, lambda: self._kill(version))

    def _kill(self, version: _Version) -> None:
        if not version.has_ended and version.running is not None:
            version.running.kill()

    def _follow(self) -> None:
        """Start the version that was waiting for its turn."""
        self._version = None
        follows, self._next = self._next, None
        if follows is not None:
            self._begin(*follows)

    def _ended(self, version: _Version, code: int) -> None:
        version.has_ended = True
        if version.asker is not None:
            version.asker.cancel()
        if version.running is not None:
            # What it started ends with it, or would hold its port.
            version.running.kill()
        if version in self._leaving:
            self._leaving.remove(version)
            if not self._leaving and self._version is not None:
                self._probe(self._version)
        elif version.was_asked_to_end or self._is_stopping:
            self._follow()
        else:
            self._version = None
            self._died(version, code)

    def _died(self, version: _Version, code: int) -> None:
        if not version.is_ready:
            text = version.running.tail() if version.running else ""
            self._on_news(failure_of(text, code, self._command.cwd)._replace(has_served=False))
            return
        lived = time.monotonic() - version.ready_at
        self._deaths = 1 if lived > FORGIVEN_SECONDS else self._deaths + 1
        pause = pause_after(self._deaths)
        self._on_news(Crashed(pause))
        self._after(pause, lambda: self._begin((), time.monotonic()))

    def _rest(self) -> None:
        self._is_stopping = True

    def _stop(self) -> None:
        self._is_stopping = True
        self._next = None
        if self._version is not None:
            self._end(self._version)

    def _popen(
        self, argv: tuple[str, ...], fds: tuple[int, ...], on_end: Callable[[int], None]
    ) -> Running:
        return Process(argv, self._command.cwd, self._environment(), fds, on_end)


def is_source(path: str) -> bool:
    """True for what a server of unknown kind may have imported, or is configured by."""
    return path.endswith(".py") or Path(path).name in DEPENDENCY_FILES


def failure_of(text: str, code: int, cwd: str) -> ReloadFailed:
    """Why a server ended before it served, from what it wrote."""
    from devtool.inproc.devtool_faults import describe

    found = describe(None, text, lambda file: file.startswith(cwd) and "site-packages" not in file)
    if not found["file"]:
        return ReloadFailed(f"the server ended with {code} before it served", text=text)
    return ReloadFailed(
        error=str(found["error"]),
        file=str(found["file"]),
        line=int(str(found["line"])),
        source=str(found["source"]),
        text=text,
    )
