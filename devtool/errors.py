"""The error tree and its exit codes.

DevtoolError            1   could not do it
├── ConfigError         2   a setting, option or declared target is wrong
├── UndetectedError     3   nothing here that devtool knows
├── AmbiguousError      4   several answers; carries the candidates
├── ServiceError        5   a service died or never became ready
├── ConflictError       6   user edits and generated text conflict
└── ToolchainError      7   no interpreter, package manager or Node.js found

Library callers get these as exceptions; only `devtool.cli.main` turns them into exit codes.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from devtool.model.detection import Candidate, Note


class DevtoolError(Exception):
    """Something could not be done: one sentence of fact, and one of advice.

    Args:
        message: What is the case, naming the file and the value.
        hint: The way out, or an empty string.
        notes: What was seen on the way that may explain it, such as files that could not be read.
    """

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "", notes: Sequence[Note] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.notes = tuple(notes)


class ConfigError(DevtoolError):
    """A setting, an option or a declared target is wrong."""

    exit_code = 2


class UndetectedError(DevtoolError):
    """Nothing here is of a kind devtool knows; the near misses stand in the notes."""

    exit_code = 3


class AmbiguousError(DevtoolError):
    """Several answers are equally good.

    Args:
        message: What is ambiguous.
        candidates: Every answer, with its evidence and the command that chooses it.
        hint: The line to put in devtool.toml, or the option that settles it.
        notes: As in `DevtoolError`.
    """

    exit_code = 4

    def __init__(
        self,
        message: str,
        *,
        candidates: Sequence[Candidate] = (),
        hint: str = "",
        notes: Sequence[Note] = (),
    ) -> None:
        super().__init__(message, hint=hint, notes=notes)
        self.candidates = tuple(candidates)


class ServiceError(DevtoolError):
    """A service died or never became ready.

    Args:
        message: Which service, and what happened to it.
        exit_code: The code to end with: that of a single service, or 5.
        hint: The way out, or an empty string.
        notes: As in `DevtoolError`.
    """

    def __init__(
        self, message: str, *, exit_code: int = 5, hint: str = "", notes: Sequence[Note] = ()
    ) -> None:
        super().__init__(message, hint=hint, notes=notes)
        self.exit_code = exit_code


class ConflictError(DevtoolError):
    """User edits and generated text conflict; the user's files were left alone."""

    exit_code = 6


class ToolchainError(DevtoolError):
    """No interpreter, package manager or Node.js was found for a service."""

    exit_code = 7
