"""What pip is to install for a project: what its manifests say, each by its own rule."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path
from typing import NamedTuple

from devtool.errors import ToolchainError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MAX_FILES = 50
MAX_BYTES = 16 * 1_048_576
PYPROJECT = "pyproject.toml"


class Wanted(NamedTuple):
    """The arguments of one `pip install`, and those for when the project cannot be built."""

    about: str
    arguments: tuple[str, ...]
    otherwise: tuple[str, ...] = ()


def requirements(folder: Path, manifest: str) -> list[Wanted]:
    """What to install, in order.

    Args:
        folder: The project's folder.
        manifest: The file in it that detection took for its manifest.

    Raises:
        ToolchainError: When a manifest cannot be read.
    """
    listed = folder / (manifest if manifest.endswith(".txt") else "requirements.txt")
    found = list(_from_file(listed)) if listed.is_file() else []
    table = read_toml(folder / PYPROJECT)
    declared = _declared(table)
    if "build-system" in table and _at(table, "tool", "poetry", "package-mode") is not False:
        found.append(Wanted("installing the project", ("-e", str(folder)), tuple(declared)))
    elif not listed.is_file() and (folder / "setup.py").is_file():
        found.append(Wanted("installing the project", ("-e", str(folder))))
    elif not listed.is_file():
        names = declared or _pipfile(read_toml(folder / "Pipfile"))
        found.extend(_from_names(names))
    found.extend(_from_names(_strings(_at(table, "tool", "hatch", "envs", "default"))))
    return found


def _from_file(path: Path) -> Iterator[Wanted]:
    lines = [line for file in requirement_files(path) for line in _lines(file)]
    count = sum(not line.startswith("-") for line in lines)
    if lines:
        yield Wanted(f"installing {_counted(count)}", ("-r", str(path)))


def _from_names(names: list[str]) -> Iterator[Wanted]:
    if names:
        words = tuple(word for name in names for word in _words(name))
        yield Wanted(f"installing {_counted(len(names))}", words)


def _words(name: str) -> tuple[str, ...]:
    return tuple(name.split(" ", 1)) if name.startswith("-e ") else (name,)


def _counted(count: int) -> str:
    return f"{count} requirement{'' if count == 1 else 's'}"


def requirement_files(path: Path) -> list[Path]:
    """A requirements file and every file that it names with `-r` or `-c`."""
    found: list[Path] = []
    ahead = [path]
    while ahead and len(found) < MAX_FILES:
        file = ahead.pop(0)
        if file in found or not file.is_file():
            continue
        found.append(file)
        ahead += [file.parent / name for name in _named(_lines(file))]
    return found


def _named(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        match = re.match(r"(?:-r|-c|--requirement|--constraint)[ \t=]*(\S+)", line)
        if match and "://" not in match[1]:
            yield match[1]


def _lines(path: Path) -> list[str]:
    stripped = (line.strip() for line in _text(path).splitlines())
    return [line for line in stripped if line and not line.startswith("#")]


def _text(path: Path) -> str:
    """What pip reads: PowerShell writes UTF-16, with a mark."""
    raw = read_plain(path)
    is_utf_16 = raw.startswith((b"\xff\xfe", b"\xfe\xff"))
    return raw.decode("utf-16" if is_utf_16 else "utf-8-sig", "replace")


def read_toml(path: Path) -> dict[str, object]:
    """A TOML file; empty where there is none.

    Raises:
        ToolchainError: When it cannot be read, or is not TOML.
    """
    import tomllib

    if not path.exists():
        return {}
    try:
        return tomllib.loads(read_plain(path).decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        place = re.search(r"\(at [^)]*\)", str(error))
        where = f" {place[0]}" if place else ""
        # Without the cause: it can quote the file, which may hold secrets.
        raise ToolchainError(f"{path} is not valid TOML{where}", hint="correct the file") from None


def read_plain(path: Path) -> bytes:
    """The bytes of a regular file, without waiting for what is none.

    Raises:
        ToolchainError: When it is a FIFO, a device or a folder, is too large, or cannot be read.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        descriptor = os.open(path, flags)
        with open(descriptor, "rb") as file:  # noqa: PTH123 (a path would wait for the FIFO's writer)
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode) or found.st_size > MAX_BYTES:
                raise ToolchainError(
                    f"{path} is no plain file of a manifest's size", hint="replace it, or remove it"
                )
            return file.read(MAX_BYTES)
    except OSError as error:
        raise ToolchainError(
            f"{path} cannot be read ({error.strerror})", hint="check its owner and mode"
        ) from error


def _declared(table: dict[str, object]) -> list[str]:
    """The dependencies in a pyproject.toml: the standard's list, else poetry's table."""
    listed = _at(table, "project", "dependencies")
    if isinstance(listed, list):
        return [text for text in listed if isinstance(text, str)]
    poetry = _at(table, "tool", "poetry", "dependencies")
    return _translated(poetry) if isinstance(poetry, dict) else []


def _pipfile(table: dict[str, object]) -> list[str]:
    packages = table.get("packages")
    return _translated(packages) if isinstance(packages, dict) else []


def _translated(packages: dict[str, object]) -> list[str]:
    """The packages of poetry or pipenv as pip wants them; optional ones are left out."""
    found = []
    for name, wanted in packages.items():
        for one in wanted if isinstance(wanted, list) else [wanted]:
            optional = isinstance(one, dict) and one.get("optional") is True
            if name != "python" and not optional:
                found.append(_requirement(name, one))
    return found


def _requirement(name: str, wanted: object) -> str:
    """One dependency of poetry or pipenv as a requirement (PEP 508)."""
    if not isinstance(wanted, dict):
        return f"{name}{specifier(str(wanted))}"
    extras = wanted.get("extras")
    named = f"{name}[{','.join(map(str, extras))}]" if isinstance(extras, list) else name
    path = wanted.get("path")
    if isinstance(path, str):
        editable = wanted.get("develop") is True or wanted.get("editable") is True
        return f"-e {path}" if editable else f"./{path}"
    marker = _marker(wanted)
    source = _source(wanted)
    if source:
        return f"{named} @ {source}{' ' + marker if marker else ''}"
    return f"{named}{specifier(str(wanted.get('version', '*')))}{marker}"


def _source(wanted: dict[str, object]) -> str:
    """Where a dependency comes from, if not from an index."""
    url = wanted.get("url") or wanted.get("file")
    if isinstance(url, str):
        return url
    git = wanted.get("git")
    if not isinstance(git, str):
        return ""
    at = next((wanted[key] for key in ("rev", "tag", "branch", "ref") if key in wanted), "")
    return f"git+{git}{'@' + str(at) if at else ''}"


def _marker(wanted: dict[str, object]) -> str:
    markers = [f"({text})" for text in (wanted.get("markers"),) if isinstance(text, str) and text]
    python = wanted.get("python")
    if isinstance(python, str) and python != "*":
        markers += [
            f"python_version {match[1]} '{match[2]}'"
            for clause in specifier(python).split(",")
            if (match := re.match(r"([<>=!~]+)\s*([\d.*]+)", clause.strip()))
        ]
    return f"; {' and '.join(markers)}" if markers else ""


def specifier(version: str) -> str:
    """Poetry's caret, tilde and bare versions as PEP 440 writes them.

    Of alternatives (`^1 || ^2`), which PEP 440 has no word for, the last one counts.
    """
    last = re.split(r"\|\|?", version)[-1]
    clauses = re.split(r"\s*,\s*|(?<=[\w*])\s+(?=[<>=!~^])", last.strip())
    return ",".join(filter(None, map(_clause, clauses)))


def _clause(text: str) -> str:
    if text in ("*", ""):
        return ""
    match = re.fullmatch(r"([\^~])\s*(\d+)(?:\.(\d+))?(?:\.(\d+))?(\S*)", text)
    if match is None:
        bare = text if text[0] in "<>=!~" else f"=={text}"
        return re.sub(r"^=(?=[^=])", "==", bare)
    numbers = [int(part) for part in match.groups()[1:4] if part is not None]
    at = min(1, len(numbers) - 1)
    if match[1] == "^":
        at = next((i for i, number in enumerate(numbers) if number), len(numbers) - 1)
    upper = [*numbers[:at], numbers[at] + 1]
    return f">={text[1:].strip()},<{'.'.join(map(str, upper))}"


def _strings(table: object) -> list[str]:
    """The dependencies that one of hatch's environments adds to the project's."""
    listed = _at(table, "dependencies")
    return [text for text in listed if isinstance(text, str)] if isinstance(listed, list) else []


def _at(value: object, *keys: str) -> object:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value
