"""One child process: started in a session of its own, or on the terminal itself."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from devtool.errors import ServiceError
from devtool.model.launch import Service
from devtool.runner import family

# As much as an unprivileged process gets: fewer switches between a chatty child and us.
PIPE_BYTES = 1 << 20
_F_SETPIPE_SZ = 1031


class Streams(NamedTuple):
    """Where a child's input and output go.

    Args:
        inherit: It gets our own streams and stays in a process group of our terminal.
        group: The foreground process group it joins then; 0 to stay in ours.
    """

    inherit: bool
    group: int = 0


class Child:
    """A started process, its family, and the pipe it writes to.

    Args:
        service: What to start.
        env: Its whole environment; it must hold `mark` as the run variable.
        mark: What its family is known by.
        streams: The terminal, or a pipe.
        adopts: True if its orphans become children of this process.
        on_end: Called once from another thread, with the exit code as `subprocess` gives it.
        pass_fds: Descriptors that it inherits under their numbers.

    Raises:
        ServiceError: It could not be started.
    """

    def __init__(
        self,
        service: Service,
        *,
        env: Mapping[str, str],
        mark: str,
        streams: Streams,
        adopts: bool,
        on_end: Callable[[int], None],
        pass_fds: tuple[int, ...] = (),
    ) -> None:
        self.mark = mark
        self._adopts = adopts
        self.inherits = streams.inherit
        self.output: int | None = None
        self._began = family.now()
        self._process = self._start(service, env, streams, pass_fds)
        self.pid = self._process.pid
        self.started = family.started(self.pid) or self._began
        threading.Thread(
            target=lambda: on_end(self._process.wait()), name=f"wait-{service.name}", daemon=True
        ).start()

    def _start(
        self,
        service: Service,
        env: Mapping[str, str],
        streams: Streams,
        pass_fds: tuple[int, ...],
    ) -> subprocess.Popen[bytes]:
        write = None
        try:
            if not streams.inherit:
                self.output, write = _pipe()
            with _signals_unblocked():
                process: subprocess.Popen[bytes] = subprocess.Popen(
                    service.argv,
                    cwd=service.cwd,
                    env=dict(env),
                    stdin=None if streams.inherit else subprocess.DEVNULL,
                    stdout=write,
                    stderr=None if write is None else subprocess.STDOUT,
                    pass_fds=pass_fds,
                    **_isolation(streams),
                )
                return process
        except (OSError, ValueError) as error:
            if self.output is not None:
                os.close(self.output)
            raise _cannot_start(service, env, error) from error
        finally:
            if write is not None:
                os.close(write)

    def family(self) -> list[int]:
        """The living pids that belong to it."""
        if self._adopts and not family.has_children():
            return []
        return family.members(self.pid, self._began, self.mark)

    def signal(self, signum: int) -> None:
        """Signal its whole family once each, and wake what is stopped so that it can obey."""
        relatives = self.family()
        if sys.platform == "win32":
            _signal_on_windows(self.pid, relatives, signum)
            return
        grouped: set[int] = set()
        if not self.inherits:
            # At once, so that nothing forks between two signals.
            grouped = {pid for pid in relatives if _group(pid) == self.pid}
            if grouped:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(self.pid, signum)
        family.send((pid for pid in relatives if pid not in grouped), signum)
        family.send(relatives, signal.SIGCONT)

    def kill(self) -> bool:
        """SIGKILL its family until nothing of it lives; False if something outlived two seconds."""
        deadline = time.monotonic() + 2
        while alive := self.family():
            if time.monotonic() > deadline:
                return False
            family.send(alive, _KILL)
            time.sleep(0.005)
        return True


_KILL = signal.SIGTERM if sys.platform == "win32" else signal.SIGKILL


def _pipe() -> tuple[int, int]:
    read, write = os.pipe()
    if sys.platform == "linux":
        import fcntl

        # Refused once a user's pipes hold too much; the usual size works too.
        with contextlib.suppress(OSError):
            fcntl.fcntl(read, _F_SETPIPE_SZ, PIPE_BYTES)
    return read, write


def _isolation(streams: Streams) -> dict[str, Any]:
    if sys.platform == "win32":
        return {"creationflags": 0 if streams.inherit else subprocess.CREATE_NEW_PROCESS_GROUP}
    if not streams.inherit:
        return {"start_new_session": True}
    return {"process_group": streams.group} if streams.group else {}


@contextlib.contextmanager
def _signals_unblocked() -> Iterator[None]:
    """A child inherits what is blocked here, and would then ignore it."""
    if sys.platform == "win32":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTTOU})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _group(pid: int) -> int:
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return 0


def _signal_on_windows(leader: int, relatives: list[int], signum: int) -> None:
    if sys.platform == "win32" and signum == signal.SIGINT:
        with contextlib.suppress(OSError):
            os.kill(leader, signal.CTRL_BREAK_EVENT)
        return
    family.send(relatives, signal.SIGTERM)


def _cannot_start(
    service: Service, env: Mapping[str, str], error: OSError | ValueError
) -> ServiceError:
    import shutil

    program = service.argv[0]
    if not os.path.isdir(service.cwd):  # noqa: PTH112
        return ServiceError(f"{service.name} cannot be started: there is no folder {service.cwd}")
    if isinstance(error, FileNotFoundError) and not shutil.which(program, path=env.get("PATH")):
        return ServiceError(
            f"{service.name} cannot be started: there is no program {program}",
            hint=service.fix or "install it, or name another in devtool.toml",
        )
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return ServiceError(f"{service.name} cannot be started: {program}: {reason}")
