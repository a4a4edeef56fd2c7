"""What `--fix` does: it adds what is missing, and replaces nothing."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import partial

from devtool.doctor.subject import Subject, inside
from devtool.errors import DevtoolError, ToolchainError
from devtool.model.detection import Toolchain
from devtool.model.doctor import Action, Finding, Level
from devtool.runner.requirements import read_plain
from devtool.runner.sync import sync

CHECK = "fix"


def fix(
    subject: Subject, findings: Sequence[Finding], emit: Callable[[str], None]
) -> tuple[tuple[str, ...], list[Finding]]:
    """Do what findings call for; what was done, and a finding for what failed."""
    done: list[str] = []
    failed: list[Finding] = []
    for finding in findings:
        if finding.action is Action.COPY_ENV:
            _try(partial(_copy, subject, finding.path), done, failed, emit)
    parts = {each.path for each in findings if each.action is Action.SYNC}
    for toolchain in (*subject.python_toolchains, *subject.javascript_toolchains):
        if {toolchain.root, inside(toolchain.root, "package.json")} & parts:
            _try(partial(_install, subject, toolchain, emit), done, failed, emit)
    return tuple(done), failed


def _try(
    deed: Callable[[], str],
    done: list[str],
    failed: list[Finding],
    emit: Callable[[str], None],
) -> None:
    try:
        said = deed()
    except DevtoolError as error:
        lines = "".join(f"\n  {note.text}" for note in error.notes)
        text = f"{error.message}{lines}"
        failed.append(Finding(check=CHECK, level=Level.ERROR, text=text, fix=error.hint))
        return
    done.append(said)
    emit(said)


def _copy(subject: Subject, example: str) -> str:
    """Make a `.env` of its example, for this user only, where there is none."""
    target = subject.root / inside(example.rpartition("/")[0], ".env")
    text = read_plain(subject.root / example)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    try:
        with os.fdopen(os.open(target, flags, 0o600), "wb") as file:
            file.write(text)
    except OSError as error:
        reason = error.strerror or "error"
        raise ToolchainError(f"{target} could not be made ({reason})") from error
    return f"copied {example} to {subject.shown(target)}; look through its values"


def _install(subject: Subject, toolchain: Toolchain, emit: Callable[[str], None]) -> str:
    sync([toolchain], subject.root, emit=emit, env=subject.env)
    return f"installed the packages of {toolchain.root or 'this project'}"
