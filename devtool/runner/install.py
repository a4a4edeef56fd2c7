"""Run an installer to its end, or end it with everything it started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from devtool.errors import ToolchainError
from devtool.model.detection import Note

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import IO

TAIL_LINES = 15
TAIL_BYTES = 8192
GRACE_SECONDS = 5.0

# Variables of the caller's environment that would lead an installer astray: into devtool's own
# environment, into another one, or away from the packages that a dev server needs.
FOREIGN = frozenset(
    [
        "VIRTUAL_ENV",
        "PYTHONHOME",
        "PYTHONPATH",
        "__PYVENV_LAUNCHER__",
        "PIP_PREFIX",
        "PIP_REQUIRE_VIRTUALENV",
        "PIP_TARGET",
        "PIP_USER",
        "UV_PROJECT_ENVIRONMENT",
        "NODE_ENV",
    ]
)


class Step(NamedTuple):
    """One command of an installation, and what to say while it runs.

    `env` is added to the environment; `otherwise` is run where this one fails.
    """

    about: str
    argv: tuple[str, ...]
    env: tuple[tuple[str, str], ...] = ()
    otherwise: Step | None = None


def clean_environment(env: Mapping[str, str]) -> dict[str, str]:
    """The variables an installer starts with: nothing in them points at devtool's environment."""
    kept = {key: value for key, value in env.items() if key not in FOREIGN}
    own = Path(sys.prefix) / ("Scripts" if os.name == "nt" else "bin")
    foreign = own if sys.prefix != sys.base_prefix else None
    # Relative folders, an empty one among them, are those of the project: we stand in it.
    folders = map(Path, kept.get("PATH", os.defpath).split(os.pathsep))
    kept["PATH"] = os.pathsep.join(
        str(folder) for folder in folders if folder.is_absolute() and folder != foreign
    )
    quiet = {"PIP_NO_INPUT": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    return kept | quiet | {"COREPACK_ENABLE_DOWNLOAD_PROMPT": "0"}


def install(step: Step, folder: Path, env: Mapping[str, str]) -> None:
    """Run one step to its end; an interrupt ends it and everything it started.

    Args:
        step: What to run.
        folder: Where to run it.
        env: The environment variables, as `clean_environment` leaves them.

    Raises:
        ToolchainError: When it cannot be started or fails; its notes are the last lines it printed.
    """
    # A file, not a pipe: what an installer leaves running would hold a pipe open for ever.
    with tempfile.TemporaryFile() as output:
        code = _run(step, folder, {**env, **dict(step.env)}, output)
        if code == 0:
            return
        lines = _tail(output)
    raise ToolchainError(
        f"{folder}: {step.about} failed with exit code {code}",
        hint=f"the command was: {' '.join(step.argv)}",
        notes=[Note(line, kind="output") for line in lines],
    )


def _run(step: Step, folder: Path, env: Mapping[str, str], output: IO[bytes]) -> int:
    try:
        process = subprocess.Popen(
            step.argv,
            cwd=folder,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=os.name == "posix",
        )
    except OSError as error:
        raise ToolchainError(
            f"{step.argv[0]} could not be started ({error.strerror})", hint="check that it runs"
        ) from error
    try:
        return process.wait()
    except BaseException:
        _end(process)
        raise


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ask an installer to end, then end its whole group; a second interrupt skips the asking."""
    try:
        _signal_group(process, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(GRACE_SECONDS)
    finally:
        _signal_group(process, signal.SIGKILL if sys.platform != "win32" else signal.SIGTERM)
        process.wait()


def _signal_group(process: subprocess.Popen[bytes], signum: int) -> None:
    if sys.platform == "win32":
        process.kill()
        return
    with suppress(ProcessLookupError):  # all of it has ended
        os.killpg(process.pid, signum)


def _tail(output: IO[bytes]) -> list[str]:
    size = output.seek(0, os.SEEK_END)
    output.seek(max(0, size - TAIL_BYTES))
    lines = output.read().decode("utf-8", "replace").splitlines()
    return [line.rstrip() for line in lines if line.strip()][-TAIL_LINES:]
