"""What it costs to generate a project: whole processes, interleaved, against a bare interpreter.

usage: python -m tests.benchmarks.new_project [--runs N]

Trust the ratios: every contender runs once per round, so a busy machine slows all of them alike.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import tempfile
import time
from pathlib import Path

from tests.benchmarks.startup import (
    DEVTOOL,
    PYTHON,
    Goal,
    Measure,
    measure,
    process,
    run,
    show_goals,
    show_medians,
)

GOALS = (
    Goal(
        text="a whole project of phase II / bare interpreter",
        value=lambda at: at["new, phase II"] / at["bare interpreter"],
        limit=12,
        unit="x",
    ),
    Goal(
        text="a whole project of phase III / bare interpreter",
        value=lambda at: at["new, phase III"] / at["bare interpreter"],
        limit=14,
        unit="x",
    ),
)


def main() -> int:
    """Measure, print the table, and return 1 if a goal was missed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--runs", type=int, default=15, help="rounds (default: 15)")
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as folder:
        medians = measure(
            {
                "bare interpreter": process(PYTHON, "-I", "-c", "pass"),
                "new, phase I": new(Path(folder), "1"),
                "new, phase II": new(Path(folder), "2"),
                "new, phase III": new(Path(folder), "3"),
            },
            runs,
        )
    show_medians(medians, runs)
    return show_goals(medians, GOALS)


def new(folder: Path, phase: str) -> Measure:
    """The seconds that a project takes, each time one of another name."""
    numbers = itertools.count()

    def seconds() -> float:
        name = f"shop-{phase}-{next(numbers)}"
        start = time.perf_counter()
        run((DEVTOOL, "new", name, "-C", str(folder), "--phase", phase))
        return time.perf_counter() - start

    return seconds


if __name__ == "__main__":
    sys.exit(main())
