"""Which of a repository's working trees a project lies in, without asking git.

A linked working tree holds a file `.git` that leads to `.git/worktrees/NAME` of the main one
(https://git-scm.com/docs/gitrepository-layout). Each gets ports of its own, so that several run
side by side; the main one keeps the usual ports.
"""

from __future__ import annotations

import os
from pathlib import Path

PORTS_PER_TREE = 10
SLOTS = 90


def port_offset(root: Path) -> int:
    """What is added to usual ports: 0 in the main tree, the same for a linked one at every run."""
    name = linked_name(root)
    if not name:
        return 0
    import hashlib

    digest = hashlib.sha256(name.encode(errors="surrogateescape")).digest()
    return (1 + int.from_bytes(digest[:4], "big") % SLOTS) * PORTS_PER_TREE


def linked_name(root: Path) -> str:
    """The name of the linked working tree that a folder lies in, or an empty string."""
    for folder in (root, *root.parents):
        marker = folder / ".git"
        # Not Path's: those raise where a folder is closed.
        if os.path.isdir(marker):  # noqa: PTH112
            return ""
        if os.path.isfile(marker):  # noqa: PTH113
            return _name(marker)
    return ""


def _name(marker: Path) -> str:
    try:
        with marker.open("rb") as file:
            line = file.read(4096).decode("utf-8", "surrogateescape").strip()
    except OSError:
        return ""
    keyword, _, place = line.partition(": ")
    parent, _, name = place.replace("\\", "/").rpartition("/")
    return name if keyword == "gitdir" and parent.endswith("/worktrees") else ""
