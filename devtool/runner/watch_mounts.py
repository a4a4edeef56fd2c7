"""Whether the system reports changes in a folder, or they must be looked for."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from devtool.errors import ConfigError

VARIABLE = "DEVTOOL_WATCH"
MOUNT_TABLE = Path("/proc/self/mountinfo")

# What is changed from another machine, or from the host of a virtual one, raises no event here.
_SILENT = re.compile(
    r"9p|v9fs|drvfs|virtiofs|fakeowner|osxfs|vboxsf|prl_fs|nfs4?|cifs|smb3|smbfs|afs|ceph|lustre|ncpfs"
    r"|fuse|fuseblk|fuse\..+"
)


class Mode(StrEnum):
    """How changes are noticed."""

    EVENTS = "events"
    POLL = "poll"


class Choice(NamedTuple):
    """A mode, and the sentence that says why, empty where it goes without saying."""

    mode: Mode
    why: str = ""


def choose(roots: Iterable[str], env: Mapping[str, str], mounts: Mapping[str, str]) -> Choice:
    """The mode for these folders: as the user says, else events unless a mount has none.

    Args:
        roots: Absolute real folders.
        env: Where the user may force a mode.
        mounts: The type of the file system at each mount point.

    Raises:
        ConfigError: The variable holds something else.
    """
    forced = env.get(VARIABLE, "").strip().lower()
    if forced:
        return Choice(_mode(forced), f"as {VARIABLE} says")
    for root in roots:
        kind = file_system(root, mounts)
        if _SILENT.fullmatch(kind):
            return Choice(
                Mode.POLL, f"{root} is on {kind}, which reports no changes of other sides"
            )
    return Choice(Mode.EVENTS)


def _mode(text: str) -> Mode:
    try:
        return Mode(text)
    except ValueError:
        raise ConfigError(
            f"{VARIABLE} must be poll or events, not {text}",
            hint=f"unset {VARIABLE}, or correct it",
        ) from None


def file_system(path: str, mounts: Mapping[str, str]) -> str:
    """The type of the file system that holds a path; empty if nothing is known."""
    holding = [point for point in mounts if _holds(point, path)]
    return mounts[max(holding, key=len)] if holding else ""


def _holds(point: str, path: str) -> bool:
    return point in ("/", path) or path.startswith(point + "/")


def mount_table() -> dict[str, str]:
    """The type of the file system at each mount point of this system; empty where none is told."""
    if sys.platform != "linux":
        return {}
    try:
        return parse(os.fsdecode(MOUNT_TABLE.read_bytes()))
    except OSError:
        return {}


def parse(text: str) -> dict[str, str]:
    """Mount point -> type, from the text of a `mountinfo`; later mounts cover earlier ones."""
    table = {}
    for line in text.splitlines():
        before, _, after = line.partition(" - ")
        fields = before.split()
        if len(fields) > 4 and after:
            table[_unescaped(fields[4])] = after.split()[0]
    return table


def _unescaped(field: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), field)
