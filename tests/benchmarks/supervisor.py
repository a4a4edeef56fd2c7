"""What a run costs beside what it runs: the speed of its logs, its start, its memory and processor time.

usage: python -m tests.benchmarks.supervisor [--runs N] [--megabytes N] [--seconds N]

Measures the devtool that is installed beside the interpreter it runs under. honcho and a FastAPI to
start live in environments of their own, built once in the user's cache folder. Contenders take turns,
so a busy machine slows all of them alike: trust the ratios.
"""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from tests.benchmarks.startup import (
    DEVTOOL,
    ENVIRONMENT,
    PYTHON,
    Goal,
    Measure,
    measure,
    python_with,
    show_goals,
)
from tests.ports import free_port

LINE = b'INFO:     127.0.0.1:51234 - "GET /api/tasks?limit=20 HTTP/1.1" 200 OK  (3.1 ms, 20 rows)\n'
# Written when the application's module is imported: the earliest sign of life that devtool cannot speed up.
APPLICATION = """
import os
os.write(1, b"begun\\n")
from fastapi import FastAPI

app = FastAPI()
"""
IDLE = "import signal; signal.pause()"
DEADLINE = 60

GOALS = (
    Goal(
        text="log lines through devtool / through honcho",
        value=lambda at: at["devtool, two services"] / at["honcho"],
        limit=1 / 5,
        unit="x",
    ),
    Goal(
        text="log lines through devtool / through cat",
        value=lambda at: at["devtool, two services"] / at["cat"],
        limit=3,
        unit="x",
    ),
    Goal(
        text="start of a FastAPI application, over the same command by hand",
        value=lambda at: (at["devtool run"] - at["by hand"]) * 1000,
        limit=60,
        unit="ms",
    ),
)


def main() -> int:
    """Measure, print the tables, and return 1 if a goal was missed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--runs", type=int, default=7, help="rounds (default: 7)")
    parser.add_argument("--megabytes", type=int, default=400, help="of lines (default: 400)")
    parser.add_argument("--seconds", type=float, default=20, help="of idling (default: 20)")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ENVIRONMENT["XDG_STATE_HOME"] = str(folder / "state")
        medians = measure(talkers(folder, given.megabytes), given.runs)
        medians |= measure(starters(folder), given.runs)
        show_speeds(medians, given.megabytes)
        show_starts(medians)
        show_idling(folder, given.seconds)
    return show_goals(medians, GOALS)


def talkers(folder: Path, megabytes: int) -> dict[str, Measure]:
    """The ways that a service's lines can take, in seconds a megabyte until the last has come out.

    A second service is silent until the end of the first ends both, as honcho has it too. honcho
    gets a twentieth of the lines, or it alone would take minutes.
    """
    many = lines(folder / "many.log", megabytes)
    few = lines(folder / "few.log", max(1, megabytes // 20))
    procfile = folder / "Procfile"
    procfile.write_text(f"one: cat {few}\ntwo: sleep 1000\n", encoding="utf-8")
    honcho = (python_with("honcho"), "-m", "honcho", "start", "-f", str(procfile))
    alone = {"one": ["cat", str(many)]}
    one = declare(folder / "one", alone)
    two = declare(folder / "two", {**alone, "two": ["sleep", "1000"]})
    return {
        "cat": speed(many, "sh", "-c", f"cat {many} | cat"),
        "honcho": speed(few, *honcho),
        "devtool, one service": speed(many, DEVTOOL, "run", "-C", str(one)),
        "devtool, two services": speed(many, DEVTOOL, "run", "-C", str(two)),
    }


def lines(path: Path, megabytes: int) -> Path:
    """A file of so many lines."""
    with path.open("wb") as file:
        for _ in range(megabytes):
            file.write(LINE * ((1 << 20) // len(LINE)))
    return path


def declare(root: Path, commands: dict[str, list[str]]) -> Path:
    """A project that consists of declared services."""
    root.mkdir()
    tables = (f"[services.{n}]\ncommand = {json.dumps(argv)}\n" for n, argv in commands.items())
    (root / "devtool.toml").write_text("\n".join(tables), encoding="utf-8")
    return root


def speed(path: Path, *argv: str) -> Measure:
    """The seconds for each megabyte of a file until a process has written it all, and ended."""
    size = path.stat().st_size

    def seconds() -> float:
        start = time.perf_counter()
        received = 0
        with subprocess.Popen(
            argv, env=ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, bufsize=0
        ) as process:
            assert process.stdout is not None
            while piece := process.stdout.read(1 << 20):
                received += len(piece)
        if received < size:
            raise RuntimeError(f"{argv[0]} lost {size - received} of {size} bytes")
        return (time.perf_counter() - start) / (size / 1e6)

    return seconds


def starters(folder: Path) -> dict[str, Measure]:
    """One application started by hand and by devtool, in seconds until its module is imported."""
    root = folder / "api"
    root.mkdir()
    (root / "main.py").write_text(APPLICATION, encoding="utf-8")
    (root / "requirements.txt").write_text("fastapi\nuvicorn\n", encoding="utf-8")
    python = python_with("fastapi", "uvicorn")
    (root / ".venv").symlink_to(Path(python).parent.parent)
    port = str(free_port())
    run = (DEVTOOL, "run", "--no-reload", "--port", port)
    return {
        "by hand": first_sign(root, *same_command(root, run)),
        "devtool run": first_sign(root, *run),
        "devtool run, ready to reload": first_sign(root, DEVTOOL, "run", "--port", port),
    }


def same_command(root: Path, run: tuple[str, ...]) -> list[str]:
    """What a run would start, word for word."""
    dry = (*run, "--dry-run", "--json")
    done = subprocess.run(dry, cwd=root, env=ENVIRONMENT, capture_output=True, check=True)
    (service,) = json.loads(done.stdout)["services"]
    return list(service["argv"])


def first_sign(root: Path, *argv: str) -> Measure:
    """The seconds until the application has begun."""

    def seconds() -> float:
        start = time.perf_counter()
        with started(root, *argv) as process:
            assert process.stdout is not None
            for line in process.stdout:
                if line == b"begun\n":
                    return time.perf_counter() - start
        raise RuntimeError(f"{argv[0]} ended without a sign of the application")

    return seconds


@contextmanager
def started(root: Path, *argv: str) -> Iterator[subprocess.Popen[bytes]]:
    """A running process, interrupted in the end."""
    with subprocess.Popen(
        argv,
        cwd=root,
        env=ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=DEADLINE)


def show_speeds(medians: dict[str, float], megabytes: int) -> None:
    """Print how fast lines pass."""
    print(f"{megabytes} MB of log lines, from the start of the process to its end")
    for name in ("cat", "honcho", "devtool, one service", "devtool, two services"):
        ratio = medians[name] / medians["cat"]
        print(f"{name:24}{1 / medians[name]:>8.0f} MB/s{ratio:>8.2f}x cat")


def show_starts(medians: dict[str, float]) -> None:
    """Print what a start costs."""
    print("\nuntil a FastAPI application's module is imported")
    for name in ("by hand", "devtool run", "devtool run, ready to reload"):
        print(f"{name:30}{medians[name] * 1000:>8.1f} ms")


def show_idling(folder: Path, seconds: float) -> None:
    """Print what devtool takes for itself while services do nothing."""
    print(f"\ndevtool's own processes while services idle for {seconds:g} s")
    costs = {}
    for count in (1, 9):
        names = [f"idle{number}" for number in range(count)]
        root = declare(folder / f"idle{count}", {name: [PYTHON, "-c", IDLE] for name in names})
        costs[count] = idle(root, count, seconds)
        memory, share = costs[count]
        print(f"{f'{count} services':24}{memory / 2**20:>8.1f} MB{share * 100:>8.2f} % of a core")
    added = (costs[9][0] - costs[1][0]) / 8 / 1024
    share = max(0.0, costs[9][1] - costs[1][1]) / 8 * 100
    print(f"{'for each one more':24}{added:>8.0f} KB{share:>8.2f} % of a core")


def idle(root: Path, count: int, seconds: float) -> tuple[int, float]:
    """The memory that devtool has to itself, and its share of a core."""
    with started(root, DEVTOOL, "run") as process:
        devtool = own_processes(process.pid, count)
        before = sum(spent(each) for each in devtool)
        time.sleep(seconds)
        after = sum(spent(each) for each in devtool)
        memory = sum(each.memory_full_info().uss for each in devtool)
    return memory, (after - before) / seconds


def own_processes(pid: int, count: int) -> list[psutil.Process]:
    """The guardian and the worker, once every service runs."""
    guardian = psutil.Process(pid)
    deadline = time.monotonic() + DEADLINE
    while time.monotonic() < deadline:
        for worker in guardian.children():
            if len([each for each in worker.children() if IDLE in each.cmdline()]) == count:
                return [guardian, worker]
        time.sleep(0.05)
    raise RuntimeError(f"{count} services did not start")


def spent(process: psutil.Process) -> float:
    """The processor time of a process, in seconds."""
    times = process.cpu_times()
    return float(times.user + times.system)


if __name__ == "__main__":
    sys.exit(main())
