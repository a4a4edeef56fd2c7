"""Whether there is an interpreter, and one of the version that the project asks for."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from devtool.doctor.subject import FIX, Subject, quoted
from devtool.errors import ToolchainError
from devtool.model.detection import Toolchain
from devtool.model.doctor import Action, Finding, Level
from devtool.runner.interpreters import find_python, satisfies
from devtool.runner.requirements import specifier

CHECK = "interpreter"


def look(subject: Subject) -> Iterator[Finding]:
    """One finding for each Python part."""
    for toolchain in subject.python_toolchains:
        if toolchain.environment:
            yield _of_environment(subject, toolchain)
        else:
            yield _to_be_used(subject, toolchain)


def _of_environment(subject: Subject, toolchain: Toolchain) -> Finding:
    home = Path(toolchain.environment)
    shown, wanted = subject.shown(home), specifier(toolchain.requires_python)
    version = environment_version(home)
    if not version:
        text = f"{shown} does not say which Python it was made with"
        return Finding(check=CHECK, level=Level.WARNING, text=text)
    if wanted and not satisfies(tuple(map(int, version.split("."))), wanted):
        return Finding(
            check=CHECK,
            level=Level.ERROR,
            text=f"{shown} has Python {version}, and {_asks(toolchain)}",
            fix=_made_anew(subject, wanted, shown),
            path=toolchain.manifest,
        )
    asked = f", as {_asks(toolchain)}" if wanted else ""
    return Finding(check=CHECK, level=Level.OK, text=f"{shown} has Python {version}{asked}")


def environment_version(home: Path) -> str:
    """The version that an environment was made with, as its own files say, or an empty string."""
    try:
        text = (home / "pyvenv.cfg").read_text("utf-8", errors="replace")
    except OSError:
        return _conda_version(home)
    match = re.search(r"^version(?:_info)?\s*=\s*(\d+\.\d+(?:\.\d+)?)", text, re.MULTILINE)
    return match[1] if match else ""


def _conda_version(home: Path) -> str:
    try:
        names = os.listdir(home / "conda-meta")  # noqa: PTH208
    except OSError:
        return ""
    found = (re.match(r"python-(\d+\.\d+\.\d+)-", name) for name in names)
    return next((match[1] for match in found if match), "")


def _asks(toolchain: Toolchain) -> str:
    return f"{toolchain.manifest or 'the project'} asks for {toolchain.requires_python}"


def _made_anew(subject: Subject, wanted: str, shown: str) -> str:
    try:
        python = find_python(wanted, subject.clean_env)
    except ToolchainError as error:
        return error.hint
    return f"{quoted(python, '-m', 'venv', '--clear', shown)} && {FIX}"


def _to_be_used(subject: Subject, toolchain: Toolchain) -> Finding:
    """Which Python an environment would be made with."""
    wanted = specifier(toolchain.requires_python)
    broken = _broken_environment(subject, toolchain)
    try:
        python = find_python(wanted, subject.clean_env)
    except ToolchainError as error:
        return Finding(check=CHECK, level=Level.ERROR, text=error.message, fix=error.hint)
    if broken:
        return Finding(
            check=CHECK,
            level=Level.ERROR,
            text=f"the interpreter of {broken} is gone",
            fix=FIX,
            action=Action.SYNC,
            path=toolchain.root,
        )
    asked = f", as {_asks(toolchain)}" if wanted else ""
    return Finding(check=CHECK, level=Level.OK, text=f"{python} can make an environment{asked}")


def _broken_environment(subject: Subject, toolchain: Toolchain) -> str:
    for name in (".venv", "venv"):
        home = subject.root / toolchain.root / name
        if os.path.lexists(home / "pyvenv.cfg"):
            return subject.shown(home)
    return ""
