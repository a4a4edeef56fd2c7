"""Whatever is written wherever in a generated project, no line of it is lost, phase after phase.

Planning is pure, so whole lives of projects are walked in memory: render, edit at random, plan, take
the plan for done, and so on. A few walks are on disk, with journals and undo.
"""

from __future__ import annotations

import ast
import os
import random
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from devtool import ProjectSpec, new_project
from devtool.scaffold import catalog, changes, diff3, growth, merge, upgrade
from devtool.scaffold.changes import WRITES, Action, Change
from devtool.scaffold.heads import chain
from devtool.scaffold.manifest import Base, digest
from devtool.scaffold.merge import Merged
from devtool.scaffold.render import render
from devtool.scaffold.revisions import FOLDER
from devtool.scaffold.update import apply_update, plan_update, undo
from tests.scaffold.project import snapshot

WALKS = 300
LAST = max(feature.phase for feature in catalog.load().values())
COMMENTS = {".ts": "//", ".tsx": "//", ".js": "//", ".mjs": "//", ".css": "/*"}


class Project(NamedTuple):
    """A project in memory: what is on disk, and what was generated last."""

    files: dict[str, str]
    bases: dict[str, Base]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same few hundred texts are looked at again and again: their digests are kept."""
    monkeypatch.setattr(changes, "digest", cache(digest))


@cache
def rendered(phase: int) -> Mapping[str, str]:
    """What devtool writes for a project that has grown to a phase; migrations are written once."""
    spec = ProjectSpec(name="shop", phase=1)
    spec, chosen = growth.grow(spec, phase, catalog.load()) if phase > 1 else (spec, _first())
    return render(spec, chosen, chain=chain({}))


def _first() -> tuple[catalog.Feature, ...]:
    from devtool.scaffold.selection import choose

    return choose(1, None, catalog.load())


def lines_only(path: str, mine: str, base: str, new: str) -> Merged:
    """The merge without a process for each file."""
    return merge.merge(path, mine, base, new, lines=diff3.merge)


def grown(project: Project, new: Mapping[str, str], *, is_whole: bool = False) -> Project:
    """The project once the plan for it was carried out."""
    fresh = {path: text for path, text in new.items() if not _is_known_revision(path, project)}
    bases = {path: base for path, base in project.bases.items() if is_whole or path in fresh}
    kept = {path: base for path, base in bases.items() if not path.startswith(FOLDER)}
    planned = changes.plan(fresh, base=kept, mine=project.files, merged=lines_only)
    files, records = dict(project.files), dict(project.bases)
    for change in planned:
        _take(change, fresh, files, records)
    return Project(files, records)


def _is_known_revision(path: str, project: Project) -> bool:
    return path.startswith(FOLDER) and path in project.bases


def _take(
    change: Change, new: Mapping[str, str], files: dict[str, str], records: dict[str, Base]
) -> None:
    if change.action in WRITES:
        files[change.path] = change.text
    elif change.action is Action.DELETE:
        del files[change.path]
    if change.base and change.action is not Action.CONFLICT:
        text = new.get(change.path)
        if text is not None and digest(text) == change.base:
            records[change.path] = Base.of(text)
    elif not change.base:
        records.pop(change.path, None)


def marked(project: Project, dice: random.Random, stage: int) -> Iterator[tuple[str, str, str]]:
    """Places for markers: a file, its text with one, and the marker."""
    for number in range(dice.randrange(3, 9)):
        path = dice.choice(sorted(project.files))
        sign = COMMENTS.get(Path(path).suffix, "#") if dice.random() < 0.9 else ""
        marker = f"{sign} marker {stage}.{number}".strip()
        lines = project.files[path].split("\n")
        lines.insert(dice.randrange(len(lines) + 1), " " * 4 * dice.randrange(3) + marker)
        project.files[path] = "\n".join(lines)
        yield path, project.files[path], marker


@pytest.mark.parametrize("part", range(4))
def test_markers_anywhere_survive_every_phase_and_an_upgrade(part: int) -> None:
    for walk in range(part, WALKS, 4):
        dice = random.Random(walk)
        files = dict(rendered(1))
        project = Project(files, {path: Base.of(text) for path, text in files.items()})
        markers: list[tuple[str, str]] = []
        for phase in range(2, LAST + 1):
            markers += [(path, mark) for path, _, mark in marked(project, dice, phase)]
            project = grown(project, rendered(phase))
            _check(project, markers, walk)
            assert grown(project, rendered(phase)) == project, walk  # a second run changes nothing
        markers += [(path, mark) for path, _, mark in marked(project, dice, 0)]
        older = _aged(rendered(LAST), project, dice)
        project = grown(older, {**rendered(1), **rendered(LAST)}, is_whole=True)
        _check(project, markers, walk)


def _check(project: Project, markers: list[tuple[str, str]], walk: int) -> None:
    for path, marker in markers:
        assert marker in project.files[path], (walk, path, marker)


def _aged(new: Mapping[str, str], project: Project, dice: random.Random) -> Project:
    """The project as if an older devtool had written it: some base texts lack a line."""
    bases = dict(project.bases)
    for path in dice.sample(sorted(new.keys() & bases.keys()), 5):
        lines = new[path].split("\n")
        del lines[dice.randrange(len(lines))]
        bases[path] = Base.of("\n".join(lines))
    return Project(project.files, bases)


def test_what_merges_parses() -> None:
    """A merge of code that parsed parses; in projects with an edit in every file."""
    merged = 0
    for walk in range(12):
        dice = random.Random(1000 + walk)
        files = dict(rendered(2))
        project = Project(dict(files), {path: Base.of(text) for path, text in files.items()})
        for path, text in files.items():
            lines = text.split("\n")
            lines.insert(dice.randrange(len(lines) + 1), "# mine")
            project.files[path] = "\n".join(lines)
        before = {path for path, text in project.files.items() if _parses(path, text)}
        after = grown(project, rendered(3))
        for path in before:
            assert _parses(path, after.files[path]), (walk, path)
            merged += after.files[path] != project.files[path]
    assert merged > 12


def _parses(path: str, text: str) -> bool:
    if not path.endswith(".py"):
        return False
    try:
        ast.parse(text)
    except SyntaxError:
        return False
    return True


@pytest.mark.parametrize("seed", range(5))
def test_lives_on_disk(tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda _: None)  # the power does not fail here
    dice = random.Random(seed)
    new_project(ProjectSpec(name="shop"), tmp_path)
    root = tmp_path / "shop"
    markers: list[tuple[str, str]] = []
    for phase in range(2, LAST + 1):
        markers += _marked_on_disk(root, dice, phase)
        before = snapshot(root)
        planned = growth.plan_growth(root, phase).update
        apply_update(planned)
        after = snapshot(root)
        for path, marker in markers:
            assert marker.encode() in (after[path] or b"")
        undo(root)
        assert snapshot(root) == before
        apply_update(planned)
        assert snapshot(root) == after
        conflicts = {c.path for c in upgrade.plan_upgrade(root).update.conflicts}
        assert conflicts <= {c.path for c in planned.conflicts}


def _marked_on_disk(root: Path, dice: random.Random, stage: int) -> list[tuple[str, str]]:
    record = growth.recorded(root)
    found = []
    for number in range(6):
        path = dice.choice([path for path in sorted(record.files) if (root / path).exists()])
        marker = f"# marker {stage}.{number}"
        lines = (root / path).read_text("utf-8").split("\n")
        lines.insert(dice.randrange(len(lines) + 1), marker)
        (root / path).write_text("\n".join(lines), encoding="utf-8", newline="")
        found.append((path, marker))
    return found


def test_a_project_of_two_hundred_files_is_planned_from_its_bases(tmp_path: Path) -> None:
    """What the benchmark times, for its correctness: nothing to do is found out without a merge."""
    files = {f"backend/app/m{number}.py": f"x = {number}\n" * 40 for number in range(200)}
    apply_update(plan_update(tmp_path, files))
    planned = plan_update(tmp_path, files)
    assert not planned.files
    assert len(planned.changes) == 200
