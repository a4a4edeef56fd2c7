"""Imports ahead of time: which modules may be imported before the fork, and importing them."""

from __future__ import annotations

import builtins
import contextlib
import gc
import importlib
import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from devtool_imports import Imports

# Their threads were seen to survive a fork: OpenBLAS starts its own anew.
THREADS_SURVIVE = frozenset({"numpy"})


class Traces(NamedTuple):
    """What a process has that a fork of it would lose or share."""

    threads: int
    devices: tuple[str, ...]
    handlers: tuple[Any, ...]


def traces() -> Traces:
    """The traces of this process now."""
    return Traces(_threads(), tuple(_devices()), tuple(_handlers()))


def _threads() -> int:
    with contextlib.suppress(OSError):
        return len(os.listdir("/proc/self/task"))
    import threading

    return threading.active_count()


def _devices() -> Iterator[str]:
    """The open descriptors that two processes cannot share, by what they are."""
    with contextlib.suppress(OSError):
        for fd in sorted(os.listdir("/proc/self/fd"), key=int):
            with contextlib.suppress(OSError):
                target = os.readlink(f"/proc/self/fd/{fd}")
                if target.startswith(
                    ("socket:", "pipe:", "anon_inode:", "/dev/nvidia", "/dev/dri")
                ):
                    yield target


def _handlers() -> Iterator[Any]:
    for number in sorted(signal.valid_signals()):
        with contextlib.suppress(ValueError, OSError):
            yield signal.getsignal(number)


def left_behind(before: Traces, after: Traces) -> str:
    """What an import has left, in words; empty if a fork is safe."""
    if after.threads > before.threads:
        return "starts a thread"
    new = [device for device in after.devices if device not in before.devices]
    if new:
        return f"opens {new[0].partition(':')[0]}"
    if after.handlers != before.handlers:
        return "handles signals"
    return ""


def outsiders(known: dict[str, None], imports: Imports) -> list[str]:
    """The modules of installed packages and the interpreter that were not known, which now they are.

    Only what came last is looked at: whoever touches a thousand modules copies the pages that they
    lie on, of which a fork shares most with its parent.
    """
    count = len(sys.modules) - len(known)
    fresh: list[str] = []
    for name in reversed(sys.modules):
        if len(fresh) >= count:
            break
        if name not in known:
            fresh.append(name)
    names = []
    for name in reversed(fresh):
        known[name] = None
        # Asking a lazy module for an attribute would load it.
        file = getattr(sys.modules[name], "__dict__", {}).get("__file__")
        if isinstance(file, str) and not imports.owns(file):
            names.append(name)
    return names


def preload(names: Iterable[str]) -> list[str]:
    """Import for good; the names that failed. What is there then is left alone by the collector."""
    failed = [name for name in names if not _imports(name)]
    gc.freeze()
    return failed


def _imports(name: str) -> bool:
    try:
        importlib.import_module(name)
    except BaseException:  # noqa: BLE001  # a module may even exit; the project will see it itself
        return False
    return True


def try_out(names: list[str]) -> dict[str, Any]:
    """Import, in a process that ends after it: which names succeed alone, and what others leave."""
    blamed: dict[str, str] = {}
    edges: dict[str, set[str]] = {}
    failed: set[str] = set()
    with _edges_into(edges):
        before = traces()
        for name in names:
            if not _imports(name):
                failed.add(name)
            after = traces()
            reason = left_behind(before, after)
            if reason and name.partition(".")[0] not in THREADS_SURVIVE:
                blamed[name] = reason
            before = after
    unsafe = _with_importers(blamed, edges)
    good = [name for name in names if name not in failed and name not in unsafe]
    return {"good": good, "unsafe": {name: unsafe[name] for name in unsafe if name in names}}


@contextlib.contextmanager
def _edges_into(edges: dict[str, set[str]]) -> Iterator[None]:
    """Note who imports whom."""
    original: Callable[..., Any] = builtins.__import__

    def noting(name: str, globals: Any = None, *rest: Any) -> Any:  # noqa: A002
        module = original(name, globals, *rest)
        importer = (globals or {}).get("__name__")
        if importer:
            edges.setdefault(importer, set()).update(_meant(name, globals, rest))
        return module

    builtins.__import__ = noting  # type: ignore[assignment]
    try:
        yield
    finally:
        builtins.__import__ = original


def _meant(name: str, scope: Any, rest: tuple[Any, ...]) -> Iterator[str]:
    """The full names that one import statement may load."""
    _, fromlist, level = (*rest, None, (), 0)[:3] if len(rest) < 3 else rest[:3]
    if level:
        package = (scope or {}).get("__package__") or ""
        base = package.rsplit(".", level - 1)[0] if level > 1 else package
        name = f"{base}.{name}" if name else base
    yield name
    yield from (f"{name}.{each}" for each in fromlist or () if isinstance(each, str))


def _with_importers(blamed: dict[str, str], edges: dict[str, set[str]]) -> dict[str, str]:
    """The blamed modules, and all that would load them."""
    unsafe = dict(blamed)
    grew = True
    while grew:
        grew = False
        for importer, names in edges.items():
            guilty = next((name for name in names if name in unsafe), None)
            if guilty is not None and importer not in unsafe:
                unsafe[importer] = f"imports {guilty}"
                grew = True
    return unsafe
