"""Whether the system lets a reloader watch as many folders as a project has."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from devtool.doctor.subject import Subject
from devtool.model.doctor import Finding, Level

CHECK = "watching"
LIMIT = Path("/proc/sys/fs/inotify/max_user_watches")
ENOUGH = 524_288
COUNT_SECONDS = 2.0


def look(subject: Subject, *, limit_file: Path = LIMIT) -> Iterator[Finding]:
    """On Linux, the limit of watches beside what this project takes of it."""
    if sys.platform != "linux":
        return
    limit = _number(limit_file)
    if limit is None:
        return
    count = _folders(subject.root, limit)
    fix = f"sudo sysctl fs.inotify.max_user_watches={ENOUGH}"
    if count >= limit:
        text = f"this project has {limit} folders or more, and {limit} may be watched"
        yield Finding(check=CHECK, level=Level.ERROR, text=text, fix=fix)
    elif count * 2 > limit:
        text = (
            f"this project has {count} folders, and {limit} may be watched by all programs together"
        )
        yield Finding(check=CHECK, level=Level.WARNING, text=text, fix=fix)
    else:
        text = f"{limit} folders may be watched, and this project has {count}"
        yield Finding(check=CHECK, level=Level.OK, text=text)


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text("ascii"))
    except (OSError, ValueError):
        return None


def _folders(root: Path, most: int) -> int:
    """How many folders a reloader of the root would watch, those of packages among them."""
    count = 0
    end = time.monotonic() + COUNT_SECONDS
    for _ in os.walk(root):
        count += 1
        if count >= most or time.monotonic() > end:
            break
    return count
