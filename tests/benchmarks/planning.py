"""How long a plan takes: a generated project of 200 files, some edited, brought up to date.

usage: python tests/benchmarks/planning.py [--files 200] [--edited 10] [--rounds 9]

The goal is 300 ms on a quiet machine. A bare interpreter is timed in between, as a measure of how
quiet the machine is.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from devtool.scaffold.update import apply_update, plan_update

BODY = "\n\n".join(f"def f{n}(x: int) -> int:\n    return x + {n}\n" for n in range(20))


def texts(count: int, version: int) -> dict[str, str]:
    """The files of a version: each differs from the one before in a line at its end."""
    return {f"backend/app/m{n}.py": f"{BODY}\n\nVERSION = {version}\n" for n in range(count)}


def main() -> None:
    """Make the project, edit it, and time the plan."""
    parser = argparse.ArgumentParser()
    for name, default in (("--files", 200), ("--edited", 10), ("--rounds", 9)):
        parser.add_argument(name, type=int, default=default)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        apply_update(plan_update(root, texts(wanted.files, 1)))
        for number in range(wanted.edited):
            path = root / f"backend/app/m{number}.py"
            path.write_text(f"# mine\n{path.read_text()}")
        plans, bare = [], []
        for _ in range(wanted.rounds):
            start = time.perf_counter()
            planned = plan_update(root, texts(wanted.files, 2))
            plans.append(time.perf_counter() - start)
            start = time.perf_counter()
            subprocess.run((sys.executable, "-I", "-c", "pass"), check=True)
            bare.append(time.perf_counter() - start)
    merged = sum(change.action == "merge" for change in planned.changes)
    print(f"{wanted.files} files, {merged} merged")
    for name, values in (("plan", plans), ("bare interpreter", bare)):
        ms = [value * 1000 for value in values]
        print(f"{name}: median {statistics.median(ms):.0f} ms, best {min(ms):.0f} ms")


if __name__ == "__main__":
    main()
