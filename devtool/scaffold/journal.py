"""A write-ahead journal: what is to be written lies on disk whole before the first file changes.

`.devtool/undo/` holds `journal.json` and the bytes of every file before and after. The folder appears
by one rename, so there is a whole journal or none. `done` in it says that every file was written.
From any point in between, going forward and going back both work, and both can be repeated.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from devtool.errors import ConfigError, ConflictError, DevtoolError
from devtool.model.detection import Note
from devtool.scaffold import workspace
from devtool.scaffold.workspace import is_secret

SCHEMA = 1
META = ".devtool"
FOLDER = f"{META}/undo"
DONE = "done"
STAGED = ".devtool-tmp"
AGAIN = "make room for it, then devtool {} again"
# Only its owner may read a file with secrets.
SECRET = 0o600

Step = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One file before and after.

    Args:
        path: Where it is, with slashes.
        before: Digest of its bytes before, or an empty string where it was not there.
        after: Digest of its bytes afterwards, or an empty string where it is not there any more.
        mode: Its permissions before, where it was there; those it gets where it must not be open.
    """

    path: str
    before: str
    after: str
    mode: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Journal:
    """One change of a project.

    Args:
        title: What was done, such as `evolve to phase 2`.
        entries: The files, in the order in which they change.
        folders: Folders that were not there before, outer ones first.
        is_done: Whether every file was written.
    """

    title: str
    entries: tuple[Entry, ...]
    folders: tuple[str, ...] = ()
    is_done: bool = False


def _ignore(_: str) -> None:
    """Nothing is to happen between two steps."""


def write(
    root: Path, title: str, files: Mapping[str, bytes | None], *, step: Step = _ignore
) -> Journal:
    """Write files, or remove those whose bytes are None, so that it can be undone from any point.

    Args:
        root: The project's folder.
        title: What is being done.
        files: The bytes of each file, in the order in which they are written.
        step: Called before each effect with its name; what it raises ends the run there.

    Raises:
        ConfigError: If a place is taken by something that is no file; nothing was written.
        DevtoolError: If something could not be written; what was done by then can be undone.
    """
    with _alone(root):
        refuse_unfinished(root)
        try:
            journal = _prepare(root, title, files, step)
        except OSError as error:
            _clear_stagings(root)
            _remove_empty(root / META)
            raise _unwritten(root, error, "nothing was changed") from error
        try:
            _forward(root, journal, step)
        except OSError as error:
            hint = "devtool undo takes back what was written"
            raise _unwritten(root, error, hint) from error
    return journal


def remember(root: Path, title: str, paths: Sequence[str]) -> Journal:
    """Let what something else wrote into new files be undone.

    Args:
        root: The project's folder.
        title: What was done.
        paths: The files, none of which was there before.

    Raises:
        DevtoolError: If the journal could not be written.
    """
    with _alone(root):
        files = {path: file.raw for path, file in workspace.read_all(root, paths).items()}
        try:
            journal = _prepare(root, title, files, _ignore, were_there=False)
            _forward(root, journal, _ignore)
        except OSError as error:
            _clear_stagings(root)
            hint = "what was done stays; devtool undo cannot take it back"
            raise _unwritten(root, error, hint) from error
    return journal


def _unwritten(root: Path, error: OSError, hint: str) -> DevtoolError:
    return DevtoolError(
        f"{error.filename or root} could not be written ({_reason(error)})", hint=hint
    )


def read(root: Path) -> Journal | None:
    """The journal of the last change, or None where there is none.

    Raises:
        ConfigError: If it is there and cannot be trusted.
    """
    text = workspace.read_text(root, f"{FOLDER}/journal.json")
    if text is None:
        return None
    is_done = workspace.read_text(root, f"{FOLDER}/{DONE}") is not None
    try:
        record = json.loads(text)
        return Journal(
            title=str(record["title"]),
            entries=tuple(_entry(entry) for entry in record["entries"]),
            folders=tuple(_checked(folder) for folder in record["folders"]),
            is_done=is_done,
        )
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            f"{FOLDER}/journal.json is damaged", hint=f"remove {FOLDER}; it only serves undo"
        ) from error


def refuse_unfinished(root: Path) -> None:
    """Refuse to go on from a project that a change left half written.

    Raises:
        ConfigError: If it is one.
    """
    journal = read(root)
    if journal is not None and not journal.is_done:
        raise ConfigError(
            f"{journal.title}: it was interrupted and is half written",
            hint="devtool undo takes it back, devtool evolve --continue finishes it",
        )


def undo(root: Path, *, leave_edited: bool = False, step: Step = _ignore) -> Journal:
    """Put every file of the last change back as it was, byte for byte.

    Args:
        root: The project's folder.
        leave_edited: Leave what was edited since as it is, and put back the rest.
        step: As in `write`.

    Raises:
        ConfigError: If there is nothing to undo.
        ConflictError: If files were edited since; nothing was changed.
    """
    with _alone(root):
        journal = read(root)
        if journal is None:
            raise ConfigError(f"{root}: there is nothing to undo")
        edited = edited_since(root, journal)
        if edited and not leave_edited:
            raise _refusal(edited, "leave these out with --leave-edited")
        left = {note.path for note in edited}
        try:
            for entry in reversed(journal.entries):
                if entry.path not in left:
                    _put(root, entry, entry.before, step)
            for folder in reversed(journal.folders):
                _remove_empty(root / folder)
            step("forget")
            _forget(root, journal)
        except OSError as error:
            raise _unwritten(root, error, AGAIN.format("undo")) from error
    return journal


def resume(root: Path, *, step: Step = _ignore) -> Journal:
    """Finish the change that was interrupted; nothing happens where none was.

    Raises:
        ConfigError: If there is no change at all.
        ConflictError: If files were edited since; nothing was changed.
    """
    with _alone(root):
        journal = read(root)
        if journal is None:
            raise ConfigError(f"{root}: there is nothing to continue")
        if not journal.is_done:
            edited = edited_since(root, journal)
            if edited:
                raise _refusal(edited, "devtool undo --leave-edited takes back the rest")
            try:
                _forward(root, journal, step)
            except OSError as error:
                raise _unwritten(root, error, AGAIN.format("evolve --continue")) from error
    return journal


def _refusal(edited: Sequence[Note], hint: str) -> ConflictError:
    more = f" and {len(edited) - 1} more" if len(edited) > 1 else ""
    return ConflictError(
        f"{edited[0].path}{more} changed since; nothing was done", hint=hint, notes=edited
    )


def _prepare(
    root: Path,
    title: str,
    files: Mapping[str, bytes | None],
    step: Step,
    *,
    were_there: bool = True,
) -> Journal:
    before = workspace.read_all(root, files if were_there else ())
    journal = Journal(
        title=title,
        entries=tuple(
            Entry(
                path=path,
                before=_sha(before[path].raw) if path in before else "",
                after="" if data is None else _sha(data),
                mode=_mode(root, path) if path in before else SECRET if is_secret(path) else 0,
            )
            for path, data in files.items()
        ),
        folders=_missing_folders(root, [path for path, data in files.items() if data is not None]),
    )
    (root / META).mkdir(exist_ok=True)
    _clear_stagings(root)
    staging = Path(tempfile.mkdtemp(prefix="undo-", dir=root / META))
    step("stage")
    _write_synced(staging / ".gitignore", b"*\n")
    for data in (*(file.raw for file in before.values()), *files.values()):
        if data is not None:
            _write_synced(staging / _sha(data), data)
    record = {"schema": SCHEMA, **asdict(journal)}
    del record["is_done"]
    _write_synced(staging / "journal.json", json.dumps(record, indent=1).encode())
    _sync_folder(staging)
    step("commit")
    shutil.rmtree(root / FOLDER, ignore_errors=True)
    staging.rename(root / FOLDER)
    _sync_folder(root / META)
    return journal


def _mode(root: Path, path: str) -> int:
    return (root / path).stat().st_mode & 0o7777


def _forward(root: Path, journal: Journal, step: Step) -> None:
    for entry in journal.entries:
        _put(root, entry, entry.after, step)
    for entry in journal.entries:
        if not entry.after:
            for folder in Path(entry.path).parents[:-1]:
                _remove_empty(root / folder)
    step("done")
    _write_synced(root / FOLDER / DONE, b"")


def _put(root: Path, entry: Entry, sha: str, step: Step) -> None:
    """Give a file the bytes of one of its two states; nothing happens where it has them."""
    place = root / entry.path
    staged = place.with_name(f".{place.name}{STAGED}")
    if _current(root, entry.path) == sha:
        staged.unlink(missing_ok=True)
        return
    if not sha:
        step(f"remove {entry.path}")
        place.unlink()
        staged.unlink(missing_ok=True)
        return
    found = workspace.read_all(root, (f"{FOLDER}/{sha}",)).get(f"{FOLDER}/{sha}")
    if found is None or _sha(found.raw) != sha:
        raise ConfigError(f"{FOLDER}/{sha} is damaged", hint="restore it from version control")
    step(f"stage {entry.path}")
    place.parent.mkdir(parents=True, exist_ok=True)
    _write_synced(staged, found.raw)
    if entry.before or entry.mode:
        staged.chmod(entry.mode)
    step(f"replace {entry.path}")
    staged.replace(place)


def edited_since(root: Path, journal: Journal) -> list[Note]:
    """The files that are in neither of their two states."""
    found = []
    for entry in journal.entries:
        try:
            current = _current(root, entry.path)
        except ConfigError as error:
            found.append(Note(text=error.message, path=entry.path))
            continue
        if current not in (entry.before, entry.after):
            found.append(Note(text="it was edited since", path=entry.path))
    return found


def _current(root: Path, path: str) -> str:
    found = workspace.read_all(root, (path,)).get(path)
    return "" if found is None else _sha(found.raw)


def _missing_folders(root: Path, paths: Sequence[str]) -> tuple[str, ...]:
    found = {
        folder.as_posix()
        for path in (*paths, f"{META}/x")
        for folder in Path(path).parents[:-1]
        if not (root / folder).is_dir()
    }
    return tuple(sorted(found))


def _forget(root: Path, journal: Journal) -> None:
    """Remove the journal by one rename, so that half of it is never taken for a whole one."""
    gone = Path(tempfile.mkdtemp(prefix="undo-", dir=root / META))
    (root / FOLDER).rename(gone / "undo")
    shutil.rmtree(gone, ignore_errors=True)
    if META in journal.folders:
        _remove_empty(root / META)


def _clear_stagings(root: Path) -> None:
    """Remove what interrupted runs had not committed yet; nothing of it was ever in use."""
    for folder in (root / META).glob("undo-*"):
        shutil.rmtree(folder, ignore_errors=True)


def _remove_empty(folder: Path) -> None:
    with suppress(OSError):  # not empty, so somebody's
        folder.rmdir()


def _write_synced(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":
        return  # folders cannot be opened there
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _alone(root: Path) -> Iterator[None]:
    """No other devtool changes the project meanwhile."""
    if os.name == "nt":
        yield  # a folder cannot be locked there; the journal's rename still lets only one win
        return
    import fcntl

    handle = os.open(root, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(handle)
        raise DevtoolError(
            f"{root}: another devtool is changing this project", hint="wait until it is done"
        ) from error
    try:
        yield
    finally:
        os.close(handle)


def _entry(record: Any) -> Entry:
    return Entry(
        path=_checked(record["path"]),
        before=_digest(record["before"]),
        after=_digest(record["after"]),
        mode=int(record["mode"]),
    )


def _checked(path: Any) -> str:
    """A path of the journal; a cloned repository may bring one that leads elsewhere."""
    if not isinstance(path, str) or workspace.path_problem(path):
        raise ValueError(path)
    return path


def _digest(sha: Any) -> str:
    if not isinstance(sha, str) or not re.fullmatch(r"([0-9a-f]{64})?", sha, re.ASCII):
        raise ValueError(sha)
    return sha


def _sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _reason(error: OSError) -> str:
    return (error.strerror or "error").lower()
