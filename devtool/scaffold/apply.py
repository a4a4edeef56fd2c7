"""Write a new project: all of it, or nothing. The only module here that writes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from devtool.errors import ConfigError, DevtoolError
from devtool.scaffold.changes import Action, Change

# Windows would turn line feeds into two characters.
BINARY = getattr(os, "O_BINARY", 0)


def check_place(target: Path) -> None:
    """Refuse a place where a project would meet what is somebody else's.

    Raises:
        ConfigError: If the target is a link, a file or a folder that holds something, or if the
            folder it would stand in is missing.
    """
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        raise ConfigError(f"{target} is there and is no folder", hint="choose another name")
    if target.is_dir() and any(target.iterdir()):
        raise ConfigError(f"{target} is not empty", hint="choose another name, or empty it first")
    if not target.parent.is_dir():
        raise ConfigError(f"there is no folder {target.parent}", hint="create it first")


def create(
    target: Path, changes: tuple[Change, ...], private: Mapping[str, str] | None = None
) -> None:
    """Write a project beside its place and move it there whole.

    Args:
        target: Its folder.
        changes: Its files.
        private: Files that only their owner may read.

    Raises:
        ConfigError: If the place is taken, also when it was taken meanwhile.
        DevtoolError: If it could not be written; nothing is left behind then.
    """
    check_place(target)
    try:
        staging = target.with_name(f".{target.name}.{os.urandom(8).hex()}")
        staging.mkdir(mode=0o700)
    except OSError as error:
        raise _unwritten(target, error) from error
    try:
        # The folder around it is its owner's alone; a project follows the umask.
        project = staging / target.name
        project.mkdir()
        created = (change for change in changes if change.action is Action.CREATE)
        _write(project, {change.path: change.text for change in created})
        _write(project, private or {}, mode=0o600)
        if os.name == "nt" and target.is_dir():
            target.rmdir()  # nothing may be replaced there, not even an empty folder
        project.replace(target)
    except OSError as error:
        check_place(target)
        raise _unwritten(target, error) from error
    finally:
        _remove(staging)


def _remove(staging: Path) -> None:
    """Remove what is left: an empty folder, or a project that was written half."""
    try:
        staging.rmdir()
    except OSError:
        import shutil

        shutil.rmtree(staging, ignore_errors=True)


def _write(project: Path, files: Mapping[str, str], *, mode: int = 0o666) -> None:
    """Write files that are not there yet; a folder is made once, not asked for with each file."""
    for folder in sorted({path.rpartition("/")[0] for path in files}):
        (project / folder).mkdir(parents=True, exist_ok=True)
    top = str(project)
    for path, text in files.items():
        number = os.open(f"{top}/{path}", os.O_WRONLY | os.O_CREAT | os.O_EXCL | BINARY, mode)
        with os.fdopen(number, "wb") as file:
            file.write(text.encode("utf-8"))


def _unwritten(target: Path, error: OSError) -> DevtoolError:
    reason = (error.strerror or "error").lower()
    return DevtoolError(f"{target} could not be written ({reason})", hint="check its folder")
