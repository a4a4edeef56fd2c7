"""The distributions a project declares, by normalised name (PEP 503)."""

from __future__ import annotations

import re

from devtool.detection.pattern import Pattern
from devtool.detection.tree import SourceTree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_REQUIREMENT = Pattern(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)")


# An extra's brackets stand inside the quotes.
_REQUIRES = r"install_requires\s*=\s*\[((?:[^\]\"']|\"[^\"\n]*\"|'[^'\n]*')*)"


# Import names of well-known distributions whose names say nothing of them.
IMPORT_NAMES = {
    "attrs": "attr",
    "beautifulsoup4": "bs4",
    "discord-py": "discord",
    "faiss-cpu": "faiss",
    "google-api-python-client": "googleapiclient",
    "gitpython": "git",
    "mysqlclient": "MySQLdb",
    "openai-agents": "agents",
    "openai-chatkit": "chatkit",
    "opencv-python": "cv2",
    "pillow": "PIL",
    "psycopg2-binary": "psycopg2",
    "pyjwt": "jwt",
    "python-dateutil": "dateutil",
    "python-dotenv": "dotenv",
    "python-jose": "jose",
    "python-multipart": "multipart",
    "python-slugify": "slugify",
    "python-socketio": "socketio",
    "python-telegram-bot": "telegram",
    "pyyaml": "yaml",
    "pyzmq": "zmq",
    "scikit-learn": "sklearn",
}


def import_name(distribution: str) -> str:
    """The name that a distribution is imported by, as far as names tell."""
    return IMPORT_NAMES.get(distribution, distribution.replace("-", "_"))


def import_names(distribution: str) -> set[str]:
    """Every name a distribution may be imported by: `tavily-python` most likely is `tavily`."""
    bare = distribution.removeprefix("python-").removesuffix("-python").removesuffix("-py")
    return {import_name(distribution), *(name.replace("-", "_") for name in (distribution, bare))}


def normalise(name: str) -> str:
    """A distribution's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def distributions(tree: SourceTree, folder: str) -> dict[str, tuple[str, int]]:
    """Every distribution declared in a folder's manifests -> where: (path, line)."""
    prefix = f"{folder}/" if folder else ""
    found: dict[str, tuple[str, int]] = {}
    for path, names in _manifests(tree, prefix):
        lines = _mentions(tree.lines(path), set(names))
        for name in names:
            if name not in found:
                found[name] = path, lines.get(name, 0)
    return found


def _manifests(tree: SourceTree, prefix: str) -> Iterator[tuple[str, list[str]]]:
    pyproject = f"{prefix}pyproject.toml"
    if tree.has(pyproject):
        yield pyproject, _of_pyproject(tree.toml(pyproject))
    for name in (
        "requirements.txt",
        "requirements/base.txt",
        "requirements.in",
        "requirements/dev.txt",
    ):
        path = prefix + name
        if tree.has(path):
            yield path, [n for line in tree.lines(path) if (n := requirement_name(line))]
    pipfile = f"{prefix}Pipfile"
    if tree.has(pipfile):
        packages = tree.toml(pipfile).get("packages")
        yield pipfile, [normalise(n) for n in packages] if isinstance(packages, dict) else []
    setup = f"{prefix}setup.py"
    if tree.has(setup):
        start = re.search(_REQUIRES, tree.read(setup) or "")
        quoted = re.findall(r"[\"']([^\"']+)[\"']", start[1]) if start else []
        yield setup, [n for text in quoted if (n := requirement_name(text))]


def _of_pyproject(table: dict[str, object]) -> list[str]:
    project = table.get("project")
    tool = table.get("tool")
    texts: list[object] = []
    if isinstance(project, dict):
        texts += _list(project.get("dependencies"))
        extras = project.get("optional-dependencies")
        for group in extras.values() if isinstance(extras, dict) else ():
            texts += _list(group)
    names = [requirement_name(text) for text in texts if isinstance(text, str)]
    poetry = tool.get("poetry") if isinstance(tool, dict) else None
    if isinstance(poetry, dict) and isinstance(poetry.get("dependencies"), dict):
        names += [normalise(str(name)) for name in poetry["dependencies"]]
    return [name for name in names if name]


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def requirement_name(text: str) -> str:
    """The normalised name of a requirement specifier (PEP 508), or an empty string."""
    match = _REQUIREMENT.match(text)
    return normalise(match[1]) if match and not text.lstrip().startswith(("#", "-")) else ""


def _mentions(lines: list[str], names: set[str]) -> dict[str, int]:
    """The first line with each of some names in it."""
    found: dict[str, int] = {}
    for number, line in enumerate(lines if names else (), 1):
        for word in re.findall(r"[A-Za-z0-9][A-Za-z0-9._-]*", line):
            name = normalise(word.rstrip("._-"))
            if name in names:
                found.setdefault(name, number)
    return found
