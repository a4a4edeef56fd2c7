"""Pythons to make environments with, and whether they satisfy a `requires-python`."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from devtool.errors import ToolchainError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MINORS = range(20, 8, -1)
PROBE_SECONDS = 60.0
# Some distributions leave out what makes environments; such a Python is passed over.
_PROBE = "import sys, venv, ensurepip; print(*sys.version_info[:3])"

Version = tuple[int, ...]


def find_python(wanted: str, env: Mapping[str, str]) -> str:
    """An interpreter that satisfies a `requires-python`: our own, one on PATH, pyenv's or uv's.

    Args:
        wanted: A version specifier (PEP 440), or an empty string.
        env: The environment variables to search with and to run the candidates in.

    Raises:
        ToolchainError: When there is none; it names the requirement.
    """
    seen = set()
    for path in _candidates(env):
        if path in seen:
            continue
        seen.add(path)
        version = version_of(path, env)
        if version is not None and satisfies(version, wanted):
            return path
    raise ToolchainError(
        f"no Python{' ' + wanted if wanted else ''} was found that can make environments",
        hint="install it (with its venv module), or install uv, which fetches it",
    )


def _candidates(env: Mapping[str, str]) -> Iterator[str]:
    """Our own first, since it is known to work, then the newest."""
    own = f"python{sys.version_info.major}.{sys.version_info.minor}"
    yield from _own(own)
    for minor in MINORS:
        on_path = shutil.which(f"python3.{minor}", path=env.get("PATH", ""))
        if on_path:
            yield on_path
        yield from _kept(minor, env)
    for name in ("python3", "python"):
        on_path = shutil.which(name, path=env.get("PATH", ""))
        if on_path:
            yield on_path


def _own(name: str) -> Iterator[str]:
    base = Path(sys.base_prefix)
    places = (base / "python.exe",) if os.name == "nt" else (base / "bin" / name,)
    yield from (str(place) for place in places if place.exists())


def _kept(minor: int, env: Mapping[str, str]) -> Iterator[str]:
    """What pyenv and uv installed: their folders name the version."""
    home = env.get("USERPROFILE" if os.name == "nt" else "HOME", "")
    pyenv = env.get("PYENV_ROOT") or (home and f"{home}/.pyenv")
    uv = env.get("UV_PYTHON_INSTALL_DIR") or (home and f"{home}/.local/share/uv/python")
    for folder, pattern in ((f"{pyenv}/versions", f"3.{minor}.*"), (uv, f"cpython-3.{minor}.*")):
        if folder.startswith("/") or os.name == "nt":
            found = Path(folder).glob(f"{pattern}/bin/python3.{minor}")
            yield from sorted(map(str, found), reverse=True)


def version_of(path: str, env: Mapping[str, str]) -> Version | None:
    """What an interpreter says it is, or None if it cannot make environments.

    It is asked since names do not tell: pyenv's shims exist for versions that are not active.
    """
    try:
        done = subprocess.run(
            (path, "-I", "-c", _PROBE),
            cwd=Path(path).parent,
            env=dict(env),
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=PROBE_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    parts = done.stdout.decode("ascii", "replace").split()
    return tuple(map(int, parts)) if done.returncode == 0 and len(parts) == 3 else None


def satisfies(version: Version, wanted: str) -> bool:
    """Whether a version of Python fits a specifier (PEP 440).

    `==3.11` is taken as any patch level of it, as people mean it. What is no specifier fits.
    """
    return all(_fits(version, clause.strip()) for clause in wanted.split(","))


def _fits(version: Version, clause: str) -> bool:
    match = re.match(r"(===|==|!=|<=|>=|~=|<|>)?\s*v?(\d+(?:\.\d+){0,2})(\.\*)?", clause)
    if match is None:
        return True
    bound = tuple(map(int, match[2].split(".")))
    padded = bound + (0,) * (3 - len(bound))
    same = version[: len(bound)] == bound
    fits: dict[str, bool] = {
        "==": same,
        "===": same,
        "!=": not same if match[3] else version != padded,
        "<=": version <= padded,
        ">=": version >= padded,
        "<": version < padded,
        ">": version > padded,
        "~=": version >= padded and version[: len(bound) - 1] == bound[:-1],
    }
    return fits[match[1] or "=="]
