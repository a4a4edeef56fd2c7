"""Launches declared by deployment files."""

from __future__ import annotations

import re

from devtool.detection.commands import Invocation, join, parse, split_line
from devtool.detection.declaration import Declaration, files, folder_of, line_of
from devtool.detection.hops import Origin, declared
from devtool.detection.tree import SourceTree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


def procfile(tree: SourceTree) -> Iterator[Declaration]:
    """The web process of a Procfile."""
    for path in files(tree, "procfile", "procfile.dev"):
        for number, line in enumerate(tree.lines(path), 1):
            name, _, command = line.partition(":")
            if name.strip() == "web":
                found = list(declared(tree, Origin("procfile", path, number), command.strip()))
                yield from found[-1:]


def compose(tree: SourceTree) -> Iterator[Declaration]:
    """Commands of compose services that are built from the tree."""
    names = [
        name
        for name in tree.by_name
        if "compose" in name and re.fullmatch(r"(?:docker-)?compose[\w.-]*\.ya?ml", name)
    ]
    for path in files(tree, *names, depth=2):
        services = tree.yaml(path).get("services")
        for service in services.values() if isinstance(services, dict) else ():
            if not isinstance(service, dict) or "build" not in service:
                continue
            command = service.get("command") or service.get("entrypoint")
            build = service["build"]
            context = build.get("context") if isinstance(build, dict) else build
            folder = join(folder_of(path), context) if isinstance(context, str) else folder_of(path)
            words = [str(word) for word in command] if isinstance(command, list) else command
            if isinstance(words, str | list) and words:
                yield from declared(tree, Origin("compose", path), words, folder)


def platform(tree: SourceTree) -> Iterator[Declaration]:
    """Start commands of hosting platforms' files."""
    for path in files(
        tree, "render.yaml", "railway.json", "railway.toml", "nixpacks.toml", "app.yaml"
    ):
        text = tree.read(path) or ""
        pattern = r"(?:startCommand|entrypoint|cmd)[\"']?\s*[:=]\s*(?P<quote>[\"']?)(?P<command>[^\n]+?)(?P=quote),?\s*$"
        for match in re.finditer(pattern, text, re.MULTILINE):
            line = text.count("\n", 0, match.start()) + 1
            yield from declared(tree, Origin("platform", path, line), match["command"])


def dockerfile(tree: SourceTree) -> Iterator[Declaration]:
    """ENTRYPOINT and CMD of the last stage of a Dockerfile."""
    names = [
        name
        for name in tree.by_name
        if name.startswith(("dockerfile", "containerfile")) or name.endswith(".dockerfile")
    ]
    for path in files(tree, *names):
        text = re.sub(r"\\\n", " ", tree.read(path) or "")
        command: list[str] = []
        entrypoint: list[str] = []
        for line in text.splitlines():
            word, _, rest = line.strip().partition(" ")
            if word.upper() == "CMD":
                command = _docker_words(rest)
            elif word.upper() == "ENTRYPOINT":
                entrypoint = _docker_words(rest)
            elif word.upper() == "FROM":
                command, entrypoint = [], []
        where = line_of(tree, path, "CMD" if command else "ENTRYPOINT")
        both = [*entrypoint, *command]
        for words in (
            ([both] if parse(both[:1] + both[1:]) else [command, entrypoint]) if both else ()
        ):
            if words:
                origin = Origin("dockerfile", path, where)
                yield from declared(tree, origin, words, _docker_folder(tree, path))


def _docker_words(text: str) -> list[str]:
    if text.strip().startswith("["):
        import json

        try:
            words = json.loads(text)
        except ValueError:
            return split_line(text)
        return [str(word) for word in words] if isinstance(words, list) else []
    return split_line(text)


def _docker_folder(tree: SourceTree, path: str) -> str:
    """The folder a Dockerfile most likely builds: its own, or the one its suffix names."""
    folder, _, name = path.rpartition("/")
    suffix = name.partition(".")[2]
    if suffix and tree.has_folder(join(folder, suffix)):
        return join(folder, suffix)
    return folder


def langgraph(tree: SourceTree) -> Iterator[Declaration]:
    """langgraph.json files that declare graphs."""
    for path in files(tree, "langgraph.json", depth=2):
        if isinstance(tree.json(path).get("graphs"), dict):
            line = line_of(tree, path, "graphs")
            yield Declaration(
                "langgraph.json",
                path,
                line,
                folder_of(path),
                Invocation("langgraph", "", "langgraph"),
            )
