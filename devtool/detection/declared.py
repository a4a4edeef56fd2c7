"""What a repository says about how it is started, source by source.

Each source has a weight: how often its first item named a right target in labelled repositories
(docs/explanation/detection.md). Nothing here is believed yet: `targets` checks every item against
the files.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from devtool.detection.commands import Invocation, join, parse, pieces, split_line
from devtool.detection.tree import SourceTree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_FILES_PER_SOURCE = 12

WEIGHTS = {
    "devtool.toml": 100.0,
    "tool.fastapi": 12.0,
    "flaskenv": 9.0,
    "litestar": 9.0,
    "project task": 8.0,
    "package.json": 7.0,
    "manage.py": 7.0,
    "makefile": 6.0,
    "uvicorn.run": 5.0,
    "compose": 5.0,
    "launch.json": 5.0,
    "procfile": 5.0,
    "platform": 5.0,
    "dockerfile": 4.0,
    "readme": 4.0,
    "console script": 4.0,
    "langgraph.json": 2.0,
    "shell script": 2.0,
    "contributing": 2.0,
    "readme below": 2.0,
}
# A wrong item of one of these is an error that names it; a stale item of the others is passed over.
FIRM_SOURCES = frozenset({"devtool.toml", "tool.fastapi", "flaskenv", "litestar"})
PROSE_SOURCES = frozenset({"readme", "readme below", "contributing", "shell script"})

_DEV_TASK = re.compile(
    r"(?:(?:run|start|dev|serve|up)[-_:.]?)?(?:dev|serve|server|start|run|api|web|app|backend|up)(?:[-_:.](?:dev|server|api|backend|start|local|run))?"
)
_SERVING_WORDS = frozenset(
    "dev server serve api web app backend run start local default up".split()
)
_TARGET_LINE = re.compile(r"^(?P<name>[A-Za-z_][\w.-]*)(?:[ \t]+[\w*+\"'=. -]+)?:(?!=)")


class Declaration(NamedTuple):
    """One launch that a file names, as found: `folder` is where it would be typed."""

    source: str
    path: str
    line: int
    folder: str
    invocation: Invocation


class Pin(NamedTuple):
    """A target that the user named: `[services.NAME] entry = ..., cwd = ...` of a file."""

    entry: str
    cwd: str
    path: str
    line: int = 0


def pinned(pin: Pin) -> Declaration:
    """The declaration that a pin makes: an object, a file, or what `python -m` takes."""
    words = ["uvicorn", pin.entry] if ":" in pin.entry else ["python", pin.entry]
    if ":" not in pin.entry and not pin.entry.endswith(".py"):
        words = ["python", "-m", pin.entry]
    invocation = parse(words) or Invocation("app", pin.entry, "uvicorn")
    return Declaration("devtool.toml", pin.path, pin.line, pin.cwd, invocation)


def declarations(tree: SourceTree, *, prose: bool = True) -> list[Declaration]:
    """Every launch the repository declares, in the order of the sources' weights."""
    found: list[Declaration] = []
    for read in (
        _manage,
        _pyproject,
        _env_files,
        _package_json,
        _makefile,
        _launch_json,
        _procfile,
    ):
        found += read(tree)
    for read in (_compose, _platform, _dockerfile, _langgraph, _setup):
        found += read(tree)
    if prose:
        found += _prose(tree)
    return found


def _files(tree: SourceTree, *names: str, depth: int = 3) -> list[str]:
    found = [
        path for path in tree.named(*names) if path.count("/") <= depth and not _is_aside(path)
    ]
    return found[:MAX_FILES_PER_SOURCE]


def _is_aside(path: str) -> bool:
    return re.search(r"(^|/)(tests?|docs?|examples?|samples?|templates?)/", path) is not None


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


def _line_of(tree: SourceTree, path: str, *needles: str) -> int:
    """The first line that holds every needle, or 0."""
    for number, line in enumerate(tree.lines(path), 1):
        if all(needle in line for needle in needles):
            return number
    return 0


def _declared(
    tree: SourceTree,
    source: str,
    path: str,
    command: str | list[str],
    folder: str | None = None,
    line: int = 0,
) -> Iterator[Declaration]:
    """The declarations of one command line, one hop into scripts and tasks followed."""
    words = command if isinstance(command, list) else split_line(command)
    start = _folder(path) if folder is None else folder
    for place, piece in pieces(words, start):
        invocation = parse(piece)
        if invocation is None:
            continue
        if not line:
            line = _line_of(tree, path, invocation.target or invocation.via)
        if invocation.kind == "shell":
            yield from _hop_into_shell(tree, source, path, place, invocation, line)
        elif invocation.kind == "task" and invocation.via != "hatch":
            yield from _hop_into_task(tree, source, path, place, invocation, line)
        else:
            yield Declaration(source, path, line, place, invocation)


def _hop_into_shell(
    tree: SourceTree, source: str, path: str, folder: str, invocation: Invocation, line: int
) -> Iterator[Declaration]:
    name = invocation.target.rpartition("/")[2]
    script = next(
        (p for p in (join(folder, invocation.target), invocation.target) if tree.has(p)), None
    ) or next(iter(tree.named(name.lower())), None)
    if script is None:
        return
    last: Declaration | None = None
    for place, words in _script_lines(tree, script):
        found = parse(words)
        if found is not None and found.kind not in ("shell", "command", "task"):
            last = Declaration(source, path, line, join(_folder(script), place), found)
    if last is not None:
        yield last


def _script_lines(tree: SourceTree, path: str) -> Iterator[tuple[str, tuple[str, ...]]]:
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


def _hop_into_task(
    tree: SourceTree, source: str, path: str, folder: str, invocation: Invocation, line: int
) -> Iterator[Declaration]:
    if invocation.via in ("make", "just"):
        names = (
            ("makefile", "gnumakefile") if invocation.via == "make" else ("justfile", ".justfile")
        )
        for makefile in (p for p in tree.named(*names) if _folder(p) in (folder, "")):
            for name, lines in _make_targets(tree, makefile):
                if name == invocation.target:
                    yield from _make_commands(tree, source, path, makefile, lines, line)
        return
    for pyproject in (p for p in tree.named("pyproject.toml") if _folder(p) in (folder, "")):
        for name, command in _tasks(tree.toml(pyproject)):
            if name == invocation.target:
                for place, words in pieces(split_line(command), _folder(pyproject)):
                    found = parse(words)
                    if found is not None and found.kind != "task":
                        yield Declaration(source, path, line, place, found)


def _make_commands(
    tree: SourceTree, source: str, path: str, makefile: str, lines: list[tuple[int, str]], line: int
) -> Iterator[Declaration]:
    for number, command in lines:
        words = split_line(command.lstrip("@-"))
        for place, piece in pieces(words, _folder(makefile)):
            found = parse(piece)
            if found is not None and found.kind == "shell":
                yield from _hop_into_shell(tree, source, path, place, found, line or number)
            elif found is not None and found.kind not in ("task", "command"):
                yield Declaration(source, path, line or number, place, found)


# --- pyproject.toml: framework tables, tasks, scripts ------------------------------------------


def _pyproject(tree: SourceTree) -> Iterator[Declaration]:
    for path in _files(tree, "pyproject.toml"):
        table = tree.toml(path)
        entrypoint = _dig(table, "tool", "fastapi", "entrypoint")
        if isinstance(entrypoint, str) and entrypoint:
            line = _line_of(tree, path, "entrypoint", entrypoint)
            invocation = Invocation("app", entrypoint, "fastapi")
            yield Declaration("tool.fastapi", path, line, _folder(path), invocation)
        for name, command in _tasks(table):
            if _DEV_TASK.fullmatch(name):
                yield from _declared(
                    tree, "project task", path, command, line=_line_of(tree, path, name)
                )
        yield from _hatch(tree, path, table)
        if not _is_packaged(tree, path, table):
            continue
        for owner in (_dig(table, "project"), _dig(table, "tool", "poetry")):
            yield from _scripts(tree, path, _dig(owner, "scripts"), _dig(owner, "name"))


def _is_packaged(tree: SourceTree, path: str, table: dict[str, object]) -> bool:
    """Whether installing the project makes its scripts: without a build system nothing does."""
    if _dig(table, "tool", "uv", "package") is False:
        return False
    if (
        "build-system" in table
        or _dig(table, "tool", "poetry")
        or _dig(table, "tool", "uv", "package")
    ):
        return True
    return any(tree.has(join(_folder(path), name)) for name in ("setup.py", "setup.cfg"))


def _manage(tree: SourceTree) -> Iterator[Declaration]:
    for path in _files(tree, "manage.py"):
        line = _line_of(tree, path, "DJANGO_SETTINGS_MODULE")
        if line:
            invocation = Invocation("manage", "manage.py", "manage.py")
            yield Declaration("manage.py", path, line, _folder(path), invocation)


def _dig(value: object, *keys: str) -> object:
    for key in keys:
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return value


def _tasks(table: dict[str, object]) -> Iterator[tuple[str, str]]:
    """The shell tasks of taskipy, poe, pdm, pixi and rye."""
    places = (
        ("taskipy", "tasks"),
        ("poe", "tasks"),
        ("pdm", "scripts"),
        ("pixi", "tasks"),
        ("rye", "scripts"),
    )
    for tool, key in places:
        tasks = _dig(table, "tool", tool, key)
        if not isinstance(tasks, dict):
            continue
        for name, task in tasks.items():
            if isinstance(task, dict):
                task = next((task[k] for k in ("cmd", "shell", "composite") if task.get(k)), None)
            if isinstance(task, list):
                task = " ".join(word for word in task if isinstance(word, str))
            if isinstance(task, str) and task:
                yield str(name), task


def _hatch(tree: SourceTree, path: str, table: dict[str, object]) -> Iterator[Declaration]:
    environments = _dig(table, "tool", "hatch", "envs")
    if not isinstance(environments, dict):
        return
    for environment, settings in environments.items():
        scripts = _dig(settings, "scripts")
        if not isinstance(scripts, dict):
            continue
        for name, command in scripts.items():
            if not set(re.split(r"[.:_-]", str(name))) <= _SERVING_WORDS:
                continue
            commands = command if isinstance(command, list) else [command]
            line = _line_of(tree, path, str(name))
            for text in commands:
                if not isinstance(text, str):
                    continue
                for place, words in pieces(split_line(text), _folder(path)):
                    found = parse(words)
                    if found is not None and found.kind in ("app", "path-app", "manage", "ui"):
                        yield Declaration("project task", path, line, place, found)
                        continue
                label = str(name) if environment == "default" else f"{environment}:{name}"
                yield Declaration(
                    "project task", path, line, _folder(path), Invocation("task", label, "hatch")
                )


def _scripts(tree: SourceTree, path: str, scripts: object, name: object) -> Iterator[Declaration]:
    if not isinstance(scripts, dict):
        return
    for script, target in scripts.items():
        if isinstance(target, str) and isinstance(script, str):
            invocation = Invocation(
                "command", script, target, ("named",) if _same(script, name) else ()
            )
            line = _line_of(tree, path, script, target.partition(":")[0])
            yield Declaration("console script", path, line, _folder(path), invocation)


def _same(script: str, name: object) -> bool:
    def plain(text: str) -> str:
        return re.sub(r"[-_.]+", "-", text).lower()

    return isinstance(name, str) and plain(script) == plain(name)


def _setup(tree: SourceTree) -> Iterator[Declaration]:
    """console_scripts of setup.cfg and, where they are literals, of setup.py."""
    for path in _files(tree, "setup.cfg", "setup.py", depth=2):
        text = tree.read(path) or ""
        pyproject = tree.toml(join(_folder(path), "pyproject.toml"))
        if "console_scripts" not in text or _dig(pyproject, "project", "scripts"):
            continue
        tail = text[text.index("console_scripts") :]
        block = tail[: tail.find("]")] if path.endswith(".py") else tail
        for match in re.finditer(
            r"(?:^|[\s'\"\[,])([\w.-]+)\s*=\s*([\w.]+:[\w.]+)", block, re.MULTILINE
        ):
            invocation = Invocation("command", match[1], match[2])
            yield Declaration(
                "console script",
                path,
                _line_of(tree, path, match[1], match[2]),
                _folder(path),
                invocation,
            )


# --- environment files, package.json, task files -----------------------------------------------


def _env_files(tree: SourceTree) -> Iterator[Declaration]:
    for path in _files(tree, ".flaskenv", ".env"):
        for number, line in enumerate(tree.lines(path), 1):
            key, _, value = line.strip().removeprefix("export ").partition("=")
            value = value.strip().strip("\"'")
            if not value:
                continue
            if key == "FLASK_APP":
                target = value.removesuffix(".py").replace("/", ".")
                invocation = Invocation("app", target, "flask", factory=value.endswith(")"))
                yield Declaration("flaskenv", path, number, _folder(path), invocation)
            elif key == "LITESTAR_APP":
                yield Declaration(
                    "litestar", path, number, _folder(path), Invocation("app", value, "litestar")
                )


def _package_json(tree: SourceTree) -> Iterator[Declaration]:
    for path in _files(tree, "package.json"):
        scripts = tree.json(path).get("scripts")
        if not isinstance(scripts, dict):
            continue
        for name, command in scripts.items():
            if not isinstance(command, str):
                continue
            line = _line_of(tree, path, f'"{name}"')
            for text in re.split(r"\\?\"|'", command):
                for place, words in pieces(split_line(text), _folder(path)):
                    found = parse(words)
                    if (
                        found is not None and found.kind in ("app", "path-app", "manage", "ui")
                    ) or (
                        found is not None
                        and found.kind == "script"
                        and _DEV_TASK.fullmatch(str(name))
                    ):
                        yield Declaration("package.json", path, line, place, found)


def _makefile(tree: SourceTree) -> Iterator[Declaration]:
    for path in _files(tree, "makefile", "gnumakefile", "justfile", ".justfile", depth=2):
        for name, lines in _make_targets(tree, path):
            if _DEV_TASK.fullmatch(name):
                yield from _make_commands(tree, "makefile", path, path, lines, 0)


def _make_targets(tree: SourceTree, path: str) -> Iterator[tuple[str, list[tuple[int, str]]]]:
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


def _launch_json(tree: SourceTree) -> Iterator[Declaration]:
    for path in _files(tree, "launch.json"):
        configurations = tree.json(path).get("configurations")
        for item in configurations if isinstance(configurations, list) else ():
            if not isinstance(item, dict):
                continue
            arguments = [
                str(word) for word in item.get("args") or () if isinstance(word, str | int)
            ]
            program = str(item.get("program") or "").replace("${workspaceFolder}/", "")
            place = str(item.get("cwd") or "").replace("${workspaceFolder}", "").strip("/")
            base = _folder(_folder(path))
            folder = join(base, place)
            if isinstance(item.get("module"), str):
                words = ["python", "-m", item["module"], *arguments]
            elif program.endswith(".py"):
                words = ["python", program, *arguments]
            else:
                continue
            line = _line_of(tree, path, str(item.get("name") or "module"))
            yield from _declared(tree, "launch.json", path, words, folder, line)


# --- deployment files --------------------------------------------------------------------------


def _procfile(tree: SourceTree) -> Iterator[Declaration]:
    for path in _files(tree, "procfile", "procfile.dev"):
        for number, line in enumerate(tree.lines(path), 1):
            name, _, command = line.partition(":")
            if name.strip() == "web":
                found = list(_declared(tree, "procfile", path, command.strip(), line=number))
                yield from found[-1:]


def _compose(tree: SourceTree) -> Iterator[Declaration]:
    names = [
        name for name in tree.by_name if re.fullmatch(r"(?:docker-)?compose[\w.-]*\.ya?ml", name)
    ]
    for path in _files(tree, *names, depth=2):
        services = tree.yaml(path).get("services")
        for service in services.values() if isinstance(services, dict) else ():
            if not isinstance(service, dict) or "build" not in service:
                continue
            command = service.get("command") or service.get("entrypoint")
            build = service["build"]
            context = build.get("context") if isinstance(build, dict) else build
            folder = join(_folder(path), context) if isinstance(context, str) else _folder(path)
            words = [str(word) for word in command] if isinstance(command, list) else command
            if isinstance(words, str | list) and words:
                yield from _declared(tree, "compose", path, words, folder)


def _platform(tree: SourceTree) -> Iterator[Declaration]:
    """Start commands of hosting platforms' files."""
    for path in _files(
        tree, "render.yaml", "railway.json", "railway.toml", "nixpacks.toml", "app.yaml"
    ):
        text = tree.read(path) or ""
        pattern = r"(?:startCommand|entrypoint|cmd)[\"']?\s*[:=]\s*(?P<quote>[\"']?)(?P<command>[^\n]+?)(?P=quote),?\s*$"
        for match in re.finditer(pattern, text, re.MULTILINE):
            line = text.count("\n", 0, match.start()) + 1
            yield from _declared(tree, "platform", path, match["command"], line=line)


def _dockerfile(tree: SourceTree) -> Iterator[Declaration]:
    names = [
        name
        for name in tree.by_name
        if name.startswith(("dockerfile", "containerfile")) or name.endswith(".dockerfile")
    ]
    for path in _files(tree, *names):
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
        where = _line_of(tree, path, "CMD" if command else "ENTRYPOINT")
        both = [*entrypoint, *command]
        for words in (
            ([both] if parse(both[:1] + both[1:]) else [command, entrypoint]) if both else ()
        ):
            if words:
                yield from _declared(
                    tree, "dockerfile", path, words, _docker_folder(tree, path), where
                )


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


def _langgraph(tree: SourceTree) -> Iterator[Declaration]:
    for path in _files(tree, "langgraph.json", depth=2):
        if isinstance(tree.json(path).get("graphs"), dict):
            line = _line_of(tree, path, "graphs")
            yield Declaration(
                "langgraph.json",
                path,
                line,
                _folder(path),
                Invocation("langgraph", "", "langgraph"),
            )


# --- prose -------------------------------------------------------------------------------------

_FENCE = re.compile(
    r"^(?P<mark>```+|~~~+)[^\n]*\n(?P<body>.*?)^(?P=mark)", re.MULTILINE | re.DOTALL
)
_INDENTED = re.compile(r"(?:^(?: {4}|\t)[^\n]*\n)+", re.MULTILINE)


def _prose(tree: SourceTree) -> Iterator[Declaration]:
    names = ("readme.md", "readme.rst", "readme", "readme.txt", "quickstart.md")
    for path in _files(tree, *names, depth=2):
        source = "readme" if "/" not in path else "readme below"
        yield from _document(tree, source, path)
    names = ("development.md", "contributing.md", "agents.md", "claude.md")
    for path in _files(tree, *names, depth=1):
        yield from _document(tree, "contributing", path)
    scripts = [name for name in tree.by_name if name.endswith(".sh")]
    for path in _files(tree, *scripts, depth=2):
        for place, words in _script_lines(tree, path):
            found = parse(words)
            if found is not None and found.kind not in ("shell", "command", "task"):
                yield Declaration("shell script", path, 0, join(_folder(path), place), found)


def _document(tree: SourceTree, source: str, path: str) -> Iterator[Declaration]:
    text = tree.read(path) or ""
    blocks = [(m.start("body"), m["body"]) for m in _FENCE.finditer(text)]
    if path.endswith(".rst"):
        blocks += [(m.start(), m[0]) for m in _INDENTED.finditer(text)]
    for start, body in blocks:
        first = text.count("\n", 0, start) + 1
        folder = _folder(path)
        for offset, raw in enumerate(body.splitlines()):
            line = raw.strip().removeprefix("$ ").removeprefix("> ")
            words = split_line(line) if line and not line.startswith("#") else []
            if words[:1] == ["cd"] and len(words) == 2:
                folder = join(folder, words[1])
                continue
            for place, piece in pieces(words, folder):
                found = parse(piece)
                if found is None or found.kind == "shell":
                    continue
                if found.kind == "task":
                    yield from _hop_into_task(tree, source, path, place, found, first + offset)
                else:
                    yield Declaration(source, path, first + offset, place, found)
