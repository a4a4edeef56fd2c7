"""What the project imports: seen as it happens, and always compiled from the source that is there.

A `.pyc` is believed by the second of its source's last change and by its size, so two saves within one
second can serve stale code. One that is younger than its source by more than that is taken when a file
is imported for the first time. From then on the code of project files is kept in memory, beside the very
bytes that it was compiled from.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import sys
import sysconfig
import zlib
from collections.abc import Callable
from importlib.machinery import SourceFileLoader
from types import CodeType, ModuleType
from typing import Any

_PACKAGES = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")
# By so much a `.pyc` must be younger than its source to be that of the source's last change; clocks of
# file systems tick up to two seconds.
_CLEARLY_NS = 3_000_000_000
# Why there may be no code that Python has kept, or none that it can keep: damaged, stale, not allowed.
_UNKEPT = (
    *(OSError, ImportError, NotImplementedError),
    *(EOFError, SyntaxError, TypeError, ValueError),
)
# Variables that packages do not look at while they are imported.
LATE_VARIABLES = frozenset({"DJANGO_SETTINGS_MODULE", "TZ"})
_OWN = os.path.dirname(os.path.abspath(__file__))
# Frames of this file are left out of the tracebacks that people see, like those of importlib.
_SHOWN_AS = "<frozen importlib._bootstrap_external>"


def digest(data: bytes) -> str:
    """What tells one content of a file from another."""
    return f"{len(data)}:{zlib.crc32(data)}"


def digest_of(path: str) -> str:
    """The digest of a file as it is now; empty if it cannot be read."""
    try:
        with open(path, "rb") as file:
            return digest(file.read())
    except OSError:
        return ""


class Imports:
    """Watches and serves the imports of this process.

    Attributes:
        files: The project files that were executed, in order, with the digest of what was compiled.
        missing: The names of modules that were asked for and not found.
        changed_env: The first variable that the project changed, and what was imported since.
        before: Called with the path of a project file that is about to be executed.
        after: Called with the path of a project file that was executed, while `is_serving`.
    """

    def __init__(self) -> None:
        self.files: dict[str, str] = {}
        self.missing: dict[str, None] = {}
        self.changed_env: str | None = None
        self.too_late: list[str] = []
        self.before: Callable[[str], None] = lambda _: None
        self.after: Callable[[str], None] = lambda _: None
        self._outside = _outside()
        self._codes: dict[tuple[str, type], tuple[bytes, CodeType]] = {}
        self._env: dict[Any, Any] | None = None
        self._get_code = SourceFileLoader.get_code

    def owns(self, path: str) -> bool:
        """True if a file is the project's: not the interpreter's, and not an installed package's."""
        if any(part in path for part in _PACKAGES):
            return False
        return not path.startswith(self._outside)

    def begin(self) -> None:
        """Note the environment from which changes count."""
        self._env = dict(_raw_environment())

    def look_again(self) -> None:
        """Forget which files lie in the project's folders.

        Finders believe the clock of a folder, whose tick is longer than the time between two saves.
        """
        for folder, finder in list(sys.path_importer_cache.items()):
            forget = getattr(finder, "invalidate_caches", None)
            if forget is not None and self.owns(folder + os.sep):
                forget()

    def install(self) -> None:
        """Take part in every import from now on."""
        get_code, execute = self._get_code, SourceFileLoader.exec_module

        def compiled(loader: SourceFileLoader, fullname: str) -> CodeType | None:
            path = loader.get_filename(fullname)
            return self._code(loader, path) if self.owns(path) else get_code(loader, fullname)

        def executed(loader: SourceFileLoader, module: ModuleType) -> None:
            path = loader.path
            if not self.owns(path):
                self._note_outsider(module)
                return execute(loader, module)
            self.before(path)
            self.files.setdefault(path, "")
            try:
                return execute(loader, module)
            finally:
                if not self.files[path]:
                    self.files[path] = digest_of(path)
                self.after(path)

        _hide(compiled)
        _hide(executed)
        SourceFileLoader.get_code = compiled  # type: ignore[method-assign, assignment]
        SourceFileLoader.exec_module = executed  # type: ignore[method-assign, assignment]
        sys.meta_path.append(_Missing(self.missing))

    def _code(self, loader: SourceFileLoader, path: str) -> CodeType:
        data = loader.get_data(path)
        self.files[path] = digest(data)
        key = (path, type(loader))
        known = self._codes.get(key)
        if known is None or known[0] != data:
            code = self._cached_code(loader, path) if known is None else None
            known = (data, code or loader.source_to_code(data, path))
            self._codes[key] = known
        return known[1]

    def _cached_code(self, loader: SourceFileLoader, path: str) -> CodeType | None:
        """What Python has kept of an earlier run, if that is surely the code of what is there."""
        if type(loader) is not SourceFileLoader:
            return None
        try:
            cached = os.stat(importlib.util.cache_from_source(path)).st_mtime_ns
            if cached - os.stat(path).st_mtime_ns < _CLEARLY_NS:
                return None
            return self._get_code(loader, loader.name)
        except _UNKEPT:
            return None

    def keep_for_later_runs(self, path: str) -> None:
        """Have Python keep the code of a file where it always does, unless it is told not to."""
        with contextlib.suppress(*_UNKEPT):
            self._get_code(SourceFileLoader("", path), "")

    def compile(self, path: str) -> None:
        """Keep the code of a file as it is now, for whoever is forked from here.

        Raises:
            SyntaxError: It is no Python.
            ValueError: It holds a NUL.
        """
        try:
            self._code(SourceFileLoader("", path), path)
        except OSError:
            return
        finally:
            self.files.pop(path, None)

    def _note_outsider(self, module: ModuleType) -> None:
        if self._env is None:
            return
        if self.changed_env is None:
            self.changed_env = _difference(self._env, _raw_environment())
        if self.changed_env is not None:
            self.too_late.append(module.__name__)


class _Missing:
    """The last finder: it finds nothing, and remembers for what."""

    def __init__(self, names: dict[str, None]) -> None:
        self._names = names

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        """Note a name that no finder knows."""
        del path, target
        self._names[name] = None


def _outside() -> tuple[str, ...]:
    paths = sysconfig.get_paths()
    folders = {os.path.realpath(paths[key]) for key in ("stdlib", "platstdlib")}
    folders |= {paths["stdlib"], paths["platstdlib"], _OWN}
    return (*tuple(folder.rstrip(os.sep) + os.sep for folder in sorted(folders)), "<frozen")


def _raw_environment() -> dict[Any, Any]:
    # Comparing it undecoded costs a microsecond instead of thirty, for each of a thousand modules.
    return os.environ._data  # type: ignore[attr-defined, no-any-return]  # noqa: SLF001


def _difference(before: dict[Any, Any], now: dict[Any, Any]) -> str | None:
    if before == now:
        return None
    changed = (name for name in {**before, **now} if before.get(name) != now.get(name))
    names = (os.fsdecode(name) for name in changed)
    return next((name for name in names if name not in LATE_VARIABLES), None)


def _hide(function: Callable[..., Any]) -> None:
    function.__code__ = function.__code__.replace(co_filename=_SHOWN_AS)
