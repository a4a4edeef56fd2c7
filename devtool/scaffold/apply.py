"""Write a new project: all of it, or nothing. The only module here that writes."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from devtool.errors import ConfigError, DevtoolError
from devtool.scaffold.changes import Action, Change


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
        staging = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    except OSError as error:
        raise _unwritten(target, error) from error
    try:
        # A folder made by mkdtemp is its owner's alone; a project follows the umask.
        project = staging / target.name
        project.mkdir()
        for change in changes:
            if change.action in (Action.CREATE, Action.UPDATE):
                _write(project / change.path, change.text)
        for path, text in (private or {}).items():
            _write(project / path, text)
            (project / path).chmod(0o600)
        if os.name == "nt" and target.is_dir():
            target.rmdir()  # nothing may be replaced there, not even an empty folder
        project.replace(target)
    except OSError as error:
        check_place(target)
        raise _unwritten(target, error) from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("x", encoding="utf-8", newline="\n") as file:
        file.write(text)


def _unwritten(target: Path, error: OSError) -> DevtoolError:
    reason = (error.strerror or "error").lower()
    return DevtoolError(f"{target} could not be written ({reason})", hint="check its folder")
