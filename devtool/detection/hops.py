"""Command lines followed one step: into a shell script, a make target, a task."""

from __future__ import annotations

from typing import NamedTuple

from devtool.detection.commands import Invocation, join, parse, pieces, split_line
from devtool.detection.declaration import Declaration, dig, folder_of, line_of
from devtool.detection.pattern import Pattern
from devtool.detection.tree import SourceTree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_TASK_FILES = {
    "make": ("makefile", "gnumakefile"),
    "just": ("justfile", ".justfile"),
}
_TARGET_LINE = Pattern(r"^(?P<name>[A-Za-z_][\w.-]*)(?:[ \t]+[\w*+\"'=. -]+)?:(?!=)")


class Origin(NamedTuple):
    """The file, source and line that a command stands in; line 0 where it is looked for."""

    source: str
    path: str
    line: int = 0

    def declares(self, folder: str, invocation: Invocation) -> Declaration:
        """The declaration that the command makes."""
        return Declaration(self.source, self.path, self.line, folder, invocation)


def declared(
    tree: SourceTree, origin: Origin, command: str | list[str], folder: str | None = None
) -> Iterator[Declaration]:
    """The declarations of one command line, one hop into scripts and tasks followed."""
    words = command if isinstance(command, list) else split_line(command)
    start = folder_of(origin.path) if folder is None else folder
    for place, piece in pieces(words, start):
        invocation = parse(piece) if tree.affords_command() else None
        if invocation is None:
            continue
        line = origin.line or line_of(tree, origin.path, invocation.target or invocation.via)
        here = origin._replace(line=line)
        if invocation.kind == "shell":
            yield from hop_into_shell(tree, here, place, invocation)
        elif invocation.kind == "task" and invocation.via != "hatch":
            yield from hop_into_task(tree, here, place, invocation)
        else:
            yield here.declares(place, invocation)


def hop_into_shell(
    tree: SourceTree, origin: Origin, folder: str, invocation: Invocation
) -> Iterator[Declaration]:
    """The last server that a shell script starts."""
    name = invocation.target.rpartition("/")[2]
    script = next(
        (p for p in (join(folder, invocation.target), invocation.target) if tree.has(p)), None
    ) or next(iter(tree.named(name.lower())), None)
    if script is None:
        return
    last = tree.once(("last server", script), lambda: _last_server(tree, script))
    if last is not None:
        yield origin.declares(*last)


def _last_server(tree: SourceTree, script: str) -> tuple[str, Invocation] | None:
    last: tuple[str, Invocation] | None = None
    for place, words in script_lines(tree, script):
        found = parse(words)
        if found is not None and found.kind not in ("shell", "command", "task"):
            last = join(folder_of(script), place), found
    return last


def script_lines(tree: SourceTree, path: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The simple commands of a shell script, each with the folder its `cd`s lead to."""
    folder = ""
    for raw in (tree.read(path) or "").replace("\\\n", " ").splitlines():
        line = raw.strip().removeprefix("$ ")
        if not line or line.startswith("#"):
            continue
        if not tree.affords_command():
            return
        words = split_line(line)
        if words[:1] == ["cd"]:
            folder = join(folder, "".join(words[1:2]))
            continue
        yield from pieces(words, folder)


def hop_into_task(
    tree: SourceTree, origin: Origin, folder: str, invocation: Invocation
) -> Iterator[Declaration]:
    """What a task of make, just, taskipy or poe runs."""
    names = _TASK_FILES.get(invocation.via, ("pyproject.toml",))
    for path in (p for p in tree.named(*names) if folder_of(p) in (folder, "")):
        if path.endswith("pyproject.toml"):
            yield from _pyproject_task(tree, origin, path, invocation.target)
            continue
        for lines in _targets_by_name(tree, path).get(invocation.target, ()):
            yield from make_commands(tree, origin, path, lines)


def _targets_by_name(tree: SourceTree, path: str) -> dict[str, list[list[tuple[int, str]]]]:
    def make() -> dict[str, list[list[tuple[int, str]]]]:
        found: dict[str, list[list[tuple[int, str]]]] = {}
        for name, lines in make_targets(tree, path):
            found.setdefault(name, []).append(lines)
        return found

    return tree.once(("targets", path), make)


def _pyproject_task(
    tree: SourceTree, origin: Origin, pyproject: str, wanted: str
) -> Iterator[Declaration]:
    known = tree.once(("tasks", pyproject), lambda: [*tasks(tree.toml(pyproject))])
    for name, command in known:
        if name != wanted or not tree.affords_command():
            continue
        for place, words in pieces(split_line(command), folder_of(pyproject)):
            found = parse(words)
            if found is not None and found.kind != "task":
                yield origin.declares(place, found)


def make_commands(
    tree: SourceTree, origin: Origin, makefile: str, lines: list[tuple[int, str]]
) -> Iterator[Declaration]:
    """The servers that the lines of a make target start."""
    for number, command in lines:
        here = origin._replace(line=origin.line or number)
        if not tree.affords_command():
            return
        for place, piece in pieces(split_line(command.lstrip("@-")), folder_of(makefile)):
            found = parse(piece)
            if found is not None and found.kind == "shell":
                yield from hop_into_shell(tree, here, place, found)
            elif found is not None and found.kind != "task":
                yield here.declares(place, found)


def make_targets(tree: SourceTree, path: str) -> Iterator[tuple[str, list[tuple[int, str]]]]:
    """The targets of a Makefile or justfile with their numbered command lines."""
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
        named = dig(table, "tool", tool, key)
        for name, task in named.items() if isinstance(named, dict) else ():
            command = _task_command(task)
            if command:
                yield str(name), command


def _task_command(task: object) -> str:
    if isinstance(task, dict):
        task = next((task[k] for k in ("cmd", "shell", "composite") if task.get(k)), None)
    if isinstance(task, list):
        return " ".join(word for word in task if isinstance(word, str))
    return task if isinstance(task, str) else ""
