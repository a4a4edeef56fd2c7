"""Rows for a project's database, created by its own services in its own interpreter."""

from __future__ import annotations

import json
import os
import subprocess
from typing import Any

from devtool.errors import ServiceError, ToolchainError
from devtool.inproc import script_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from devtool.migrations import Home

SECONDS = 600.0


def send(home: Home, batches: Sequence[dict[str, Any]], email: str) -> int:
    """Create the rows for a user; how many.

    Raises:
        ServiceError: If the project refuses a row, or fails.
        ToolchainError: If its interpreter cannot be started.
    """
    asked = json.dumps({"email": email, "batches": list(batches)})
    try:
        ended = subprocess.run(
            (home.python, script_path("devtool_rows")),
            cwd=home.root / home.folder,
            env=dict(os.environ),
            input=asked,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    except OSError as error:
        raise ToolchainError(
            f"{home.python} could not be started ({error.strerror})", hint="devtool run --sync"
        ) from error
    except subprocess.TimeoutExpired as error:
        raise ServiceError("the rows were not created in time") from error
    answer: dict[str, Any] = json.loads(ended.stdout) if ended.stdout else {}
    if "created" not in answer:
        reason = _reason(answer) if answer else ended.stderr[-500:]
        raise ServiceError(f"the rows were not created: {reason}", exit_code=1)
    return int(answer["created"])


def _reason(answer: dict[str, Any]) -> str:
    """What a project says of its refusal, to the last line, and where."""
    place = f"{answer['where']}: " if answer["where"] else ""
    return "\n".join((f"{place}{answer['error']}", *answer["text"].strip().splitlines()[1:]))
