"""THE TABLE of phases: each a condition over what was proved. The highest that holds wins."""

from __future__ import annotations

from typing import NamedTuple

from devtool.model.detection import Phase

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection


class PhaseRule(NamedTuple):
    """A phase holds when all signals of one of its alternatives are proved."""

    phase: Phase
    description: str
    alternatives: tuple[frozenset[str], ...]


def _any(*alternatives: str) -> tuple[frozenset[str], ...]:
    return tuple(frozenset(alternative.split()) for alternative in alternatives)


# Signals: console, web, web-library (imported, but no application was found), frontend, ui, ai,
# kubernetes, deployment-only (manifests, and no code of theirs), events, queue, python (nothing but
# source files: the default).
# A phase is reached through the ones before it: a chart around a library, or a task queue beside a
# plain web application, does not make phase IV or V of it.
PHASES = (
    PhaseRule(
        Phase.EVENTS,
        "Event-Driven Application (Phase V)",
        _any(
            "events web",
            "events ai",
            "events frontend",
            "events kubernetes",
            "queue ai kubernetes web",
        ),
    ),
    PhaseRule(
        Phase.KUBERNETES,
        "Cloud-Native Application on Kubernetes (Phase IV)",
        _any(
            "kubernetes ai web",
            "kubernetes ai frontend",
            "kubernetes web frontend",
            "kubernetes deployment-only",
        ),
    ),
    PhaseRule(Phase.AI, "AI Chatbot Application (Phase III)", _any("ai")),
    PhaseRule(
        Phase.WEB,
        "Full Stack Web Application (Phase II)",
        _any("web", "frontend", "ui", "web-library"),
    ),
    PhaseRule(Phase.CONSOLE, "Console Application (Phase I)", _any("console")),
)
DEFAULT_DESCRIPTION = "Console Application (Phase I - Default)"


def phase_of(signals: Collection[str]) -> tuple[Phase, str]:
    """The highest phase that the proved signals reach, and its description."""
    for rule in PHASES:
        if any(needed <= set(signals) for needed in rule.alternatives):
            return rule.phase, rule.description
    return Phase.CONSOLE, DEFAULT_DESCRIPTION
