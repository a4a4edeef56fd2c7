"""Command lines followed one step: into a shell script, a make target, a task."""

from __future__ import annotations

import re

from devtool.detection.commands import Invocation, join, parse, pieces, split_line
from devtool.detection.declaration import Declaration, dig, folder_of, line_of
from devtool.detection.tree import SourceTree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_TARGET_LINE = re.compile(r"^(?P<name>[A-Za-z_][\w.-]*)(?:[ \t]+[\w*+\"'=. -]+)?:(?!=)")


def declared(
    tree: SourceTree,
    source: str,
    path: str,
    command: str | list[str],
    folder: str | None = None,
    line: int = 0,
) -> Iterator[Declaration]:
    """The declarations of one command line, one hop into scripts and tasks followed."""
    words = command if isinstance(command, list) else split_line(command)
    start = folder_of(path) if folder is None else folder
    for place, piece in pieces(words, start):
        invocation = parse(piece)
        if invocation is None:
            continue
        if not line:
            line = line_of(tree, path, invocation.target or invocation.via)
        if invocation.kind == "shell":
            yield from hop_into_shell(tree, source, path, place, invocation, line)
        elif invocation.kind == "task" and invocation.via != "hatch":
            yield from hop_into_task(tree, source, path, place, invocation, line)
        else:
            yield Declaration(source, path, line, place, invocation)


def hop_into_shell(
    tree: SourceTree, source: str, path: str, folder: str, invocation: Invocation, line: int
) -> Iterator[Declaration]:
    name = invocation.target.rpartition("/")[2]
    script = next(
        (p for p in (join(folder, invocation.target), invocation.target) if tree.has(p)), None
    ) or next(iter(tree.named(name.lower())), None)
    if script is None:
        return
    last: Declaration | None = None
    for place, words in script_lines(tree, script):
        found = parse(words)
        if found is not None and found.kind not in ("shell", "command", "task"):
            last = Declaration(source, path, line, join(folder_of(script), place), found)
    if last is not None:
        yield last


def script_lines(tree: SourceTree, path: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    folder = ""
    for raw in (tree.read(path) or "").replace("\\\n", " ").splitlines():
        line = raw.strip().removeprefix("$ ")
        if not line or line.startswith("#"):
            continue
        words = split_line(line)
        if words[:1] == ["cd"] and len(words) == 2:
            folder = join(folder, words[1])
            continue
        yield from pieces(words, folder)


def hop_into_task(
    tree: SourceTree, source: str, path: str, folder: str, invocation: Invocation, line: int
) -> Iterator[Declaration]:
    if invocation.via in ("make", "just"):
        names = (
            ("makefile", "gnumakefile") if invocation.via == "make" else ("justfile", ".justfile")
        )
        for makefile in (p for p in tree.named(*names) if folder_of(p) in (folder, "")):
            for name, lines in make_targets(tree, makefile):
                if name == invocation.target:
                    yield from make_commands(tree, source, path, makefile, lines, line)
        return
    for pyproject in (p for p in tree.named("pyproject.toml") if folder_of(p) in (folder, "")):
        for name, command in tasks(tree.toml(pyproject)):
            if name == invocation.target:
                for place, words in pieces(split_line(command), folder_of(pyproject)):
                    found = parse(words)
                    if found is not None and found.kind != "task":
                        yield Declaration(source, path, line, place, found)


def make_commands(
    tree: SourceTree, source: str, path: str, makefile: str, lines: list[tuple[int, str]], line: int
) -> Iterator[Declaration]:
    for number, command in lines:
        words = split_line(command.lstrip("@-"))
        for place, piece in pieces(words, folder_of(makefile)):
            found = parse(piece)
            if found is not None and found.kind == "shell":
                yield from hop_into_shell(tree, source, path, place, found, line or number)
            elif found is not None and found.kind not in ("task", "command"):
                yield Declaration(source, path, line or number, place, found)


def make_targets(tree: SourceTree, path: str) -> Iterator[tuple[str, list[tuple[int, str]]]]:
    name, lines = "", list[tuple[int, str]]()
    for number, line in enumerate(tree.lines(path), 1):
        head = _TARGET_LINE.match(line)
        if head:
            if name:
                yield name, lines
            name, lines = head["name"], []
        elif line.startswith(("\t", "  ")) and name:
            lines.append((number, line.strip()))
    if name:
        yield name, lines


def tasks(table: dict[str, object]) -> Iterator[tuple[str, str]]:
    """The shell tasks of taskipy, poe, pdm, pixi and rye."""
    places = (
        ("taskipy", "tasks"),
        ("poe", "tasks"),
        ("pdm", "scripts"),
        ("pixi", "tasks"),
        ("rye", "scripts"),
    )
    for tool, key in places:
        tasks = dig(table, "tool", tool, key)
        if not isinstance(tasks, dict):
            continue
        for name, task in tasks.items():
            if isinstance(task, dict):
                task = next((task[k] for k in ("cmd", "shell", "composite") if task.get(k)), None)
            if isinstance(task, list):
                task = " ".join(word for word in task if isinstance(word, str))
            if isinstance(task, str) and task:
                yield str(name), task
