"""What a command costs before it does anything: whole processes, interleaved, against empty ones.

usage: python -m tests.benchmarks.startup [--runs N]

Measures the devtool that is installed beside the interpreter it runs under. The empty commands live in
environments of their own, built once in the user's cache folder. Trust the ratios: every contender runs once per
round, so a busy machine slows all of them alike.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import platformdirs

PYTHON = sys.executable
DEVTOOL = str(Path(sys.executable).with_name("devtool"))
EXAMPLE = Path(__file__).parent.parent.parent / "docs" / "examples" / "fullstack-todo"

EMPTY = """
import typer

app = typer.Typer()


@app.command()
def nothing() -> None:
    pass


app()
"""

# Prints the seconds of the first detection in a process, with everything that it loads on the way.
DETECT = """
import sys, time
from devtool.detection import detect
start = time.perf_counter()
detect(sys.argv[1])
print(time.perf_counter() - start)
"""

ENVIRONMENT = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
Measure = Callable[[], float]


@dataclass(frozen=True, kw_only=True)
class Goal:
    """A claim about the medians: one value, and the most it may be."""

    text: str
    value: Callable[[dict[str, float]], float]
    limit: float
    unit: str


GOALS = (
    Goal(
        text="phase on the example / empty command on typer 0.28",
        value=lambda at: at["phase, example"] / at["empty, typer 0.28"],
        limit=1.35,
        unit="x",
    ),
    Goal(
        text="phase on a full-stack tree of 60 files / empty command on typer 0.28",
        value=lambda at: at["phase, 60 files"] / at["empty, typer 0.28"],
        limit=1.35,
        unit="x",
    ),
    Goal(
        text="phase on the example / empty command on the newest typer",
        value=lambda at: at["phase, example"] / at["empty, newest typer"],
        limit=0.6,
        unit="x",
    ),
    Goal(
        text="detection alone, first in its process, on the example",
        value=lambda at: at["detect(), example"] * 1000,
        limit=25,
        unit="ms",
    ),
    Goal(
        text="detection alone, first in its process, on 60 files",
        value=lambda at: at["detect(), 60 files"] * 1000,
        limit=25,
        unit="ms",
    ),
    Goal(
        text="import devtool, over bare",
        value=lambda at: (at["import devtool"] - at["bare interpreter"]) * 1000,
        limit=5,
        unit="ms",
    ),
    Goal(
        text="phase on 100,000 files / on 100 files",
        value=lambda at: at["phase, 100,000 files"] / at["phase, 100 files"],
        limit=1.5,
        unit="x",
    ),
)


def main() -> int:
    """Measure, print the table, and return 1 if a goal was missed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--runs", type=int, default=15, help="rounds (default: 15)")
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as folder:
        medians = measure(contenders(Path(folder)), runs)
    show_medians(medians, runs)
    return show_goals(medians)


def contenders(folder: Path) -> dict[str, Measure]:
    """What is compared, in the order of the table."""
    empty = folder / "empty.py"
    empty.write_text(EMPTY, encoding="utf-8")
    sixty = full_stack(folder / "sixty", modules=40, pages=14)
    hundred = full_stack(folder / "hundred", modules=70, pages=24)
    huge = ballast(full_stack(folder / "huge", modules=70, pages=24), files=99_900)
    return {
        "bare interpreter": process(PYTHON, "-c", "pass"),
        "import devtool": process(PYTHON, "-c", "import devtool"),
        "empty, typer 0.28": process(python_with("typer==0.28.*"), str(empty)),
        "empty, newest typer": process(python_with("typer"), str(empty)),
        "devtool --version": process(DEVTOOL, "--version"),
        "phase, example": process(DEVTOOL, "phase", "-C", str(EXAMPLE)),
        "phase, 60 files": process(DEVTOOL, "phase", "-C", str(sixty)),
        "phase, 100 files": process(DEVTOOL, "phase", "-C", str(hundred)),
        "phase, 100,000 files": process(DEVTOOL, "phase", "-C", str(huge)),
        "detect(), example": reported(PYTHON, "-c", DETECT, str(EXAMPLE)),
        "detect(), 60 files": reported(PYTHON, "-c", DETECT, str(sixty)),
    }


def process(*argv: str) -> Measure:
    """The seconds from start to end of a process."""

    def seconds() -> float:
        start = time.perf_counter()
        run(argv)
        return time.perf_counter() - start

    return seconds


def reported(*argv: str) -> Measure:
    """The seconds that a process prints."""
    return lambda: float(run(argv))


def run(argv: tuple[str, ...]) -> str:
    """The output of a process that must succeed, with bytecode cached as an installation has it."""
    done = subprocess.run(
        argv, env=ENVIRONMENT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True
    )
    return done.stdout


def measure(contenders: dict[str, Measure], runs: int) -> dict[str, float]:
    """The median of each, after one round that fills the caches."""
    rounds = [{name: once() for name, once in contenders.items()} for _ in range(runs + 1)]
    return {name: median(results[name] for results in rounds[1:]) for name in contenders}


def python_with(*requirements: str) -> str:
    """The interpreter of an environment that holds this and no more."""
    name = "".join(c if c.isalnum() else "-" for c in "-".join(requirements))
    folder = Path(platformdirs.user_cache_dir("devtool-benchmarks")) / name
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
    upgrade = (str(python), "-m", "pip", "install", "--quiet", "--upgrade", *requirements)
    subprocess.run(upgrade, stdin=subprocess.DEVNULL, check=True)
    return str(python)


def full_stack(root: Path, *, modules: int, pages: int) -> Path:
    """A FastAPI backend of so many routers and a Vite frontend of so many pages."""
    router = "from fastapi import APIRouter\n\nrouter = APIRouter()\n"
    routes = [
        f'\n\n@router.get("/{i}")\ndef read_{i}(limit: int = {i}):\n    return limit\n'
        for i in range(12)
    ]
    names = [f"part_{i}" for i in range(modules)]
    files = {
        "README.md": "# Shop\n",
        "backend/requirements.txt": "fastapi\nsqlmodel\nuvicorn\n",
        "backend/app/__init__.py": "",
        "backend/app/main.py": "".join(
            (
                "from fastapi import FastAPI\n\n",
                *(f"from app.{name} import router as {name}\n" for name in names),
                "\napp = FastAPI()\n",
                *(f"app.include_router({name})\n" for name in names),
            )
        ),
        "frontend/package.json": '{"scripts": {"dev": "vite"}, "devDependencies": {"vite": "^6"}}',
        "frontend/index.html": "<!doctype html>\n",
        **{f"backend/app/{name}.py": router + "".join(routes) for name in names},
        **{f"frontend/src/page{i}.tsx": "export const page = () => null;\n" for i in range(pages)},
    }
    for path, text in files.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return root


def ballast(root: Path, *, files: int) -> Path:
    """The same tree with so many more files in it, code and data by turns."""
    for number in range(files):
        folder = root / "archive" / f"{number // 1000:03}"
        if number % 1000 == 0:
            folder.mkdir(parents=True)
        suffix = "py" if number % 2 else "csv"
        (folder / f"item_{number}.{suffix}").write_text(f"x = {number}\n", encoding="utf-8")
    return root


def show_medians(medians: dict[str, float], runs: int) -> None:
    """Print what was measured."""
    bare = medians["bare interpreter"]
    print(f"{'':24}{'median':>10}{'/ bare':>9}   ({runs} interleaved runs)")
    for name, seconds in medians.items():
        print(f"{name:24}{seconds * 1000:>7.1f} ms{seconds / bare:>8.2f}x")


def show_goals(medians: dict[str, float], goals: tuple[Goal, ...] = GOALS) -> int:
    """Print each goal with its value; 1 if one was missed."""
    print()
    missed = 0
    for goal in goals:
        value = goal.value(medians)
        verdict = "met" if value <= goal.limit else "MISSED"
        missed |= value > goal.limit
        print(f"{verdict:7}{value:>7.2f} {goal.unit:2} <= {goal.limit:<5g} {goal.text}")
    return missed


if __name__ == "__main__":
    sys.exit(main())
