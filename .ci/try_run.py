"""Start a command that serves, ask it over HTTP, stop it, and look for what is left.

usage: try_run.py --url URL --cwd FOLDER [--ctrl-c] -- COMMAND...

It is stopped by SIGTERM; with --ctrl-c as a terminal does it, by SIGINT to the whole process group.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from pathlib import Path

MARK = "CI_RUN_MARK"
START_SECONDS = 300
STOP_SECONDS = 30


def main() -> int:
    """0 if the command answered, ended with the right code and left no process behind."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--url", required=True)
    parser.add_argument("--cwd", required=True)
    parser.add_argument("--ctrl-c", action="store_true")
    parser.add_argument("command", nargs="+")
    args = parser.parse_args()

    # A shell in the background ignores SIGINT and so do its children; a handled signal is reset.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    mark = uuid.uuid4().hex
    process = subprocess.Popen(
        args.command,
        cwd=args.cwd,
        env=os.environ | {MARK: mark},
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        body = answer(args.url, process)
    finally:
        code = stop(process, ctrl_c=args.ctrl_c)
    left = marked(mark)
    print(f"answered {body[:80]!r}, ended with {code}, left {len(left)} processes", flush=True)
    return 0 if code == (130 if args.ctrl_c else 143) and not left else 1


def stop(process: subprocess.Popen[bytes], *, ctrl_c: bool) -> int:
    """The exit code after the signal, or the one it has ended with already."""
    if process.poll() is None and ctrl_c:
        os.killpg(process.pid, signal.SIGINT)
    elif process.poll() is None:
        process.terminate()
    return process.wait(STOP_SECONDS)


def answer(url: str, process: subprocess.Popen[bytes]) -> bytes:
    """The body of the first good answer."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5) as response:
                body: bytes = response.read()
                return body
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.2)
    sys.exit(f"no answer from {url}; the command's exit code is {process.poll()}")


def marked(mark: str) -> list[str]:
    """The processes that inherited our mark and are still there, zombies left out."""
    needle = f"{MARK}={mark}".encode()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if needle in (folder / "environ").read_bytes():
                found.append(folder.name)
        except OSError:  # it ended while we looked, or it is not ours to read
            continue
    return found


if __name__ == "__main__":
    sys.exit(main())
