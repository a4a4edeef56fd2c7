"""Launches that documents and stray scripts tell a reader to type."""

from __future__ import annotations

import re

from devtool.detection.commands import join, parse, pieces, split_line
from devtool.detection.declaration import Declaration, files, folder_of
from devtool.detection.hops import Origin, hop_into_task, script_lines
from devtool.detection.pattern import Pattern
from devtool.detection.tree import SourceTree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_FENCE = Pattern(
    # Indented below an item of a list, too.
    r"^[ \t]{0,12}(?P<mark>`{3,8}|~{3,8})[^\n]*\n(?P<body>.*?)^[ \t]{0,12}(?P=mark)",
    re.MULTILINE | re.DOTALL,
)
_INDENTED = Pattern(r"(?P<body>(?:^(?: {4}|\t)[^\n]*\n)+)", re.MULTILINE)


_READMES = ("readme.md", "readme.rst", "readme", "readme.txt", "quickstart.md")
_GUIDES = ("development.md", "contributing.md", "agents.md", "claude.md")


def prose(tree: SourceTree) -> Iterator[Declaration]:
    """Commands in READMEs, guides and shell scripts."""
    for path in files(tree, *_READMES, depth=2):
        source = "readme" if "/" not in path else "readme below"
        yield from _document(tree, source, path)
    for path in files(tree, *_GUIDES, depth=1):
        yield from _document(tree, "contributing", path)
    scripts = [name for name in tree.by_name if name.endswith(".sh")]
    for path in files(tree, *scripts, depth=2):
        for place, words in script_lines(tree, path):
            found = parse(words)
            if found is not None and found.kind not in ("shell", "command", "task"):
                yield Declaration("shell script", path, 0, join(folder_of(path), place), found)


def _document(tree: SourceTree, source: str, path: str) -> Iterator[Declaration]:
    for first, body in _blocks(tree.read(path) or "", path):
        folder = folder_of(path)
        for offset, raw in enumerate(body.splitlines()):
            line = raw.strip().removeprefix("$ ").removeprefix("> ")
            if not line or line.startswith("#"):
                continue
            if not tree.affords_command():
                return
            words = split_line(line)
            if words[:1] == ["cd"]:
                folder = join(folder, "".join(words[1:2]))
                continue
            for place, piece in pieces(words, folder):
                found = parse(piece)
                if found is None or found.kind == "shell":
                    continue
                if found.kind == "task":
                    yield from hop_into_task(
                        tree, Origin(source, path, first + offset), place, found
                    )
                else:
                    yield Declaration(source, path, first + offset, place, found)


def _blocks(text: str, path: str) -> Iterator[tuple[int, str]]:
    """The blocks of code in a document, each with its first line."""
    for pattern in (_FENCE, _INDENTED) if path.endswith(".rst") else (_FENCE,):
        line, position = 1, 0
        for match in pattern.finditer(text):
            line += text.count("\n", position, match.start("body"))
            position = match.start("body")
            yield line, match["body"]
