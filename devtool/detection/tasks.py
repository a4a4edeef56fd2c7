"""Launches declared by manifests, environment files and task files."""

from __future__ import annotations

import re
from itertools import islice

from devtool.detection.commands import Invocation, join, parse, pieces, split_line
from devtool.detection.declaration import Declaration, dig, files, folder_of, line_of
from devtool.detection.hops import Origin, declared, make_commands, make_targets, tasks
from devtool.detection.pattern import Pattern
from devtool.detection.targets import MANAGE_MARKS
from devtool.detection.tree import SourceTree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_SCRIPTS = 300
_DEV_TASK = Pattern(
    r"(?:(?:run|start|dev|serve|up)[-_:.]?)?(?:dev|serve|server|start|run|api|web|app|backend|up)(?:[-_:.](?:dev|server|api|backend|start|local|run))?"
)
# Hatch's own environments (hatch-test, hatch-static-analysis ...) and those made for checks: what
# they `run` is no application.
_CHECKING_ENVIRONMENT = Pattern(
    r"hatch-|(?:.*[-_.])?(?:tests?|lint|types?|docs?|style|build|release)$"
)
_TARGET = Pattern(r"[A-Za-z_][\w./]*(?::[A-Za-z_][\w.]*(?:\(\))?)?")
_SERVING_WORDS = frozenset(
    (
        "dev",
        "server",
        "serve",
        "api",
        "web",
        "app",
        "backend",
        "run",
        "start",
        "local",
        "default",
        "up",
    )
)


def pyproject(tree: SourceTree) -> Iterator[Declaration]:
    """`[tool.fastapi]`, tasks and console scripts of pyproject.toml."""
    for path in files(tree, "pyproject.toml"):
        table = tree.toml(path)
        entrypoint = dig(table, "tool", "fastapi", "entrypoint")
        if isinstance(entrypoint, str) and entrypoint:
            line = line_of(tree, path, "entrypoint", entrypoint)
            invocation = Invocation("app", entrypoint, "fastapi")
            yield Declaration("tool.fastapi", path, line, folder_of(path), invocation)
        for name, command in tasks(table):
            if _DEV_TASK.fullmatch(name):
                origin = Origin("project task", path, line_of(tree, path, name))
                yield from declared(tree, origin, command)
        yield from _hatch(tree, path, table)
        if not _is_packaged(tree, path, table):
            continue
        for owner in (dig(table, "project"), dig(table, "tool", "poetry")):
            yield from _scripts(tree, path, dig(owner, "scripts"), dig(owner, "name"))


def _is_packaged(tree: SourceTree, path: str, table: dict[str, object]) -> bool:
    """Whether installing the project makes its scripts: without a build system nothing does."""
    if dig(table, "tool", "uv", "package") is False:
        return False
    if (
        "build-system" in table
        or dig(table, "tool", "poetry")
        or dig(table, "tool", "uv", "package")
    ):
        return True
    return any(tree.has(join(folder_of(path), name)) for name in ("setup.py", "setup.cfg"))


def _hatch(tree: SourceTree, path: str, table: dict[str, object]) -> Iterator[Declaration]:
    environments = dig(table, "tool", "hatch", "envs")
    if not isinstance(environments, dict):
        return
    for environment, settings in environments.items():
        scripts = dig(settings, "scripts")
        if not isinstance(scripts, dict) or _CHECKING_ENVIRONMENT.match(str(environment)):
            continue
        for name, command in scripts.items():
            serves = set(re.split(r"[.:_-]", str(name))) <= _SERVING_WORDS
            if not serves or not tree.affords_command():
                continue
            commands = command if isinstance(command, list) else [command]
            line = line_of(tree, path, str(name))
            for text in commands:
                if not isinstance(text, str):
                    continue
                for place, words in pieces(split_line(text), folder_of(path)):
                    found = parse(words)
                    if found is not None and found.kind in ("app", "path-app", "manage", "ui"):
                        yield Declaration("project task", path, line, place, found)
                        continue
                label = str(name) if environment == "default" else f"{environment}:{name}"
                yield Declaration(
                    "project task", path, line, folder_of(path), Invocation("task", label, "hatch")
                )


def _scripts(tree: SourceTree, path: str, scripts: object, name: object) -> Iterator[Declaration]:
    if not isinstance(scripts, dict):
        return
    for script, target in islice(scripts.items(), MAX_SCRIPTS):
        if isinstance(target, str) and isinstance(script, str):
            invocation = Invocation(
                "command", script, target, ("named",) if _same(script, name) else ()
            )
            line = line_of(tree, path, script, target.partition(":")[0])
            yield Declaration("console script", path, line, folder_of(path), invocation)


def _same(script: str, name: object) -> bool:
    def plain(text: str) -> str:
        return re.sub(r"[-_.]+", "-", text).lower()

    return isinstance(name, str) and plain(script) == plain(name)


def setup(tree: SourceTree) -> Iterator[Declaration]:
    """console_scripts of setup.cfg and, where they are literals, of setup.py."""
    for path in files(tree, "setup.cfg", "setup.py", depth=2):
        text = tree.read(path) or ""
        pyproject = tree.toml(join(folder_of(path), "pyproject.toml"))
        if "console_scripts" not in text or dig(pyproject, "project", "scripts"):
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
                line_of(tree, path, match[1], match[2]),
                folder_of(path),
                invocation,
            )


def manage(tree: SourceTree) -> Iterator[Declaration]:
    """manage.py files that are Django's."""
    for path in files(tree, "manage.py"):
        lines = (line_of(tree, path, mark) for mark in MANAGE_MARKS)
        line = next(filter(None, lines), 0)
        if line:
            invocation = Invocation("manage", "manage.py", "manage.py")
            yield Declaration("manage.py", path, line, folder_of(path), invocation)


def env_files(tree: SourceTree) -> Iterator[Declaration]:
    """FLASK_APP and LITESTAR_APP of environment files."""
    for path in files(tree, ".flaskenv", ".env"):
        for number, line in enumerate(tree.lines(path), 1):
            key, _, value = line.strip().removeprefix("export ").partition("=")
            value = value.strip().strip("\"'")
            if key not in ("FLASK_APP", "LITESTAR_APP"):
                continue
            if not _TARGET.fullmatch(value):
                # What is no module is not repeated: it stands in a file of secrets.
                tree.note(path, f"sets {key} to what is no module", line=number, kind="near miss")
                continue
            if key == "FLASK_APP":
                target = value.removesuffix(".py").replace("/", ".")
                invocation = Invocation("app", target, "flask", factory=value.endswith(")"))
                yield Declaration("flaskenv", path, number, folder_of(path), invocation)
            elif key == "LITESTAR_APP":
                yield Declaration(
                    "litestar", path, number, folder_of(path), Invocation("app", value, "litestar")
                )


def package_json(tree: SourceTree) -> Iterator[Declaration]:
    """package.json scripts that start Python."""
    for path in files(tree, "package.json"):
        scripts = tree.json(path).get("scripts")
        if not isinstance(scripts, dict):
            continue
        for name, command in scripts.items():
            if not isinstance(command, str) or not tree.affords_command():
                continue
            line = line_of(tree, path, f'"{name}"')
            for text in re.split(r"\\?\"|'", command):
                for place, words in pieces(split_line(text), folder_of(path)):
                    found = parse(words)
                    if (
                        found is not None and found.kind in ("app", "path-app", "manage", "ui")
                    ) or (
                        found is not None
                        and found.kind == "script"
                        and _DEV_TASK.fullmatch(str(name))
                    ):
                        yield Declaration("package.json", path, line, place, found)


def makefile(tree: SourceTree) -> Iterator[Declaration]:
    """Development targets of Makefiles and justfiles."""
    for path in files(tree, "makefile", "gnumakefile", "justfile", ".justfile", depth=2):
        for name, lines in make_targets(tree, path):
            if _DEV_TASK.fullmatch(name):
                yield from make_commands(tree, Origin("makefile", path), path, lines)


def launch_json(tree: SourceTree) -> Iterator[Declaration]:
    """Configurations of VS Code's launch.json (https://code.visualstudio.com/docs/debugtest/debugging-configuration)."""
    for path in files(tree, "launch.json"):
        configurations = tree.json(path).get("configurations")
        for item in configurations if isinstance(configurations, list) else ():
            if not isinstance(item, dict):
                continue
            arguments = [
                str(word) for word in item.get("args") or () if isinstance(word, str | int)
            ]
            program = str(item.get("program") or "").replace("${workspaceFolder}/", "")
            place = str(item.get("cwd") or "").replace("${workspaceFolder}", "").strip("/")
            base = folder_of(folder_of(path))
            folder = join(base, place)
            if isinstance(item.get("module"), str):
                words = ["python", "-m", item["module"], *arguments]
            elif program.endswith(".py"):
                words = ["python", program, *arguments]
            else:
                continue
            line = line_of(tree, path, str(item.get("name") or "module"))
            yield from declared(tree, Origin("launch.json", path, line), words, folder)
