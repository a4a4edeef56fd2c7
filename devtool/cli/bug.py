"""The report of a bug: versions and the places in our own code, and nothing of the project."""

from __future__ import annotations

import os
import platform
import sys
import traceback
from pathlib import Path


def write_report(error: Exception) -> str:
    """Write the report into the user's log folder; a sentence that says where, or why not."""
    try:
        folder = _folder()
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"bug-{os.getpid()}.txt"
        path.write_text(_report(error), encoding="utf-8", errors="backslashreplace")
    except OSError as failure:
        return f"no report could be written ({failure.strerror})"
    return f"the report is in {path}"


def _folder() -> Path:
    from platformdirs import user_log_path

    named = os.environ.get("DEVTOOL_STATE_DIR")
    return Path(named) / "log" if named else user_log_path("devtool")


def _report(error: Exception) -> str:
    """Where it happened, without messages or values: those may hold the project's text."""
    import devtool

    frames = traceback.extract_tb(error.__traceback__)
    places = [f"  {frame.filename}:{frame.lineno} in {frame.name}" for frame in frames]
    return "\n".join(
        [
            f"devtool {devtool.__version__}",
            f"Python {platform.python_version()} on {platform.platform()}",
            f"command: {' '.join(word for word in sys.argv[1:2])}",
            f"{type(error).__name__} at",
            *places,
            "",
        ]
    )
