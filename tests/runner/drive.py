"""Runs a pickled plan as the command line does: `python drive.py PLAN [--unguarded]`."""

from __future__ import annotations

import pickle
import sys
from pathlib import Path

from devtool.errors import DevtoolError
from devtool.runner import run
from devtool.runner.guard import split


def main() -> int:
    plan = pickle.loads(Path(sys.argv[1]).read_bytes())
    try:
        if "--unguarded" in sys.argv:
            return run(plan)
        return run(plan, guard=split)
    except DevtoolError as error:
        print(f"error: {error.message} | {error.hint}", file=sys.stderr)
        return error.exit_code


if __name__ == "__main__":
    sys.exit(main())
