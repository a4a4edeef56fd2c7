"""Trees that a stranger could hand us. Each builder gets an empty folder and the canary's path."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

SECRET = "hunter2-very-secret"
APP = "from fastapi import FastAPI\n\napp = FastAPI()\n"

Builder = Callable[[Path, Path], None]


class Tree(NamedTuple):
    """A tree, the file that must be named in a note, and codes other than 0 that are right."""

    build: Builder
    names: str = ""
    codes: tuple[int, ...] = (0,)


TREES: dict[str, Tree] = {}


def tree(name: str, build: Builder, *, names: str = "", codes: tuple[int, ...] = (0,)) -> None:
    assert name not in TREES
    TREES[name] = Tree(build, names, codes)


def files(**contents: str | bytes) -> Builder:
    """A working app, and these files beside it: `__` stands for `/`, `_dot_` for a dot."""

    def build(root: Path, _canary: Path) -> None:
        put(root, "main.py", APP)
        put(root, "requirements.txt", "fastapi\n")
        for name, content in contents.items():
            put(root, name.replace("__", "/").replace("_dot_", "."), content)

    return build


def put(root: Path, name: str, content: str | bytes) -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


APP_TREE = files()

# --- files that are no plain files ----------------------------------------------------------------


def _socket(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # socket paths are short
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(here)


def _sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(2 << 30)


def _bytes(path: Path, content: bytes) -> None:
    path.write_bytes(content)


SPECIAL: dict[str, Callable[[Path], None]] = {
    "fifo": os.mkfifo,
    "folder": lambda path: path.mkdir(),
    "dangling-link": lambda path: path.symlink_to("gone"),
    "link-to-itself": lambda path: path.symlink_to(path.name),
    "link-to-zero": lambda path: path.symlink_to("/dev/zero"),
    "link-to-passwd": lambda path: path.symlink_to("/etc/passwd"),
    "link-to-proc": lambda path: path.symlink_to("/proc/self/environ"),
    "link-to-the-root": lambda path: path.symlink_to("/"),
    "socket": _socket,
    "sparse-2-gb": _sparse,
    "empty": lambda path: path.touch(),
    "one-nul": lambda path: _bytes(path, b"\0"),
    "latin-1": lambda path: _bytes(path, b"caf\xe9 = 1\n"),
    "utf-16": lambda path: _bytes(path, "x = 1\n".encode("utf-16")),
    "bom": lambda path: _bytes(path, b"\xef\xbb\xbf"),
    "random": lambda path: _bytes(path, bytes(range(256)) * 40),
}
NAMES = (
    "main.py",
    "app.py",
    "pyproject.toml",
    "requirements.txt",
    "package.json",
    "Procfile",
    "Dockerfile",
    "docker-compose.yml",
    "Makefile",
    "README.md",
    ".env",
    ".flaskenv",
    "manage.py",
    "langgraph.json",
)
# Named in a note: what was there but could not be read as what its name says.
UNREADABLE = {
    *("sparse-2-gb", "random", "one-nul", "fifo", "socket", "dangling-link", "link-to-itself"),
    *("link-to-zero", "link-to-passwd", "link-to-proc", "link-to-the-root"),
}


def _special(name: str, kind: str) -> Builder:
    def build(root: Path, _canary: Path) -> None:
        put(root, "backend/main.py", APP)
        put(root, "backend/requirements.txt", "fastapi\n")
        SPECIAL[kind](root / name)

    return build


for _name in NAMES:
    for _kind in SPECIAL:
        _named = _name if _kind in UNREADABLE else ""
        tree(f"special/{_name}/{_kind}", _special(_name, _kind), names=_named)

# --- configuration of the wrong shape --------------------------------------------------------------

WRONG_TOML = {
    "not-toml": f"token = {SECRET}\n",
    "project-is-a-list": "project = []\n",
    "project-is-a-number": "project = 3\n",
    "dependencies-is-a-table": "[project]\ndependencies = {a = 1}\n",
    "dependencies-of-numbers": "[project]\ndependencies = [1, [], {}]\n",
    "scripts-is-a-text": '[project]\nscripts = "x"\n',
    "scripts-of-lists": "[project]\nname = 3\n[project.scripts]\nx = []\n",
    "tool-is-a-number": "tool = 3\n",
    "tools-are-texts": '[tool]\nuv = "x"\npoetry = "x"\nfastapi = "x"\npoe = "x"\nhatch = 1\npdm = []\n',
    "entrypoint-is-a-list": "[tool.fastapi]\nentrypoint = []\n",
    "tasks-are-lists": "[tool.poe]\ntasks = []\n[tool.hatch]\nenvs = []\n[tool.taskipy]\ntasks = 1\n",
    "requires-python-is-a-number": "[project]\nrequires-python = 3\n",
    "build-system-is-a-text": 'build-system = "x"\n',
    "groups-are-texts": 'dependency-groups = "x"\n[project]\noptional-dependencies = ["x"]\n',
    "deep-arrays": "x = " + "[" * 5000 + "]" * 5000 + "\n",
    "a-million-keys": "".join(f"k{i} = {i}\n" for i in range(40_000)),
    "dotted-nest": "[" + ".".join("a" * 3000) + "]\n",
}
for _name, _text in WRONG_TOML.items():
    _named = "pyproject.toml" if _name in ("not-toml", "deep-arrays") else ""
    tree(f"toml/{_name}", files(pyproject_dot_toml=_text), names=_named)

WRONG_JSON = {
    "not-json": f'{{"token": "{SECRET}",,}}',
    "a-list": "[]",
    "a-number": "3",
    "a-text": '"x"',
    "null": "null",
    "scripts-is-a-list": '{"scripts": ["dev"], "dependencies": {"next": "1"}}',
    "scripts-of-numbers": '{"scripts": {"dev": 3, "start": null}, "dependencies": {"next": "1"}}',
    "dependencies-is-a-text": '{"scripts": {"dev": "next"}, "dependencies": "next"}',
    "manager-is-a-list": '{"packageManager": [], "scripts": {"dev": "next dev"}, "dependencies": {"next": "1"}}',
    "deep": "[" * 100_000,
    "deep-objects": '{"a":' * 50_000 + "1" + "}" * 50_000,
    "huge-number": '{"x": ' + "9" * 100_000 + "}",
    "lone-surrogate": '{"name": "\\ud800", "scripts": {"dev": "next \\ud800"}, "dependencies": {"next": "1"}}',
    "escape-sequences": '{"scripts": {"dev": "\\u001b[31mnext"}, "dependencies": {"next": "1"}}',
}
for _name, _text in WRONG_JSON.items():
    _wrong = _name in (
        "not-json",
        "a-list",
        "a-number",
        "a-text",
        "deep",
        "deep-objects",
        "huge-number",
    )
    _named = "package.json" if _wrong else ""
    tree(f"package.json/{_name}", files(package_dot_json=_text, x_dot_js="1"), names=_named)
    tree(f"langgraph.json/{_name}", files(langgraph_dot_json=_text))
    tree(f"launch.json/{_name}", files(_dot_vscode__launch_dot_json=_text))

WRONG_YAML = {
    "not-yaml": f"a: [{SECRET}\n  b: }}\n",
    "a-list": "- a\n- b\n",
    "a-text": "x\n",
    "services-is-a-text": "services: x\n",
    "services-is-a-list": "services: [a]\n",
    "a-service-is-a-number": "services: {a: 3, b: null, c: {build: 3, command: {x: y}}}\n",
    "bomb": "a: &a [x,x,x,x,x,x,x,x]\n"
    + "".join(
        f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(9)
    ),
    "deep": "[" * 20_000,
    "tag": "!!python/object/apply:os.system ['touch CANARY']\n",
    "itself": "services: &x {a: *x}\n",
    "tabs": "services:\n\tweb:\n\t\tbuild: .\n",
}
for _name, _text in WRONG_YAML.items():
    tree(f"compose/{_name}", files(docker_compose_dot_yml=_text))
    tree(f"k8s/{_name}", files(k8s__deployment_dot_yaml=_text))

# --- source ------------------------------------------------------------------------------------------

SOURCE = {
    "syntax-error": f'password = "{SECRET}\ndef (:\n',
    "python-2": "print 'hello'\n",
    "unclosed": "app = FastAPI(" + "(" * 300,
    "deep-parentheses": "x = " + "(" * 5000 + ")" * 5000 + "\n",
    "deep-operators": "from fastapi import FastAPI\napp = FastAPI()\nx = " + "-" * 50_000 + "1\n",
    "long-sum": "from fastapi import FastAPI\napp = FastAPI()\nx = "
    + "+".join(["1"] * 30_000)
    + "\n",
    "deep-attribute": "from fastapi import FastAPI\napp = FastAPI()\nx = a" + ".b" * 20_000 + "\n",
    "deep-calls": "from fastapi import FastAPI\napp = FastAPI()\nx = "
    + "f(" * 150
    + ")" * 150
    + "\n",
    "one-long-line": "from fastapi import FastAPI\napp = FastAPI()\n#" + "x" * 900_000 + "\n",
    "nul-inside": "from fastapi import FastAPI\napp = FastAPI()\nx = '\0'\n",
    "form-feeds": "\f\nfrom fastapi import FastAPI\n\f\napp = FastAPI()\n",
    "bad-cookie": "# -*- coding: nope -*-\nfrom fastapi import FastAPI\napp = FastAPI()\n",
    "factory-of-itself": "def app():\n    return app()\n\napp = app()\n",
    "alias-of-itself": "app = app\n",
    "import-of-itself": "from web import app\n",
    "pep-695": "type X[T] = list[T]\nfrom fastapi import FastAPI\napp = FastAPI()\n",
    "invalid-escape": "from fastapi import FastAPI\nx = '\\d'\napp = FastAPI()\n",
    "many-functions": APP + "def f():\n    pass\n" * 8_000,
}
for _name, _text in SOURCE.items():
    tree(f"source/{_name}", files(web_dot_py=_text))
tree("source/cookie-latin-1", files(web_dot_py=b"# coding: latin-1\n# caf\xe9\n" + APP.encode()))
tree("source/invalid-utf-8", files(web_dot_py=b"# caf\xe9\n" + APP.encode()), names="web.py")


def _mutual(root: Path, _canary: Path) -> None:
    put(root, "a.py", "from b import app\n")
    put(root, "b.py", "from a import app\n")
    put(root, "Procfile", "web: uvicorn a:app\n")


tree("source/imports-in-a-circle", _mutual, codes=(0, 3))

# --- names -------------------------------------------------------------------------------------------

ODD_NAMES = {
    "shell": "$(touch CANARY);`id`&|<>",
    "newline": "a\nb",
    "escape": "\x1b[2J\x1b]0;owned\x07",
    "dash": "--help",
    "quotes": 'it\'s "quoted"',
    "space": "  two  spaces ",
    "unicode": "läden-店-🏪",
    "bidi": "a\u202eb",
    "bytes": os.fsdecode(b"\xff\xfe"),
    "braces": "{python} {port}",
    "percent": "%s%n%(x)s",
    "markup": "[bold]x[/bold]",
    "dots": "...",
    "long": "x" * 200,
}


def _named_folder(name: str) -> Builder:
    def build(root: Path, _canary: Path) -> None:
        put(root, f"{name}/main.py", APP)
        put(root, f"{name}/requirements.txt", "fastapi\n")
        put(root, f"{name}/{name[:60]}.py", "x = 1\n")

    return build


for _name, _text in ODD_NAMES.items():
    tree(f"name/{_name}", _named_folder(_text), codes=(0, 3))

# --- commands that try to get out -------------------------------------------------------------------

COMMANDS = {
    "procfile": {"Procfile": "web: touch CANARY; uvicorn main:app --port $(touch CANARY)\n"},
    "makefile": {
        "Makefile": "dev:\n\ttouch CANARY && uvicorn main:app\nX := $(shell touch CANARY)\n"
    },
    "dockerfile": {"Dockerfile": 'FROM x\nRUN touch CANARY\nCMD ["sh", "-c", "touch CANARY"]\n'},
    "readme": {"README.md": "```sh\ncd ../../.. && rm -rf . && uvicorn main:app\n```\n"},
    "package-json": {
        "package.json": '{"scripts": {"preinstall": "touch CANARY", "dev": "touch CANARY; next dev"},'
        ' "dependencies": {"next": "1"}}',
        "x.js": "",
    },
    "outside-folder": {"Procfile": "web: cd ../../../etc && uvicorn passwd:app\n"},
    "outside-script": {"Procfile": "web: sh /etc/profile\n", "Makefile": "dev:\n\tsh ../../x.sh\n"},
    "outside-entry": {"pyproject.toml": '[tool.fastapi]\nentrypoint = "../../etc/passwd:app"\n'},
    "absolute-entry": {".flaskenv": "FLASK_APP=/etc/passwd\n"},
    "odd-port": {"Procfile": "web: uvicorn main:app --port 999999\n"},
    "endless-cd": {"README.md": "```\n" + "cd a\n" * 20_000 + "```\n"},
    "unbalanced": {"Procfile": "web: uvicorn 'main:app\n", "README.md": '```sh\nuvicorn "x\n```\n'},
    "open-fence": {"README.md": "```sh\nuvicorn main:app\n" + "x\n" * 1000},
    "env-secrets": {".env": f"TOKEN={SECRET}\nFLASK_APP={SECRET}.py\n"},
    "pdm-python": {".pdm-python": "/bin/sh\n", "pdm.lock": ""},
    "python-version": {".python-version": "$(touch CANARY)\n"},
}


def _commands(contents: dict[str, str]) -> Builder:
    def build(root: Path, canary: Path) -> None:
        APP_TREE(root, canary)
        for name, text in contents.items():
            put(root, name, text.replace("CANARY", str(canary)))

    return build


for _name, _contents in COMMANDS.items():
    tree(f"command/{_name}", _commands(_contents), codes=(0, 2))

# --- planted programs ---------------------------------------------------------------------------------

PLANTED = ("git", "python", "python3", "node", "npm", "uvicorn", "uv", "sh", "ls")


def _planted(root: Path, canary: Path) -> None:
    APP_TREE(root, canary)
    for name in PLANTED:
        put(root, name, f"#!/bin/sh\ntouch {canary}\n").chmod(0o755)
        put(root, f".venv/bin/{name}", f"#!/bin/sh\ntouch {canary}\n").chmod(0o755)
    put(root, ".venv/pyvenv.cfg", "home = /usr/bin\n")
    put(root, ".git/config", f"[core]\nfsmonitor = touch {canary}\nsshCommand = touch {canary}\n")
    for name in ("sitecustomize", "usercustomize", "typer", "json", "tomllib", "ast", "yaml", "re"):
        put(root, f"{name}.py", f"open({str(canary)!r}, 'w')\n")
    put(root, "conftest.py", f"open({str(canary)!r}, 'w')\n")


tree("planted/programs-and-modules", _planted)

# --- folders ------------------------------------------------------------------------------------------


def _loop(root: Path, canary: Path) -> None:
    APP_TREE(root, canary)
    (root / "a").mkdir()
    (root / "a" / "b").symlink_to("..")
    (root / "up").symlink_to("../..")
    (root / "rooted").symlink_to("/")


def _many_flat(root: Path, canary: Path) -> None:
    APP_TREE(root, canary)
    (root / "data").mkdir()
    for number in range(6_000):
        (root / "data" / f"{number}.json").touch()


def _many_nested(root: Path, canary: Path) -> None:
    APP_TREE(root, canary)
    for outer in range(60):
        folder = root / "pkg" / f"m{outer}"
        folder.mkdir(parents=True)
        for inner in range(100):
            (folder / f"n{inner}.py").touch()


def _deep(root: Path, canary: Path) -> None:
    APP_TREE(root, canary)
    folder = root
    for _ in range(150):
        folder = folder / "d"
        folder.mkdir()
    put(folder, "main.py", APP)


def _empty(_root: Path, _canary: Path) -> None:
    """Nothing at all."""


def _only_folders(root: Path, _canary: Path) -> None:
    for name in ("backend", "frontend", "src", "phase-1", "phase-2", ".venv", "node_modules"):
        (root / name).mkdir()


tree("folder/links-in-a-circle", _loop)
tree("folder/six-thousand-files-in-one", _many_flat)
tree("folder/six-thousand-modules", _many_nested)
tree("folder/a-hundred-and-fifty-deep", _deep)
tree("folder/empty", _empty, codes=(3,))
tree("folder/only-folders", _only_folders, codes=(3,))


def _submodules(root: Path, canary: Path) -> None:
    APP_TREE(root, canary)
    for name in ("backend", "[backend"):
        (root / name).mkdir()


tree("folder/submodule-links", _submodules)
