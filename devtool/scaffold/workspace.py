"""The files of an existing project: read as they are, refused where writing could go elsewhere."""

from __future__ import annotations

import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePath, PurePosixPath

from devtool.errors import ConfigError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from devtool.model.detection import Note

BOM = "\ufeff"


@dataclass(frozen=True, slots=True, kw_only=True)
class OnDisk:
    """A file as it is.

    Args:
        raw: Its bytes.
        text: Its text, each line ended by a line feed alone, or None where it is no UTF-8.
        crlf: Whether every line ends with a carriage return and a line feed.
        bom: Whether it starts with a byte order mark.
    """

    raw: bytes
    text: str | None
    crlf: bool = False
    bom: bool = False

    def encode(self, text: str) -> bytes:
        """Another text in the manner of this file."""
        ended = text.replace("\n", "\r\n") if self.crlf else text
        return ((BOM if self.bom else "") + ended).encode("utf-8")


def decode(raw: bytes) -> OnDisk:
    """A file from its bytes; mixed line ends stay as they are."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return OnDisk(raw=raw, text=None)
    bom = text.startswith(BOM)
    text = text.removeprefix(BOM)
    lines = text.count("\n")
    crlf = 0 < lines == text.count("\r\n")
    return OnDisk(raw=raw, text=text.replace("\r\n", "\n") if crlf else text, crlf=crlf, bom=bom)


def read_all(root: Path, paths: Iterable[str]) -> dict[str, OnDisk]:
    """Those of the files that are there.

    Raises:
        ConfigError: If any of them is no regular file of this project, or cannot be read; what is
            wrong with each stands in the notes.
    """
    found: dict[str, OnDisk] = {}
    # One link or file in the place of a folder stands in the way of many files: it is told of once.
    told: dict[Note, None] = {}
    for path in paths:
        problem, file = _look(root, path)
        if problem is not None:
            told[problem] = None
        elif file is not None:
            found[path] = file
    problems = list(told)
    if problems:
        more = f", and {len(problems) - 1} more" if len(problems) > 1 else ""
        raise ConfigError(
            f"{problems[0].path} {problems[0].text}{more}",
            hint="nothing was written; move it away first",
            notes=problems if len(problems) > 1 else (),
        )
    return found


def _note(text: str, path: str) -> Note:
    from devtool.model.detection import Note

    return Note(text=text, path=path)


def read_text(root: Path, path: str) -> str | None:
    """The text of one file, or None where it is not there or is no UTF-8.

    Raises:
        ConfigError: As in `read_all`.
    """
    file = read_all(root, (path,)).get(path)
    return None if file is None else file.text


def is_secret(path: str) -> bool:
    """Whether a file holds secrets: it is never recorded, merged, edited or printed."""
    return path.rpartition("/")[2] == ".env"


def path_problem(path: str) -> str:
    """Why a path cannot be that of a project's file, or an empty string."""
    parts = path.split("/")
    if not path or path.startswith("/") or "\\" in path or "\x00" in path or ":" in parts[0]:
        return "is no path with slashes from the project's folder"
    if any(part in ("", ".", "..") for part in parts):
        return "leads out of the project's folder"
    return "is git's own" if parts[0] == ".git" else ""


def _look(root: Path, path: str) -> tuple[Note | None, OnDisk | None]:
    problem = path_problem(path)
    if problem:
        return _note(problem, path), None
    try:
        if not _is_free(root, path):
            return None, decode((root / path).read_bytes())
    except FileNotFoundError:
        return None, None
    except _NoPlaceError as error:
        return error.note, None
    except OSError as error:
        return _note(f"cannot be read ({(error.strerror or 'error').lower()})", path), None
    return None, None


class _NoPlaceError(Exception):
    """Something else stands where a file or its folder belongs."""

    def __init__(self, text: str, place: PurePath) -> None:
        super().__init__(text)
        self.note = _note(text, place.as_posix())


def _is_free(root: Path, path: str) -> bool:
    """Whether nothing stands there; what does is a regular file, reached by no link."""
    *folders, name = PurePosixPath(path).parts
    place = root
    for folder in folders:
        place /= folder
        mode = _mode(place)
        if mode is None:
            return True
        if not stat.S_ISDIR(mode):
            kind = f"is {_kind(mode)}, where a folder belongs"
            raise _NoPlaceError(kind, place.relative_to(root))
    mode = _mode(place / name)
    if mode is not None and not stat.S_ISREG(mode):
        raise _NoPlaceError(f"is {_kind(mode)}", PurePosixPath(path))
    return mode is None


def _mode(place: Path) -> int | None:
    try:
        return place.lstat().st_mode
    except FileNotFoundError:
        return None


def _kind(mode: int) -> str:
    if stat.S_ISLNK(mode):
        return "a link"
    if stat.S_ISDIR(mode):
        return "a folder"
    return "a file" if stat.S_ISREG(mode) else "no regular file"
