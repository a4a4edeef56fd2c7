"""What an examination of a project found, and the command that changes it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

SCHEMA = 1


class Level(StrEnum):
    """How bad a finding is: an error keeps the project from running, a warning may."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


class Action(StrEnum):
    """What `devtool doctor --fix` does: it adds what is missing, and replaces nothing."""

    COPY_ENV = "copy-env"
    SYNC = "sync"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at.

    `fix` is the command that changes it, empty where there is none; `action` is set where `--fix`
    does so. `path` is relative to the project's root, `line` counts from 1. Values of variables
    and passwords stand nowhere in a finding.
    """

    check: str
    level: Level
    text: str
    fix: str = ""
    action: Action | None = None
    path: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """Every finding, in the order of the checks, and what `--fix` has done."""

    root: str
    findings: tuple[Finding, ...] = ()
    fixed: tuple[str, ...] = ()
    schema: int = SCHEMA

    def count(self, level: Level) -> int:
        """How many findings are of this level."""
        return sum(finding.level is level for finding in self.findings)
