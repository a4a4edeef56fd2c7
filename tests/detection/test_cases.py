"""Each case is a small repository in one text file, with what detection must say of it.

`phase N`, `run ROLE FRAMEWORK FOLDER ENTRY`, `optional ...`, `argv ROLE WORDS`, `port ROLE N`,
`refuse KIND TEXT`, `candidate FOLDER ENTRY`, `project FOLDER` and `default` are expectations; `-- PATH --` begins a file.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from devtool.detection import detect, frameworks
from devtool.model.detection import Component, Detection

if TYPE_CHECKING:
    from pyfakefs.fake_filesystem import FakeFilesystem

CASES = {
    path.stem: path.read_text("utf-8") for path in Path(__file__).with_name("cases").glob("*.txt")
}
ROOT = Path("/repository")
KNOWN = ("phase", "run", "optional", "argv", "port", "refuse", "candidate", "project", "default")


class Case(NamedTuple):
    """A case in parts: expectations as (word, rest), files as path -> text."""

    expectations: list[tuple[str, str]]
    files: dict[str, str]

    def expected(self, word: str) -> list[str]:
        return [rest for name, rest in self.expectations if name == word]


def parse(text: str) -> Case:
    head, *rest = text.split("\n-- ")
    words = [line.partition(" ")[::2] for line in head.splitlines()]
    files = {}
    for part in rest:
        path, _, body = part.partition(" --")
        files[path] = body.removeprefix("\n")
    return (
        Case([(name, value) for name, _, value in _words(head)], files)
        if words
        else Case([], files)
    )


def _words(head: str) -> Iterator[tuple[str, str, str]]:
    for line in head.splitlines():
        name, space, value = line.partition(" ")
        if name in KNOWN:
            yield name, space, value


def lay_out(fs: FakeFilesystem, case: Case) -> None:
    fs.create_dir(ROOT)
    for path, text in case.files.items():
        fs.create_file(ROOT / path, contents=text)


def shown(component: Component) -> str:
    return (
        f"{component.role} {component.framework} {component.root or '.'} {component.entry or '-'}"
    )


@pytest.mark.parametrize("name", sorted(CASES))
def test_case(name: str, fs: FakeFilesystem) -> None:
    case = parse(CASES[name])
    lay_out(fs, case)
    found = detect(ROOT)
    assert str(int(found.phase)) == case.expected("phase")[0]
    assert found.default == bool(case.expected("default"))
    assert_components(case, found)
    assert_refusal(case, found)


def assert_components(case: Case, found: Detection) -> None:
    started = [shown(c) for c in found.components if not c.optional]
    assert started == case.expected("run"), found
    assert [shown(c) for c in found.components if c.optional] == case.expected("optional")
    for expected in case.expected("argv"):
        role, _, argv = expected.partition(" ")
        component = next(c for c in found.components if c.role == role)
        assert " ".join(component.start.argv) == argv
    for expected in case.expected("port"):
        role, _, port = expected.partition(" ")
        assert next(c for c in found.components if c.role == role).start.port == int(port)
    for component in found.components:
        assert component.evidence, "every component says why"


def assert_refusal(case: Case, found: Detection) -> None:
    refusals = case.expected("refuse")
    kind, _, text = refusals[0].partition(" ") if refusals else ("", "", "")
    assert found.refusal == kind
    assert text in found.refusal_reason
    assert bool(found.refusal_hint) == bool(kind)
    expected = sorted(case.expected("candidate"))
    if expected:
        assert sorted(f"{c.root} {c.entry}" for c in found.candidates) == expected
    assert [p.path for p in found.projects] == case.expected("project")


@pytest.mark.parametrize(
    "framework", [*frameworks.FRAMEWORKS, frameworks.SCRIPT], ids=lambda f: f.slug
)
def test_every_entry_of_the_table_has_a_case(framework: frameworks.Framework) -> None:
    lines = [line.split() for text in CASES.values() for line in text.splitlines()]
    named = {line[2] for line in lines if len(line) > 2 and line[0] in ("run", "optional")}
    assert framework.slug in named, f"write tests/detection/cases/{framework.slug}.txt"


@pytest.mark.parametrize("name", ["full_stack", "celery", "chatbot", "fastmcp"])
def test_the_order_of_the_table_does_not_matter(
    name: str, fs: FakeFilesystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = parse(CASES[name])
    lay_out(fs, case)
    table = list(frameworks.FRAMEWORKS)
    for seed in range(5):
        random.Random(seed).shuffle(table)
        monkeypatch.setattr("devtool.detection.engine.FRAMEWORKS", tuple(table))
        assert_components(case, detect(ROOT))
