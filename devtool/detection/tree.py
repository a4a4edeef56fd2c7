"""A bounded, cached, read-only view of a repository.

Nothing here follows a link out of the root, opens anything but a regular file, or reads more than
a fixed number of entries, files and bytes: a tree of 100,000 files costs what a small one does.
What could not be read is noted by name and never quoted, since it may hold secrets.
"""

from __future__ import annotations

import os
import stat
from collections import defaultdict
from functools import cached_property
from pathlib import Path

from devtool.detection.formats import (
    MALFORMED,
    TOO_DEEP,
    decode,
    load_json,
    load_toml,
    load_yaml,
)
from devtool.errors import ConfigError
from devtool.model.detection import Note

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    T = TypeVar("T")

MAX_DEPTH = 9
MAX_ENTRIES = 8_000
MAX_ENTRIES_PER_FOLDER = 1_000
MAX_FOLDERS = 1_200
MAX_FILE_BYTES = 1_048_576
# Of what people write by hand to declare something.
MAX_DECLARATION_BYTES = 262_144
# Command lines taken apart, in all files together: each costs some 30 microseconds.
MAX_COMMANDS = 10_000
# TOML and YAML take a microsecond for a byte.
MAX_PARSED_BYTES = 1_048_576
MAX_READS = 1_200
MAX_NOTES = 100
MAX_TOTAL_BYTES = 12 * 1_048_576

# What may be long: source, and manifests that are only searched.
_LONG_SUFFIXES = (".py", ".yaml", ".yml")

# Folders that hold other people's code, build output, or an editor's or agent's files.
NOISE_FOLDERS = frozenset(
    [
        "node_modules",
        "bower_components",
        "site-packages",
        "dist-packages",
        "__pycache__",
        "venv",
        "virtualenv",
        "dist",
        "htmlcov",
        "vendor",
        "third_party",
        "vendored",
        "__pypackages__",
        "wheelhouse",
        "coverage",
    ]
)
KEPT_DOT_FOLDERS = frozenset({".vscode", ".streamlit"})
# Read after their siblings, so that they cannot eat the budget of the code.
LATE_FOLDERS = frozenset(
    [
        "data",
        "dataset",
        "datasets",
        "assets",
        "static",
        "public",
        "media",
        "images",
        "img",
        "fixtures",
        "locale",
        "locales",
        "docs",
        "doc",
        "test",
        "tests",
        "specs",
        "history",
        "logs",
        "uploads",
        "storage",
        "migrations",
        "versions",
        "examples",
    ]
)


class SourceTree:
    """The files of a repository, and their text.

    Args:
        root: The folder to look at.

    Raises:
        ConfigError: When the root does not exist, is no folder, or cannot be read.
    """

    def __init__(self, root: Path) -> None:
        self._begin(_checked_root(root))
        self._walk()

    def _begin(self, root: Path) -> None:
        self.root = root
        self._real = os.path.realpath(root)
        self.notes: list[Note] = []
        self._text: dict[str, str | None] = {}
        self._parsed: dict[tuple[str, str], object] = {}
        self._lines: dict[str, list[str]] = {}
        self._made: dict[tuple[str, ...], object] = {}
        self._parsed_bytes = 0
        self._reads = 0
        self._commands = 0
        self._bytes = 0
        self._cut: set[str] = set()
        self._files: dict[str, None] = {}
        self._folders: dict[str, None] = {"": None}

    def part(self, folder: str) -> SourceTree:
        """One folder of this tree as a tree of its own, without walking it again."""
        return _Part(self, folder)

    @property
    def files(self) -> tuple[str, ...]:
        """Relative paths with `/`, shallow folders first."""
        return tuple(self._files)

    @cached_property
    def folders(self) -> frozenset[str]:
        """Relative paths of the folders that were looked into; the root is the empty string."""
        return frozenset(self._folders)

    @cached_property
    def by_name(self) -> dict[str, list[str]]:
        """Lower-case file name -> relative paths."""
        found: dict[str, list[str]] = defaultdict(list)
        for path in self._files:
            found[path.rpartition("/")[2].lower()].append(path)
        return found

    @cached_property
    def python_files(self) -> tuple[str, ...]:
        """Every `.py` file."""
        return tuple(p for p in self._files if p.endswith(".py"))

    @cached_property
    def python_folders(self) -> frozenset[str]:
        """Every folder with a Python file in it or below it, the root left out."""
        found: set[str] = set()
        for path in self.python_files:
            parent = path.rpartition("/")[0]
            while parent and parent not in found:
                found.add(parent)
                parent = parent.rpartition("/")[0]
        return frozenset(found)

    def named(self, *names: str) -> list[str]:
        """Every file with one of these lower-case names, shallow ones first."""
        found = [path for name in names for path in self.by_name.get(name, ())]
        return sorted(found, key=lambda path: (path.count("/"), path))

    def has(self, path: str) -> bool:
        """Whether `path` is a regular file of this tree, also where the walk was cut short."""
        if path in self._files:
            return True
        folder = path.rpartition("/")[0]
        if folder not in self._cut:
            return False
        return self._regular(path) is not None

    def has_folder(self, path: str) -> bool:
        """Whether `path` was looked into as a folder."""
        return path in self._folders

    def lines(self, path: str) -> list[str]:
        """The lines of a text file; none when it cannot be read."""
        if path not in self._lines:
            self._lines[path] = (self.read(path) or "").splitlines()
        return self._lines[path]

    def once(self, key: tuple[str, ...], make: Callable[[], T]) -> T:
        """What `make` returned when it was first called for this key."""
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]  # type: ignore[return-value]  # a key is always used for one type

    def affords_command(self) -> bool:
        """Whether there is time to take one more command line apart; noted where there is not."""
        self._commands += 1
        if self._commands > MAX_COMMANDS:
            self._note_once(Note("only part of the commands in this tree was read", kind="budget"))
        return self._commands <= MAX_COMMANDS

    def read(self, path: str) -> str | None:
        """The text of a file, or None with a note when it cannot be read."""
        if path not in self._text:
            self._text[path] = self._read_text(path)
        return self._text[path]

    def toml(self, path: str) -> dict[str, object]:
        """The table of a TOML file; empty when it is missing or malformed."""
        value = self._parse("toml", path, load_toml)
        return value if isinstance(value, dict) else {}

    def json(self, path: str) -> dict[str, object]:
        """The object of a JSON file, comments allowed; empty when missing, malformed or no object."""
        value = self._parse("json", path, load_json)
        if value is not None and not isinstance(value, dict):
            self.note(path, "is not a JSON object")
            self._parsed["json", path] = {}
            return {}
        return value if isinstance(value, dict) else {}

    def yaml(self, path: str) -> dict[str, object]:
        """The mapping of a YAML file; empty when missing, malformed or no mapping."""
        text = self.read(path) or ""
        if len(text) > MAX_DECLARATION_BYTES:
            self.note(path, "is too long to be parsed", kind="budget")
            return {}
        value = self._parse("yaml", path, load_yaml)
        if value is not None and not isinstance(value, dict):
            self.note(path, "is not a YAML mapping")
            self._parsed["yaml", path] = {}
            return {}
        return value if isinstance(value, dict) else {}

    def note(self, path: str, text: str, *, kind: str = "unreadable", line: int = 0) -> None:
        """Record something about a file, once."""
        self._note_once(Note(f"{path} {text}" if path else text, path, line, kind))

    def _note_once(self, note: Note) -> None:
        if note not in self.notes and len(self.notes) < MAX_NOTES:
            self.notes.append(note)

    def _walk(self) -> None:
        level = [("", str(self.root))]
        entries = folders = 0
        for depth in range(MAX_DEPTH + 1):
            below: list[tuple[str, str]] = []
            for relative, absolute in sorted(level, key=_late_last):
                if entries >= MAX_ENTRIES or folders >= MAX_FOLDERS:
                    self._cut.add(relative)
                    continue
                folders += 1
                entries += self._scan(relative, absolute, below)
            if not below:
                break
            if depth == MAX_DEPTH:
                self._cut.update(relative for relative, _ in below)
            level = below
        if entries >= MAX_ENTRIES or folders >= MAX_FOLDERS:
            self.notes.append(
                Note(
                    f"only part of this tree was looked at: {len(self._files)} files "
                    f"in {folders} folders",
                    kind="budget",
                )
            )

    def _scan(self, relative: str, absolute: str, below: list[tuple[str, str]]) -> int:
        try:
            with os.scandir(absolute) as entries:
                found: list[os.DirEntry[str]] = []
                for entry in entries:
                    if len(found) >= MAX_ENTRIES_PER_FOLDER:
                        self._cut.add(relative)
                        break
                    found.append(entry)
        except OSError as error:
            self.note(relative or ".", f"could not be listed ({_reason(error)})")
            return 1
        names = {entry.name for entry in found}
        if relative and "pyvenv.cfg" in names:
            return 1
        self._folders[relative] = None
        prefix = relative + "/" if relative else ""
        for entry in sorted(found, key=lambda entry: entry.name):
            path = prefix + entry.name
            kind = _kind(entry)
            if kind == "folder" and not _is_noise(entry.name, relative):
                below.append((path, entry.path))
            elif kind == "file" or (kind == "link" and self._regular(path) is not None):
                self._files[path] = None
            elif kind == "link":
                self._note_link(path, entry.path)
            elif kind == "other":
                self.note(path, "is neither a file nor a folder")
        return len(found)

    def _note_link(self, path: str, absolute: str) -> None:
        """A link that is not followed; folders inside the root are seen where they are."""
        try:
            real = os.path.realpath(absolute)
        except OSError as error:  # a link in /proc to what belongs to someone else
            self.note(path, f"is a link that could not be followed ({_reason(error)})")
            return
        if not os.path.exists(real):
            self.note(path, "is a link that leads nowhere")
        elif not _is_below(real, self._real):
            self.note(path, "is a link out of the root and was not followed")
        elif not os.path.isdir(real):
            self.note(path, "is a link to what is no file")

    def _regular(self, path: str) -> str | None:
        """The real path of a regular file inside the root, or None."""
        try:
            real = os.path.realpath(os.path.join(self.root, path), strict=True)
            inside = _is_below(real, self._real)
            return real if inside and stat.S_ISREG(os.lstat(real).st_mode) else None
        except (OSError, ValueError):
            return None

    def _read_text(self, path: str) -> str | None:
        raw = self._read_bytes(path)
        if raw is None:
            return None
        try:
            return decode(raw, is_python=path.endswith(".py"))
        except (UnicodeError, LookupError):
            self.note(path, "is not text in a known encoding")
            return None

    def _read_bytes(self, path: str) -> bytes | None:
        if self._reads >= MAX_READS or self._bytes >= MAX_TOTAL_BYTES:
            self._note_once(Note("only part of the files of this tree was read", kind="budget"))
            return None
        real = self._regular(path)
        if real is None:
            if path in self._files:
                self.note(path, "is gone or no regular file")
            return None
        self._reads += 1
        limit = MAX_FILE_BYTES if path.endswith(_LONG_SUFFIXES) else MAX_DECLARATION_BYTES
        try:
            raw = _read_limited(real, limit)
        except OSError as error:
            self.note(path, f"could not be read ({_reason(error)})")
            return None
        if raw is None:
            self.note(path, f"is larger than {limit // 1024} KiB and was not read")
            return None
        self._bytes += len(raw)
        return raw

    def _parse(self, kind: str, path: str, load: Callable[[str], object]) -> object:
        key = (kind, path)
        if key not in self._parsed:
            self._parsed[key] = self._load(kind, path, load)
        return self._parsed[key]

    def _load(self, kind: str, path: str, load: Callable[[str], object]) -> object:
        text = self.read(path)
        if not text or not text.strip():
            return None
        self._parsed_bytes += len(text) if kind != "json" else 0
        if self._parsed_bytes > MAX_PARSED_BYTES:
            self._note_once(
                Note("only part of the TOML and YAML of this tree was parsed", kind="budget")
            )
            return None
        try:
            return load(text)
        except MALFORMED:
            self.note(path, f"is not valid {kind.upper()}")
        except TOO_DEEP:
            self.note(path, f"is nested too deeply for {kind.upper()}")
        return None


class _Part(SourceTree):
    """A folder of a tree that was walked already."""

    def __init__(self, whole: SourceTree, folder: str) -> None:
        self._begin(whole.root / folder)
        start = len(folder) + 1
        inside = f"{folder}/"
        self._files = {p[start:]: None for p in whole._files if p.startswith(inside)}
        self._folders |= {p[start:]: None for p in whole._folders if p.startswith(inside)}
        self._cut = {p[start:] for p in whole._cut if p.startswith(inside)}


def _checked_root(root: Path) -> Path:
    try:
        mode = os.stat(root).st_mode
        if not stat.S_ISDIR(mode):
            raise ConfigError(f"{root} is not a folder", hint="name a folder with -C")
        absolute = Path(os.path.abspath(root))
        with os.scandir(absolute):
            return absolute
    except FileNotFoundError as error:
        raise ConfigError(f"{root} does not exist", hint="name a folder with -C") from error
    except (OSError, ValueError) as error:
        reason = _reason(error) if isinstance(error, OSError) else "no usable path"
        raise ConfigError(
            f"{root} could not be read ({reason})", hint="check its owner and mode"
        ) from error


def _reason(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()


def _is_below(real: str, root: str) -> bool:
    return real == root or real.startswith(root if root.endswith(os.sep) else root + os.sep)


def _kind(entry: os.DirEntry[str]) -> str:
    try:
        if entry.is_symlink():
            return "link"
        if entry.is_dir(follow_symlinks=False):
            return "folder"
        return "file" if entry.is_file(follow_symlinks=False) else "other"
    except OSError:
        return "other"


def _is_noise(name: str, parent: str) -> bool:
    if name.startswith("."):
        return name not in KEPT_DOT_FOLDERS
    # A top-level `build` is output; `src/build` may be a package of that name.
    return name in NOISE_FOLDERS or name.endswith(".egg-info") or (name == "build" and not parent)


def _late_last(folder: tuple[str, str]) -> tuple[bool, str]:
    return folder[0].rpartition("/")[2].lower() in LATE_FOLDERS, folder[0]


def _read_limited(real: str, limit: int) -> bytes | None:
    """The bytes of a regular file, or None when there are too many."""
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0)
    flags |= getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
    descriptor = os.open(real, flags)
    with open(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(0, "not a regular file")
        if status.st_size > limit:
            return None
        raw = file.read(limit + 1)
    return raw if len(raw) <= limit else None
