"""What the generated API has to achieve, as ratios of figures from one run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from tests.benchmarks.generated_load import KINDS, Cell, Crowd

Cells = Mapping[str, Mapping[str, Sequence[Cell]]]  # by contender and kind of request
SHARES = {"default": 0.36, "fast": 0.48}  # of the limit, in CPU time per answer
AGAINST_SEED = 4.0  # times less CPU time
JOURNAL = ("seed", "template")  # on SQLite as it comes, with a rollback journal
AGAINST_JOURNAL = 5.0  # times less time for 99 of 100 answers
MOST_KB = 100.0  # of memory for each client of a crowd
GATE = 0.8  # of a goal: one and the same cell moves by up to a quarter on a busy machine


@dataclass(frozen=True)
class Goal:
    """A figure, and the least or the most that it may be."""

    text: str
    value: float
    bound: float
    is_least: bool = True

    def is_met(self, slack: float = 1.0) -> bool:
        """Whether the figure is within the bound, or that part of it."""
        if self.is_least:
            return self.value >= self.bound * slack
        return self.value <= self.bound / slack


def share(cells: Cells, name: str, kind: str, of: str = "raw") -> float:
    """The CPU time of another contender per answer, as a part of this one's in the same round."""
    return _ratio(cells, name, of, kind, lambda cell: cell.cpu)


def goals(cells: Cells, crowds: Mapping[str, Crowd], database: str) -> Iterator[Goal]:
    """Every goal that was measured."""
    if database == "sqlite":
        yield from _sqlite_goals(cells)
    else:
        yield from _cost_goals(cells)
    for name, crowd in crowds.items():
        yield from _crowd_goals(name, crowd)


def show(measured: Sequence[Goal]) -> None:
    """Print each goal with its figure."""
    print()
    for goal in measured:
        verdict = "met" if goal.is_met() else "MISSED"
        bound = f"{'>=' if goal.is_least else '<='} {goal.bound:g}"
        print(f"{verdict:7}{goal.value:8.2f}  {bound:8} {goal.text}")


def _cost_goals(cells: Cells) -> Iterator[Goal]:
    for name, least in SHARES.items():
        for kind in KINDS:
            if name in cells and "raw" in cells:
                text = f"{name} {kind}: the limit's CPU time as a part of its own"
                yield Goal(text, share(cells, name, kind), least)
    for kind in KINDS:
        if "default" in cells and "seed" in cells:
            text = f"default {kind}: times less CPU time than the seed's shape"
            yield Goal(text, share(cells, "default", kind, "seed"), AGAINST_SEED)


def _sqlite_goals(cells: Cells) -> Iterator[Goal]:
    for peer in JOURNAL:
        if peer in cells and "default" in cells:
            value = _ratio(cells, "default", peer, "create", lambda cell: cell.p99)
            text = f"default create: times less time (p99) than {peer}, with a rollback journal"
            yield Goal(text, value, AGAINST_JOURNAL)


def _crowd_goals(name: str, crowd: Crowd) -> Iterator[Goal]:
    of = f"{name}, {crowd.clients} clients, {crowd.answers} answers"
    before, first, second = crowd.memory
    yield Goal(f"{of}: failed", crowd.failed, 0, is_least=False)
    yield Goal(f"{of}: connections to the database", crowd.database_connections, 10, is_least=False)
    text = f"{of}: kB of memory a client ({before:.0f} MB before, {first:.0f} MB at most)"
    yield Goal(text, (first - before) * 1000 / crowd.clients, MOST_KB, is_least=False)
    text = f"{of}: memory when they came again, as a part of the first time"
    yield Goal(text, second / first, 1.1, is_least=False)


def _ratio(
    cells: Cells, name: str, other: str, kind: str, figure: Callable[[Cell], float]
) -> float:
    """The median over the rounds of how much more of something the other one takes."""
    pairs = zip(cells[other][kind], cells[name][kind], strict=True)
    return median(figure(theirs) / figure(own) for theirs, own in pairs)
