"""Whether the environment is there, and holds what manifests and lock files say."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from devtool.doctor.packages import Mismatch, differing, installed, sees_the_system, unmet
from devtool.doctor.subject import FIX, Subject, few, inside
from devtool.model.detection import Toolchain
from devtool.model.doctor import Action, Finding, Level
from devtool.runner.sync import Standing, standing

CHECK = "environment"


def look(subject: Subject) -> Iterator[Finding]:
    """One finding for each Python part that has a manifest."""
    for toolchain in subject.python_toolchains:
        if toolchain.manifest:
            yield from _of(subject, toolchain)


def _of(subject: Subject, toolchain: Toolchain) -> Iterator[Finding]:
    where = toolchain.root or "this project"
    if not toolchain.environment:
        manifest = inside(toolchain.root, toolchain.manifest)
        yield _to_sync(toolchain, f"{where} has no environment for {manifest}")
        return
    home = Path(toolchain.environment)
    shown = subject.shown(home)
    if standing(toolchain, subject.root) is Standing.CURRENT:
        text = f"{shown} is in step with {toolchain.lockfile or toolchain.manifest}"
        yield Finding(check=CHECK, level=Level.OK, text=text)
        return
    if sees_the_system(home):
        text = f"{shown} also uses packages from outside, which were not looked at"
        yield Finding(check=CHECK, level=Level.OK, text=text)
        return
    found = list(_differences(subject, toolchain, home, shown))
    yield from found or (_in_step(toolchain, shown),)


def _differences(
    subject: Subject, toolchain: Toolchain, home: Path, shown: str
) -> Iterator[Finding]:
    folder = subject.root / toolchain.root
    there = installed(home)
    wrong = unmet(folder, toolchain.manifest, there)
    missing = [each.name for each in wrong if not each.found]
    if missing:
        yield _to_sync(
            toolchain, f"{shown} lacks {few(missing)}, which {toolchain.manifest} asks for"
        )
    other = [each for each in wrong if each.found]
    if other:
        yield _to_sync(toolchain, f"{shown} has {_versions(other)}")
    if toolchain.lockfile:
        drifted = differing(folder / toolchain.lockfile, there)
        if drifted:
            text = f"{shown} has {_versions(drifted)}, as {toolchain.lockfile} says"
            yield _to_sync(toolchain, text, level=Level.WARNING)


def _versions(mismatches: list[Mismatch]) -> str:
    return few([f"{each.name} {each.found} instead of {each.wanted}" for each in mismatches], 3)


def _to_sync(toolchain: Toolchain, text: str, *, level: Level = Level.ERROR) -> Finding:
    return Finding(
        check=CHECK, level=level, text=text, fix=FIX, action=Action.SYNC, path=toolchain.root
    )


def _in_step(toolchain: Toolchain, shown: str) -> Finding:
    text = f"{shown} has what {toolchain.manifest} asks for"
    return Finding(check=CHECK, level=Level.OK, text=text)
