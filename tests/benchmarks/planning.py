"""How long a plan takes: a project of 200 files, some edited, brought up to date; a program read.

usage: python tests/benchmarks/planning.py [--files 200] [--edited 10] [--rounds 9]

The goal is 300 ms on a quiet machine. `devtool evolve --dry-run` on a console program of as many files
is timed as a whole process. A bare interpreter is timed in between, as a measure of how quiet the
machine is.
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

ENTITY = """from dataclasses import dataclass


@dataclass
class Thing{n}:
    id: int
    title: str


class Store{n}:
    def add_thing(self, title: str) -> Thing{n}: ...
    def list_things(self) -> list[Thing{n}]: ...


"""
BODY = "\n\n".join(f"def f{n}(x: int) -> int:\n    return x + {n}\n" for n in range(20))


def texts(count: int, version: int) -> dict[str, str]:
    """The files of a version: each differs from the one before in a line at its end."""
    return {f"backend/app/m{n}.py": f"{BODY}\n\nVERSION = {version}\n" for n in range(count)}


def program(root: Path, count: int) -> None:
    """A console program of as many files; every tenth keeps something."""
    for n in range(count):
        text = (ENTITY.format(n=n) if n % 10 == 0 else "") + BODY
        (root / f"m{n}.py").write_text(text, "utf-8")
    (root / "__main__.py").write_text("print(input())\n", "utf-8")


def seconds(*argv: str) -> float:
    """How long a command takes."""
    start = time.perf_counter()
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def main() -> None:
    """Make the projects, edit one, and time the plans."""
    parser = argparse.ArgumentParser()
    for name, default in (("--files", 200), ("--edited", 10), ("--rounds", 9)):
        parser.add_argument(name, type=int, default=default)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as other:
        root = Path(folder)
        program(Path(other), wanted.files)
        evolve = ("-m", "devtool", "evolve", "-C", other, "--dry-run", "--name", "big")
        apply_update(plan_update(root, texts(wanted.files, 1)))
        for number in range(wanted.edited):
            path = root / f"backend/app/m{number}.py"
            path.write_text(f"# mine\n{path.read_text()}")
        plans, bare, commands = [], [], []
        for _ in range(wanted.rounds):
            start = time.perf_counter()
            planned = plan_update(root, texts(wanted.files, 2))
            plans.append(time.perf_counter() - start)
            bare.append(seconds(sys.executable, "-I", "-c", "pass"))
            commands.append(seconds(sys.executable, *evolve))
    merged = sum(change.action == "merge" for change in planned.changes)
    print(f"{wanted.files} files, {merged} merged")
    timed = {"plan": plans, "devtool evolve --dry-run": commands, "bare interpreter": bare}
    for name, values in timed.items():
        ms = [value * 1000 for value in values]
        print(f"{name}: median {statistics.median(ms):.0f} ms, best {min(ms):.0f} ms")


if __name__ == "__main__":
    main()
