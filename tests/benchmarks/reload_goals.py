"""What reloading has to achieve, as ratios of figures from one run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any

Results = dict[str, dict[str, dict[str, Any]]]


@dataclass(frozen=True, kw_only=True)
class Goal:
    """A figure, and the least or the most that it may be."""

    text: str
    value: Callable[[Results], float]
    at_least: float | None = None
    at_most: float | None = None
    unit: str = ""

    def is_met(self, value: float) -> bool:
        """True if the value is within the bound."""
        return (self.at_least is None or value >= self.at_least) and (
            self.at_most is None or value <= self.at_most
        )


def show_goals(results: Results) -> int:
    """Print each goal that was measured, with its value; 1 if one was missed."""
    print()
    missed = 0
    for goal in GOALS:
        try:
            value = goal.value(results)
        except KeyError:
            continue
        verdict = "met" if goal.is_met(value) else "MISSED"
        missed |= verdict != "met"
        bound = f">= {goal.at_least:g}" if goal.at_least is not None else f"<= {goal.at_most:g}"
        print(f"{verdict:7}{value:>8.2f} {goal.unit:3}{bound:9} {goal.text}")
    return missed


def middle(results: Results, variant: str, tool: str, kind: str) -> float:
    """The median of edits in seconds, without those that were lost."""
    known = [each for each in results[variant][tool][kind] if each is not None]
    if not known:
        raise KeyError(tool)
    return float(median(known))


def faster(variant: str, kind: str, peer: str) -> Callable[[Results], float]:
    """How many times faster ours is."""
    return lambda at: middle(at, variant, peer, kind) / middle(at, variant, "devtool", kind)


def worst(*keys: str) -> Callable[[Results], float]:
    """The largest value of ours in any variant."""

    def value(results: Results) -> float:
        values = []
        for tools in results.values():
            found: Any = tools["devtool"]
            for key in keys:
                found = found[key]
            values.append(float(found))
        return max(values)

    return value


def lost(results: Results) -> float:
    """How many edits of ours never showed."""
    return sum(
        float(times.count(None))
        for tools in results.values()
        for times in (tools["devtool"]["leaf"], tools["devtool"]["central"])
    )


def start_ratio(results: Results) -> float:
    """The worst ratio of first answers to those of plain uvicorn."""
    return max(
        float(median(tools["devtool"]["start"]) / median(tools["plain uvicorn"]["start"]))
        for tools in results.values()
    )


def memory_ratio(results: Results) -> float:
    """The worst ratio of memory to that of uvicorn's reloader."""
    return max(
        float(tools["devtool"]["idle"]["pss_mb"] / tools["uvicorn"]["idle"]["pss_mb"])
        for tools in results.values()
    )


def taken_ports(results: Results) -> float:
    """How often the port was still taken after SIGKILL."""
    return sum(not tools["devtool"]["kill"]["port_is_free"] for tools in results.values())


GOALS = (
    Goal(text="leaf edit, faster than uvicorn, 15 modules", value=faster("web", "leaf", "uvicorn"), at_least=25, unit="x"),
    Goal(text="leaf edit, faster than uvicorn, agents and MCP", value=faster("ai", "leaf", "uvicorn"), at_least=45, unit="x"),
    Goal(text="leaf edit, faster than uvicorn, 200 more modules", value=faster("large", "leaf", "uvicorn"), at_least=20, unit="x"),
    Goal(text="leaf edit, faster than uvicorn-hmr, 15 modules", value=faster("web", "leaf", "uvicorn-hmr"), at_least=1, unit="x"),
    Goal(text="leaf edit, faster than uvicorn-hmr, agents and MCP", value=faster("ai", "leaf", "uvicorn-hmr"), at_least=1, unit="x"),
    Goal(text="leaf edit, as fast as uvicorn-hmr within 1.2, 200 more modules", value=faster("large", "leaf", "uvicorn-hmr"), at_least=1 / 1.2, unit="x"),
    Goal(text="central edit, faster than uvicorn, 15 modules", value=faster("web", "central", "uvicorn"), at_least=10, unit="x"),
    Goal(text="central edit, faster than uvicorn, agents and MCP", value=faster("ai", "central", "uvicorn"), at_least=10, unit="x"),
    Goal(text="central edit, faster than uvicorn, 200 more modules", value=faster("large", "central", "uvicorn"), at_least=10, unit="x"),
    Goal(text="edits that never showed", value=lost, at_most=0),
    Goal(text="failed requests through edits and errors, a stream open", value=worst("load", "failed"), at_most=0),
    Goal(text="longest wait of a client", value=worst("load", "longest_ms"), at_most=60, unit="ms"),
    Goal(text="first answer, over plain uvicorn", value=start_ratio, at_most=1.15, unit="x"),
    Goal(text="memory, over uvicorn's reloader", value=memory_ratio, at_most=1.3, unit="x"),
    Goal(text="processor time while idle", value=worst("idle", "cpu_percent"), at_most=0.5, unit="%"),
    Goal(text="reloads for 30 files at once", value=worst("bursts", "at_once"), at_most=1),
    Goal(text="reloads for 30 files over 0.6 s", value=worst("bursts", "spread"), at_most=2),
    Goal(text="orphans after SIGKILL", value=worst("kill", "orphans"), at_most=0),
    Goal(text="ports still taken after SIGKILL", value=taken_ports, at_most=0),
)  # fmt: skip
