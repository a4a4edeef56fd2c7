"""Command lines as people write them -> what they would start.

Runner prefixes (`uv run`, `poetry run`, `exec`, `FOO=1`) say nothing about the target and are
taken off; a production server and a development server of the same target mean the same thing.
"""

from __future__ import annotations

import re
import shlex
from typing import NamedTuple

from devtool.detection.pattern import Pattern

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

WRAPPERS = frozenset(
    {"sudo", "exec", "time", "nohup", "env", "dumb-init", "tini", "--", "-g", "command"}
)
PROJECT_RUNNERS = frozenset({"uv", "poetry", "pdm", "pipenv", "hatch", "rye", "pixi"})
TASK_RUNNERS = frozenset({"make", "just", "task", "poe", "invoke", "inv"})
SERVERS = frozenset({"uvicorn", "gunicorn", "hypercorn", "granian", "daphne", "waitress-serve"})
# Options of the runners and servers above that take the next word as their value.
_VALUE_OPTIONS = frozenset(
    [
        "--with",
        "--project",
        "--extra",
        "--group",
        "--python",
        "-p",
        "--env-file",
        "--package",
        "--directory",
        "--no-group",
        "--with-editable",
        "--with-requirements",
        "--from",
        "--index",
        "--host",
        "--port",
        "-b",
        "--bind",
        "-k",
        "--worker-class",
        "-w",
        "--workers",
        "-c",
        "--config",
        "--app-dir",
        "--chdir",
        "--timeout",
        "--log-level",
        "--log-config",
        "--threads",
        "--loop",
        "--http",
        "--ws",
        "--interface",
        "--access-logfile",
        "--error-logfile",
        "--worker-tmp-dir",
        "--reload-dir",
        "--reload-include",
        "--reload-exclude",
        "--root-path",
        "--forwarded-allow-ips",
        "--server.port",
        "--server.address",
        "--ssl-keyfile",
        "--ssl-certfile",
        "--graceful-timeout",
        "--max-requests",
        "--max-requests-jitter",
        "--keep-alive",
        "--timeout-keep-alive",
        "--url-prefix",
        "-t",
        "-u",
        "-g",
    ]
)
_ASSIGNMENT = Pattern(r"[A-Za-z_][A-Za-z0-9_]*=.*", re.DOTALL)
_PYTHON = Pattern(r"(?:python(?:3(?:\.\d+)?)?|py)(?:\.exe)?")
_TARGET = Pattern(r"[A-Za-z_][\w.]*(?::[A-Za-z_][\w.]*(?:\(.*\))?)?")
MAX_PORT = 65_535
_SEPARATORS = frozenset({"&&", "||", ";", "&", "|"})
# Deeper than any folder that is looked into.
MAX_FOLDERS_DEEP = 40
_WORD = Pattern(r"[a-z][a-z_-]*")


class Invocation(NamedTuple):
    """What one command would start.

    `kind` is app (an ASGI or WSGI object), path-app (`fastapi dev FILE`), manage, script, module,
    ui (streamlit or chainlit), langgraph, reflex, command (a console script), task (of a task
    runner) or shell (a script of commands). `target` is `module:attribute`, a path, or a name;
    `via` the program; `words` its further words.
    """

    kind: str
    target: str
    via: str
    words: tuple[str, ...] = ()
    app_dir: str = ""
    factory: bool = False
    port: int | None = None


def split_line(line: str) -> list[str]:
    """The words of a command line, even where its quotes are unbalanced."""
    try:
        lexer = shlex.shlex(line, posix=True, punctuation_chars=";&|")
        lexer.whitespace_split = True
        lexer.commenters = "#"
        return list(lexer)
    except ValueError:
        return line.split()


def pieces(words: Sequence[str], folder: str = "") -> Iterator[tuple[str, tuple[str, ...]]]:
    """The simple commands of a compound one, each with the folder its `cd`s lead to."""
    current: list[str] = []
    for word in [*words, ";"]:
        if word in _SEPARATORS or (word.endswith(";") and len(word) > 1):
            if word not in _SEPARATORS:
                current.append(word[:-1])
            if current[:1] == ["cd"]:
                folder = join(folder, current[1]) if len(current) > 1 else folder
            elif current:
                yield folder, tuple(current)
            current = []
        else:
            current.append(word)


def join(folder: str, path: str) -> str:
    """`path` seen from `folder`, both relative to the root; an outside path gives `folder`."""
    path = path.strip("\"'").rstrip("/")
    if path.startswith(("/", "~", "$")) or not path:
        return folder
    parts = folder.split("/") if folder else []
    for part in path.split("/"):
        if part == "..":
            if not parts:
                return folder
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts) if len(parts) <= MAX_FOLDERS_DEEP else folder


def strip(words: Sequence[str]) -> tuple[list[str], str]:
    """The command behind runner prefixes, and the folder that one of them names."""
    rest, folder = list(words), ""
    while rest:
        head = rest[0]
        name = head.rpartition("/")[2]
        if head in WRAPPERS or _ASSIGNMENT.fullmatch(head):
            rest = rest[1:]
        elif name in PROJECT_RUNNERS and "run" in rest[1:4]:
            if name == "hatch":
                return ["hatch-run", *rest[rest.index("run") + 1 :]], folder
            at = rest.index("run") + 1
            rest, named = _without_options(rest[1 : at - 1] + rest[at:])
            folder = named or folder
        elif name == "uvx":
            rest, _ = _without_options(rest[1:])
        elif name in ("sh", "bash") and rest[1:2] in (["-c"], ["-lc"]):
            parts = list(pieces(split_line("".join(rest[2:3])), folder))
            if not parts:
                return [], folder
            folder, last = parts[-1]
            rest = list(last)
        else:
            break
    return rest, folder


def _without_options(words: list[str]) -> tuple[list[str], str]:
    folder = ""
    while words and words[0].startswith("-"):
        name, _, value = words[0].partition("=")
        if name in _VALUE_OPTIONS and not value:
            value = words[1] if len(words) > 1 else ""
            words = words[1:]
        if name in ("--directory", "--project"):
            folder = value
        words = words[1:]
    return words, folder


def parse(words: Sequence[str]) -> Invocation | None:
    """What a simple command would start, or None when it starts nothing of the project's."""
    rest, folder = strip(words)
    if not rest:
        return None
    found = _parse(rest)
    if found is not None and folder and not found.app_dir:
        return found._replace(app_dir=folder)
    return found


def _parse(rest: list[str]) -> Invocation | None:
    head, arguments = rest[0], rest[1:]
    name = head.rpartition("/")[2].removesuffix(".exe")
    if _PYTHON.fullmatch(name):
        return _python(arguments)
    if name in _READERS:
        return _READERS[name](name, arguments)
    if name == "manage.py":
        return _manage(head, arguments)
    path = head.removeprefix("./")
    if name.endswith(".py"):
        return Invocation("script", path, "python", tuple(arguments))
    if name.endswith(".sh") or "/" in head:
        return Invocation("shell", path, name)
    return Invocation("command", name, name, tuple(_words(arguments)), port=_port(arguments))


def _python(arguments: list[str]) -> Invocation | None:
    while arguments and arguments[0] in ("-u", "-B", "-O", "-I", "-X", "-W"):
        arguments = arguments[2:] if arguments[0] in ("-X", "-W") else arguments[1:]
    if arguments[:1] == ["-m"] and len(arguments) > 1:
        module = arguments[1]
        if module in _READERS and module not in TASK_RUNNERS:
            return _READERS[module](module, arguments[2:])
        return Invocation(
            "module", module, "python", tuple(_words(arguments[2:])), port=_port(arguments)
        )
    path = next((word for word in arguments if word.endswith(".py")), None)
    if path is None or arguments.index(path) > 1:
        return None
    if path.rpartition("/")[2] == "manage.py":
        return _manage(path, arguments[arguments.index(path) + 1 :])
    words = tuple(_words(arguments[arguments.index(path) + 1 :]))
    return Invocation("script", path.removeprefix("./"), "python", words, port=_port(arguments))


def _manage(path: str, arguments: list[str]) -> Invocation | None:
    if _positional(arguments)[:1] not in (["runserver"], ["run"], []):
        return None
    words = _positional(arguments)
    address = words[1] if len(words) > 1 else ""
    port = address.rpartition(":")[2]
    return Invocation(
        "manage", path.removeprefix("./"), "manage.py", port=int(port) if port.isdigit() else None
    )


def _server(name: str, arguments: list[str]) -> Invocation | None:
    found = [word for word in _positional(arguments) if _TARGET.fullmatch(word)]
    targets = [word for word in found if ":" in word] or [word for word in found if "." in word]
    targets = [word for word in targets or found if not word.endswith((".py", ".toml", ".ini"))]
    if not targets or targets[0].startswith("uvicorn.workers"):
        return None
    module, _, attribute = targets[0].partition(":")
    factory = "--factory" in arguments or attribute.endswith(")") or "--call" in arguments
    attribute = attribute.partition("(")[0] or ("application" if name == "gunicorn" else "app")
    return Invocation(
        "app",
        f"{module}:{attribute}",
        name,
        app_dir=_option(arguments, "--app-dir", "--chdir"),
        factory=factory,
        port=_port(arguments),
    )


def _fastapi(name: str, arguments: list[str]) -> Invocation | None:
    if arguments[:1] not in (["dev"], ["run"]):
        return None
    entry = _option(arguments, "--entrypoint", "-e")
    if ":" in entry:
        return Invocation("app", entry, name, port=_port(arguments))
    paths = _positional(arguments[1:])
    path = paths[0].removeprefix("./").rstrip("/") if paths else ""
    return Invocation("path-app", path, name, (_option(arguments, "--app"),), port=_port(arguments))


def _app_option(name: str, arguments: list[str]) -> Invocation | None:
    if "run" not in arguments:
        return None
    target = _option(arguments, "--app", "-A").removesuffix(".py").replace("/", ".")
    return Invocation("app", target, name, port=_port(arguments))


def _positional(arguments: Sequence[str]) -> list[str]:
    found: list[str] = []
    skip = False
    for word in arguments:
        if skip:
            skip = False
        elif word.startswith("-"):
            skip = word in _VALUE_OPTIONS
        elif word not in (">", ">>", "2>&1", "<"):
            found.append(word)
    return found


def _words(arguments: Sequence[str]) -> list[str]:
    """The leading sub-commands of a program."""
    found: list[str] = []
    for word in arguments:
        if not _WORD.fullmatch(word):
            break
        found.append(word)
    return found


def _option(arguments: Sequence[str], *names: str) -> str:
    for at, word in enumerate(arguments):
        name, equals, value = word.partition("=")
        if name in names:
            return value if equals else arguments[at + 1] if at + 1 < len(arguments) else ""
    return ""


def _port(arguments: Sequence[str]) -> int | None:
    text = _option(arguments, "--port", "-p", "--server.port", "--bind", "-b", "-P")
    digits = re.search(r"(?:^|:)(\d{2,5})$", text)
    return int(digits[1]) if digits and 0 < int(digits[1]) <= MAX_PORT else None


def _hatch(_name: str, arguments: list[str]) -> Invocation | None:
    return Invocation("task", arguments[0], "hatch") if arguments else None


def _object(name: str, arguments: list[str]) -> Invocation | None:
    found = _positional(arguments)
    return Invocation("app", found[0], name) if found else None


def _page(name: str, arguments: list[str]) -> Invocation | None:
    found = _positional(arguments[1:])
    if arguments[:1] != ["run"] or not found:
        return None
    return Invocation("ui", found[0].removeprefix("./"), name, port=_port(arguments))


def _langgraph(name: str, arguments: list[str]) -> Invocation | None:
    return Invocation("langgraph", "", name) if arguments[:1] in (["dev"], ["up"]) else None


def _reflex(name: str, arguments: list[str]) -> Invocation | None:
    return Invocation("reflex", "", name) if arguments[:1] == ["run"] else None


def _task(name: str, arguments: list[str]) -> Invocation | None:
    words = [word for word in _positional(arguments) if "=" not in word]
    return Invocation("task", words[0] if words else "", name)


def _shell(name: str, arguments: list[str]) -> Invocation | None:
    found = _positional(arguments)
    return Invocation("shell", found[0].removeprefix("./"), name) if found else None


_READERS: dict[str, Callable[[str, list[str]], Invocation | None]] = {
    "hatch-run": _hatch,
    "fastapi": _fastapi,
    "flask": _app_option,
    "quart": _app_option,
    "litestar": _app_option,
    "sanic": _object,
    "streamlit": _page,
    "chainlit": _page,
    "langgraph": _langgraph,
    "reflex": _reflex,
    **dict.fromkeys(SERVERS, _server),
    **dict.fromkeys(TASK_RUNNERS, _task),
    **dict.fromkeys(("bash", "sh", "source", "."), _shell),
}
