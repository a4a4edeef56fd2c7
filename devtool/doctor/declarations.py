"""Settings that are wrong, and targets that lead nowhere."""

from __future__ import annotations

from collections.abc import Iterator

from devtool.doctor.subject import Subject
from devtool.errors import UndetectedError
from devtool.model.doctor import Finding, Level

CHECK = "declarations"


def look(subject: Subject) -> Iterator[Finding]:
    """Whatever keeps a run from knowing what to start, and declarations that name what is not there."""
    found = [*_problems(subject), *_stale(subject), *_unreadable(subject)]
    if found:
        yield from found
        return
    names = ", ".join(service.name for service in subject.services)
    text = f"every declaration leads to a file; a run starts {names}"
    yield Finding(check=CHECK, level=Level.OK, text=text)


def _problems(subject: Subject) -> Iterator[Finding]:
    for error in subject.problems:
        # A folder without anything to start may be meant so; a wrong declaration is not.
        level = Level.WARNING if isinstance(error, UndetectedError) else Level.ERROR
        yield Finding(check=CHECK, level=level, text=error.message, fix=error.hint)


def _stale(subject: Subject) -> Iterator[Finding]:
    for miss in subject.detection.near_misses:
        if miss.path and "not there" in miss.text:
            yield Finding(
                check=CHECK,
                level=Level.WARNING,
                text=f"{miss.path}:{miss.line}: {miss.text}",
                fix=f"correct or remove line {miss.line} of {miss.path}",
                path=miss.path,
                line=miss.line,
            )


def _unreadable(subject: Subject) -> Iterator[Finding]:
    for note in subject.detection.notes:
        if note.kind == "unreadable" and note.path:
            yield Finding(
                check=CHECK, level=Level.WARNING, text=note.text, path=note.path, line=note.line
            )
