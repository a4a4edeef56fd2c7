"""Opening a page in the user's browser, which is theirs and outlives devtool."""

from __future__ import annotations

import os
import subprocess
import sys

from devtool.runner.family import OUTLIVES_VARIABLE


def open_page(url: str) -> None:
    """Ask for a page to be opened; whether there is a browser is the desktop's business."""
    subprocess.Popen(
        (sys.executable, "-m", "webbrowser", "-t", url),
        cwd="/" if os.name == "posix" else None,
        env=os.environ | {OUTLIVES_VARIABLE: "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
