"""The table of checks, and what runs it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from devtool.config.settings import Settings
from devtool.doctor import (
    databases,
    declarations,
    dotenv,
    environments,
    frontends,
    interpreters,
    migrations,
    ports,
    variables,
    watching,
)
from devtool.doctor.fixing import fix
from devtool.doctor.subject import Subject
from devtool.errors import DevtoolError
from devtool.launch import plan
from devtool.model.detection import Detection
from devtool.model.doctor import Diagnosis, Finding, Level


class Check(NamedTuple):
    """One entry of the table: what it is called, and what looks."""

    name: str
    look: Callable[[Subject], Iterator[Finding]]


CHECKS = (
    Check("declarations", declarations.look),
    Check("interpreter", interpreters.look),
    Check("environment", environments.look),
    Check("frontend", frontends.look),
    Check("dotenv", dotenv.look),
    Check("variables", variables.look),
    Check("ports", ports.look),
    Check("databases", databases.look),
    Check("migrations", migrations.look),
    Check("watching", watching.look),
)


def diagnose(
    root: Path,
    *,
    load: Callable[[Path], Settings],
    detect: Callable[[Path, Settings | None], Detection],
    repair: bool = False,
    emit: Callable[[str], None] = lambda _: None,
    env: Mapping[str, str] | None = None,
) -> Diagnosis:
    """Look at a project with every check.

    Args:
        root: Its folder.
        load: Reads its settings.
        detect: Says what it is; without settings where these are wrong.
        repair: Do what is safe first: see `Action`.
        emit: Called with a line before each step of that.
        env: The environment variables; those of this process if left out.

    Raises:
        ConfigError: When there is no such folder.
    """
    env = os.environ if env is None else env
    done: tuple[str, ...] = ()
    findings = _findings(subject_of(root, load, detect, env))
    if repair and any(each.action for each in findings):
        subject = subject_of(root, load, detect, env)
        done, failed = fix(subject, findings, emit)
        findings = [*_findings(subject_of(root, load, detect, env)), *failed]
    return Diagnosis(root=str(root), findings=tuple(findings), fixed=done)


def subject_of(
    root: Path,
    load: Callable[[Path], Settings],
    detect: Callable[[Path, Settings | None], Detection],
    env: Mapping[str, str],
) -> Subject:
    """A project with its settings and its plan, as far as these can be had."""
    problems: list[DevtoolError] = []
    settings = None
    try:
        settings = load(root)
        detection = detect(root, settings)
    except DevtoolError as error:
        problems.append(error)
        from devtool.detection import detect as detect_files

        detection = detect_files(root)
    wanted = None
    if settings is not None and not problems:
        try:
            # As if every port were free: what is in their way is a finding of its own.
            wanted = plan(detection, settings, port_free=lambda _host, _port: True)
        except DevtoolError as error:
            problems.append(error)
    return Subject(
        root,
        env,
        detection=detection,
        plan=wanted,
        problems=tuple(problems),
        settings=settings,
    )


def _findings(subject: Subject) -> list[Finding]:
    return [finding for check in CHECKS for finding in _looked(check, subject)]


def _looked(check: Check, subject: Subject) -> Iterator[Finding]:
    try:
        yield from check.look(subject)
    except DevtoolError as error:
        yield Finding(check=check.name, level=Level.ERROR, text=error.message, fix=error.hint)
    except OSError as error:
        where = subject.shown(error.filename) if error.filename else "a file"
        text = f"{where} could not be looked at ({error.strerror})"
        yield Finding(check=check.name, level=Level.WARNING, text=text)
