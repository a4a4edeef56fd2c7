"""What a warm parent had learned to import, kept from one run to the next.

It is a guess of what the project will import, which is checked by importing: a name that is wrong costs
its import, and one that is missing is learned again.
"""

from __future__ import annotations

import contextlib
import glob
import json
import os
from pathlib import Path
from typing import Any, NamedTuple

MOST_BYTES = 1 << 20


class Learned(NamedTuple):
    """Names of modules.

    Args:
        good: Those that are imported ahead of time, in order.
        unsafe: Those that are not, and why.
    """

    good: tuple[str, ...] = ()
    unsafe: tuple[tuple[str, str], ...] = ()


def recall(file: Path, python: str) -> Learned:
    """What is known for an interpreter's environment; nothing if its packages have changed since."""
    try:
        if file.stat().st_size > MOST_BYTES:
            return Learned()
        kept: Any = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        return Learned()
    if not isinstance(kept, dict) or kept.get("packages") != _packages(python):
        return Learned()
    good, unsafe = kept.get("good"), kept.get("unsafe")
    if not isinstance(good, list) or not isinstance(unsafe, dict):
        return Learned()
    texts = {str(name): str(reason) for name, reason in unsafe.items()}
    return Learned(tuple(map(str, good)), tuple(texts.items()))


def remember(file: Path, python: str, learned: Learned) -> None:
    """Keep it for the next run; without a place to keep it, that learns again."""
    kept = {
        "packages": _packages(python),
        "good": learned.good,
        "unsafe": dict(learned.unsafe),
    }
    with contextlib.suppress(OSError):
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = file.with_name(f"{file.name}.{os.getpid()}")
        fresh.write_text(json.dumps(kept), encoding="utf-8")
        fresh.replace(file)


def _packages(python: str) -> list[list[object]]:
    """The interpreter, and when packages were last added to its environment or taken away."""
    prefix = os.path.dirname(os.path.dirname(python))
    folders = glob.glob(os.path.join(prefix, "lib", "python3*", "site-packages"))
    return [[folder, os.stat(folder).st_mtime_ns] for folder in sorted(folders)]
