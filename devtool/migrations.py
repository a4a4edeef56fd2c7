"""The migrations of a project, written and applied by its own Alembic in its own interpreter."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

from devtool.errors import ServiceError, ToolchainError
from devtool.inproc import script_path
from devtool.model.detection import Note

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

# A database that waits for a lock is waited for; one that hangs is not.
SECONDS = 300.0
TAIL_LINES = 15


class Migrated(NamedTuple):
    """What became of a database.

    Attributes:
        path: The revision that was written, from the project's root; empty where none was needed.
        head: The revision that the database is at.
    """

    path: str
    head: str


class Home(NamedTuple):
    """Where migrations are at home.

    Attributes:
        root: The project's folder.
        folder: The folder of `alembic.ini`, from there.
        python: The interpreter of its environment.
    """

    root: Path
    folder: str
    python: str


def revise(home: Home, message: str, env: Mapping[str, str]) -> Migrated:
    """Write what the models have and the database has not as a revision, and apply it.

    Raises:
        ServiceError: If Alembic fails, or the database does not answer.
        ToolchainError: If the interpreter cannot be started.
    """
    return _ask(home, env, "revise", message)


def upgrade(home: Home, env: Mapping[str, str]) -> Migrated:
    """Apply every revision that is written.

    Raises:
        ServiceError: As for `revise`.
        ToolchainError: As for `revise`.
    """
    return _ask(home, env, "upgrade")


def downgrade(home: Home, revision: str, env: Mapping[str, str]) -> Migrated:
    """Bring the database back to a revision (`base` for an empty one).

    Raises:
        ServiceError: As for `revise`.
        ToolchainError: As for `revise`.
    """
    return _ask(home, env, "downgrade", revision)


def _ask(home: Home, env: Mapping[str, str], *words: str) -> Migrated:
    folder = home.root / home.folder
    argv = (home.python, script_path("devtool_alembic"), *words)
    done = _run(argv, folder, env)
    try:
        answer: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        answer = {"error": f"its process ended with {done.returncode}"}
    if "error" in answer:
        where = f" ({answer['where']})" if answer.get("where") else ""
        raise ServiceError(
            f"{folder}: the migration failed{where}: {answer['error']}",
            exit_code=1,
            hint="the database has to answer and to be at a revision of this project",
            notes=[Note(line, kind="output") for line in _tail(done.stderr)],
        )
    path = answer["path"]
    return Migrated(Path(home.folder, path).as_posix() if path else "", answer["head"])


def _run(
    argv: tuple[str, ...], folder: Path, env: Mapping[str, str]
) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            argv,
            cwd=folder,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
    except OSError as error:
        raise ToolchainError(
            f"{argv[0]} could not be started ({error.strerror})", hint="devtool run --sync"
        ) from error
    except subprocess.TimeoutExpired as error:
        raise ServiceError(
            f"{folder}: the migration was not done within {SECONDS:.0f} s",
            hint="something else may hold a lock on the database",
        ) from error


def _tail(output: bytes) -> list[str]:
    lines = output.decode("utf-8", "replace").splitlines()
    return [line.rstrip() for line in lines if line.strip()][-TAIL_LINES:]
