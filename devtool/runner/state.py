"""What runs, on disk: in the user's own state folder, atomic, versioned, and never believed blindly.

One folder per project (`projects/<hash of the real root>`), one slot per run of it at the same time:
`state.json` with `state.lock`, then `state-2.json` and so on. The process that the user started holds
a lock on its slot for as long as it lives; the kernel says who holds it, so a file that was forged or
left behind names no process that we would believe in or touch.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import sys
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

from devtool.errors import DevtoolError
from devtool.model.state import SCHEMA, ProcessState, RunState, Status
from devtool.runner import family
from devtool.runner.locks import Lock, holder

FOLDER_VARIABLE = "DEVTOOL_STATE_DIR"
SLOTS = 16
MAX_FILE = 1 << 20
# What a state and the beginnings of logs take.
ROOM = 1 << 16
BLOCK = 4096
FULL = (errno.ENOSPC, errno.EDQUOT) if hasattr(errno, "EDQUOT") else (errno.ENOSPC,)


def state_folder(env: Mapping[str, str] | None = None) -> Path:
    """The folder for devtool's state of this user; it may not exist yet."""
    env = os.environ if env is None else env
    if chosen := env.get(FOLDER_VARIABLE):
        return Path(chosen).expanduser().absolute()
    if sys.platform != "linux":
        import platformdirs

        return Path(platformdirs.user_state_dir("devtool", appauthor=False))
    # What platformdirs answers, without the 10 ms of importing it.
    base = env.get("XDG_STATE_HOME", "")
    folder = Path(base) if base.startswith("/") else Path("~/.local/state").expanduser()
    if not folder.is_absolute():
        import tempfile

        folder = Path(tempfile.gettempdir()) / f"devtool-state-{os.getuid()}"
    return folder / "devtool"


def project_folder(root: str | Path, env: Mapping[str, str] | None = None) -> Path:
    """The folder for the state of one project, named by its real path."""
    real = os.path.realpath(root)
    key: str = sha256()(os.fsencode(real)).hexdigest()[:20]
    return state_folder(env) / "projects" / key


def sha256() -> Callable[[bytes], Any]:
    """The hash function, as `random` loads it: OpenSSL's takes 3 ms more."""
    for name in ("_sha2", "_sha256"):  # since Python 3.12, and before
        with contextlib.suppress(ImportError, AttributeError):
            return import_module(name).sha256  # type: ignore[no-any-return]
    import hashlib

    return hashlib.sha256


def make_private(folder: Path) -> None:
    """Make a folder of devtool's own, in one that exists, that only this user can enter.

    Raises:
        OSError: It cannot be made, is a link, or belongs to someone else.
    """
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode):
        raise NotADirectoryError(f"{folder} is no folder")
    if sys.platform == "win32":
        return
    if found.st_uid != os.getuid():
        raise PermissionError(f"{folder} belongs to another user")
    if stat.S_IMODE(found.st_mode) & 0o077:
        folder.chmod(0o700)


class Found(NamedTuple):
    """One state file: what it says, whether its run is alive, and what was wrong with it."""

    path: Path
    state: RunState | None
    alive: bool
    problem: str = ""


class Slot:
    """A run's place on disk, held by a lock while the process that opened it lives."""

    def __init__(self, path: Path, lock: Lock) -> None:
        self.path = path
        self._lock = lock

    @classmethod
    def take(cls, root: str | Path) -> Slot:
        """The first free slot of a project.

        Raises:
            OSError: The folder cannot be written to.
            DevtoolError: Every slot is taken.
        """
        folder = project_folder(root)
        folder.parent.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        make_private(folder.parent)
        make_private(folder)
        for path in _slots(folder):
            if lock := Lock.take(path.with_suffix(".lock")):
                return cls(path, lock)
        raise DevtoolError(f"{SLOTS} runs of this project are alive", hint="devtool stop ends them")

    @property
    def logs(self) -> Path:
        """The folder for what the services of this run print."""
        return logs_of(self.path)

    @property
    def socket(self) -> Path:
        """Where the supervisor of this run can be asked for something."""
        return socket_of(self.path)

    def write(self, state: RunState) -> None:
        """Replace the file in one step: a reader finds the old text or the new.

        Where the disk is full, the old text is written over, which takes no room.

        Raises:
            OSError: It could not be written, and the old text stands.
        """
        import json

        processes = [process._asdict() for process in state.processes]
        whole = state._asdict() | {"processes": processes}
        text = _with_room(json.dumps(whole, indent=1).encode())
        temporary = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        try:
            _write_new(temporary, text)
            os.replace(temporary, self.path)  # noqa: PTH105 (Path.replace hides which one moves)
        except OSError as error:
            with contextlib.suppress(OSError):
                temporary.unlink()
            if error.errno not in FULL or not _write_over(self.path, text):
                raise

    def check(self) -> None:
        """Find out whether states and logs can be kept here.

        Raises:
            OSError: They cannot.
        """
        temporary = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        try:
            _write_new(temporary, bytes(ROOM))
        finally:
            with contextlib.suppress(OSError):
                temporary.unlink()

    def release(self) -> None:
        """Give the slot up; the file stays and tells how the run ended."""
        self._lock.release()


def logs_of(path: Path) -> Path:
    """The folder of logs that belongs to a state file."""
    return path.with_name(f"{path.stem}-logs")


def socket_of(path: Path) -> Path:
    """The control socket that belongs to a state file."""
    return path.with_suffix(".sock")


def _slots(folder: Path) -> Iterator[Path]:
    yield folder / "state.json"
    for number in range(2, SLOTS + 1):
        yield folder / f"state-{number}.json"


def _with_room(text: bytes) -> bytes:
    """A text filled up with blanks to whole blocks, so that a later one fits in its place."""
    return text.ljust(-(-len(text) // BLOCK) * BLOCK)


def _write_over(path: Path, text: bytes) -> bool:
    """Write a text over that of a file, if it fits: in one call, so that no reader sees a part."""
    flags = os.O_WRONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        fd = os.open(path, flags)
    except OSError:
        return False
    try:
        now = os.fstat(fd)
        if not stat.S_ISREG(now.st_mode) or len(text) > now.st_size:
            return False
        return os.write(fd, text.ljust(now.st_size)) == now.st_size
    except OSError:
        return False
    finally:
        os.close(fd)


def _write_new(path: Path, text: bytes) -> None:
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
    fd = os.open(path, flags, 0o600)
    with os.fdopen(fd, "wb") as file:
        file.write(text)


def find(root: str | Path) -> list[Found]:
    """Every state file of a project, living runs first, then by name."""
    return _in_folder(project_folder(root))


def find_all() -> list[Found]:
    """Every state file of this user."""
    folder = state_folder() / "projects"
    try:
        names = sorted(folder.iterdir())
    except OSError:
        return []
    return [found for name in names if not name.is_symlink() for found in _in_folder(name)]


def _in_folder(folder: Path) -> list[Found]:
    paths = [path for path in _slots(folder) if os.path.lexists(path)]
    return sorted((_examine(path) for path in paths), key=lambda found: not found.alive)


def _examine(path: Path) -> Found:
    try:
        state = read(path)
    except (OSError, ValueError) as error:
        unread = _unread(path)
        problem = f"{path} cannot be used: {error}"
        return Found(path, unread, alive=unread is not None, problem=problem)
    return Found(path, state, alive=_is_alive(path, state))


def _unread(path: Path) -> RunState | None:
    """The run that holds a slot though nothing can be read of it; the kernel knows its supervisor."""
    pid = holder(path.with_suffix(".lock"))
    since = family.started(pid) if pid and pid > 0 else None
    if pid is None or since is None:
        return None
    return RunState(root="", supervisor_pid=pid, supervisor_started=since, started_at=since)


def _is_alive(path: Path, state: RunState) -> bool:
    """True if the supervisor named holds the slot, or, where no kernel tells, is this very process."""
    held_by = holder(path.with_suffix(".lock"))
    if held_by is None:
        return family.is_same(state.supervisor_pid, state.supervisor_started)
    return held_by > 0 and held_by == state.supervisor_pid


def read(path: Path) -> RunState:
    """What a state file says.

    Raises:
        OSError: It cannot be read.
        ValueError: It is no state of ours; the message says in what respect.
    """
    import json

    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    with os.fdopen(os.open(path, flags), "rb") as file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode) or found.st_size > MAX_FILE:
            raise ValueError(f"it is no file of at most {MAX_FILE} bytes")
        if sys.platform != "win32" and found.st_uid != os.getuid():
            raise ValueError("it belongs to another user")
        text = file.read(MAX_FILE + 1)
    try:
        return parse(json.loads(text))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError):
        raise ValueError("it is no JSON") from None


def parse(value: object) -> RunState:
    """A run's state from what JSON gave.

    Raises:
        ValueError: A field is missing or of the wrong type, or it was written by another version.
    """
    if not isinstance(value, dict):
        raise ValueError("it holds no object")  # noqa: TRY004 (one kind of error for one kind of fault)
    if value.get("schema") != SCHEMA:
        raise ValueError(f"its schema is {value.get('schema')!r}, not {SCHEMA}")
    processes = value.get("processes")
    if not isinstance(processes, list):
        raise ValueError("its processes are no list")  # noqa: TRY004
    known = tuple(_process(each) for each in processes)
    rest = _checked(RunState, {key: each for key, each in value.items() if key != "processes"})
    return RunState(**rest, processes=known)


def _process(value: object) -> ProcessState:
    if not isinstance(value, dict):
        raise ValueError("a process is no object")  # noqa: TRY004
    known = _checked(ProcessState, value)
    return ProcessState(**known | {"status": Status(known["status"])})


_SCALARS: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "float": (int, float),
    "int | None": (int, type(None)),
    "float | None": (int, float, type(None)),
    "Status": (str,),
}


def _checked(kind: type[RunState | ProcessState], value: Mapping[str, object]) -> dict[str, Any]:
    """The fields of a class that are there, each of the type it is declared with."""
    known = {}
    for name, hint in kind.__annotations__.items():
        if name not in value:
            continue
        given, wanted = value[name], hint.__forward_arg__
        if isinstance(given, bool) or not isinstance(given, _SCALARS[wanted]):
            raise ValueError(f"its {name} is no {wanted}")  # noqa: TRY004
        known[name] = given
    missing = set(kind._fields) - kind._field_defaults.keys() - known.keys()
    if missing:
        raise ValueError(f"its {', '.join(sorted(missing))} is missing")
    return known
