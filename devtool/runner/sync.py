"""Bring environments up: `devtool run --sync`. Safe to interrupt and to run again.

A stamp inside the environment, written last, holds a digest of the files that decided what was
installed; where it still fits, nothing is done.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from devtool.errors import ToolchainError
from devtool.model.detection import Note, Toolchain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

STAMP = ".devtool-sync.json"
TAIL_LINES = 15
JAVASCRIPT = ("npm", "pnpm", "yarn", "bun")
MINORS = range(20, 8, -1)
# Variables of devtool's own environment that would lead an installer astray.
_FOREIGN = (
    "VIRTUAL_ENV",
    "PYTHONHOME",
    "PYTHONPATH",
    "__PYVENV_LAUNCHER__",
    "UV_PROJECT_ENVIRONMENT",
)
_INPUTS = (
    "pyproject.toml",
    "requirements.txt",
    "setup.py",
    "setup.cfg",
    "Pipfile",
    "uv.lock",
    "poetry.lock",
    "pdm.lock",
    "package.json",
    "package-lock.json",
    "pnpm-lock.yaml",
    "yarn.lock",
    "bun.lock",
)


class Step(NamedTuple):
    """One command of an installation, and what to say while it runs."""

    about: str
    argv: tuple[str, ...]


def sync(
    toolchains: Sequence[Toolchain], root: Path, *, emit: Callable[[str], None] = print
) -> None:
    """Bring up the environment of every toolchain that is not up to date.

    Args:
        toolchains: What detection found for the components to start.
        root: The project's folder.
        emit: Called with one line before each step; not at all where nothing is to be done.

    Raises:
        ToolchainError: When an interpreter or a package manager is missing, or an installer fails.
    """
    for toolchain in toolchains:
        folder = root / toolchain.root
        if toolchain.manager == "none":
            continue
        home = (
            folder / "node_modules" if toolchain.manager in JAVASCRIPT else _home(toolchain, folder)
        )
        digest = _digest(folder, toolchain)
        if _is_current(home, digest):
            continue
        for step in _steps(toolchain, folder, home):
            emit(f"{toolchain.root or folder.name}: {step.about}")
            _install(step, folder)
        _write_stamp(home, digest)


def _home(toolchain: Toolchain, folder: Path) -> Path:
    return Path(toolchain.environment) if toolchain.environment else folder / ".venv"


# --- what is up to date --------------------------------------------------------------------------


def _digest(folder: Path, toolchain: Toolchain) -> str:
    digest = hashlib.sha256(f"{toolchain.manager} {toolchain.requires_python}".encode())
    for name in _INPUTS:
        try:
            digest.update(name.encode() + b"\0" + (folder / name).read_bytes())
        except OSError:
            continue  # most projects have two or three of these
    return digest.hexdigest()


def _is_current(home: Path, digest: str) -> bool:
    try:
        stamp = json.loads((home / STAMP).read_text("utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(stamp, dict) and stamp.get("digest") == digest


def _write_stamp(home: Path, digest: str) -> None:
    if not home.is_dir():
        return  # a frontend without dependencies gets no node_modules
    temporary = home / f"{STAMP}.{os.getpid()}"
    temporary.write_text(json.dumps({"schema": 1, "digest": digest}), encoding="utf-8")
    temporary.replace(home / STAMP)


# --- the steps of an installation ----------------------------------------------------------------


def _steps(toolchain: Toolchain, folder: Path, home: Path) -> Iterator[Step]:
    if toolchain.manager in JAVASCRIPT:
        yield _javascript_step(toolchain)
        return
    uv = shutil.which("uv")
    if uv and toolchain.manager == "uv":
        yield Step("installing with uv", (uv, "sync"))
        return
    if not _is_sound(home):
        yield from _new_environment(toolchain, folder, home, uv)
    python = str(_python(home))
    pip = (
        (uv, "pip", "install", "--python", python)
        if uv
        else (python, "-m", "pip", "install", "--disable-pip-version-check")
    )
    for about, arguments in _requirements(folder):
        yield Step(about, (*pip, *arguments))


def _javascript_step(toolchain: Toolchain) -> Step:
    manager = shutil.which(toolchain.manager)
    if manager is None:
        raise ToolchainError(
            f"{toolchain.root or 'the frontend'} needs {toolchain.manager}, which is not on PATH",
            hint="install Node.js with its package manager, or leave it out: --except frontend",
        )
    words = {
        "npm": ("ci",) if toolchain.lockfile else ("install",),
        "pnpm": ("install", "--frozen-lockfile") if toolchain.lockfile else ("install",),
        "yarn": ("install", "--frozen-lockfile") if toolchain.lockfile else ("install",),
        "bun": ("install", "--frozen-lockfile") if toolchain.lockfile else ("install",),
    }[toolchain.manager]
    if toolchain.manager == "npm":
        words = (*words, "--no-audit", "--no-fund")
    return Step(f"{toolchain.manager} {words[0]}", (manager, *words))


def _is_sound(home: Path) -> bool:
    """Whether an environment is whole enough to install into."""
    return (home / "pyvenv.cfg").is_file() and _python(home).exists()


def _python(home: Path) -> Path:
    return home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _new_environment(
    toolchain: Toolchain, folder: Path, home: Path, uv: str | None
) -> Iterator[Step]:
    shutil.rmtree(home, ignore_errors=True)  # a half-made one of an interrupted run
    if uv:
        wanted = ("--python", toolchain.requires_python) if toolchain.requires_python else ()
        yield Step("making .venv with uv", (uv, "venv", str(home), *wanted))
        return
    python = find_python(toolchain.requires_python, folder)
    yield Step(f"making .venv with {Path(python).name}", (python, "-m", "venv", str(home)))


def _requirements(folder: Path) -> Iterator[tuple[str, tuple[str, ...]]]:
    """What pip is to install: what the project's manifests say, each by its own rule."""
    table = _toml(folder / "pyproject.toml")
    requirements = folder / "requirements.txt"
    if requirements.is_file():
        yield "installing requirements.txt", ("-r", str(requirements))
    has_setup = (folder / "setup.py").is_file()
    if "build-system" in table or (has_setup and not requirements.is_file()):
        yield "installing the project", ("-e", str(folder))
        return
    if requirements.is_file():
        return
    names = _declared(table) or _pipfile(_toml(folder / "Pipfile"))
    if names:
        yield f"installing {len(names)} requirements", tuple(names)


def _declared(table: dict[str, object]) -> list[str]:
    """The dependencies of a pyproject.toml that builds nothing (PEP 621, or poetry's table)."""
    project = table.get("project")
    listed = project.get("dependencies") if isinstance(project, dict) else None
    if isinstance(listed, list):
        return [text for text in listed if isinstance(text, str)]
    tool = table.get("tool")
    poetry = tool.get("poetry") if isinstance(tool, dict) else None
    dependencies = poetry.get("dependencies") if isinstance(poetry, dict) else None
    if not isinstance(dependencies, dict):
        return []
    return [
        _from_poetry(str(name), wanted) for name, wanted in dependencies.items() if name != "python"
    ]


def _pipfile(table: dict[str, object]) -> list[str]:
    packages = table.get("packages")
    if not isinstance(packages, dict):
        return []
    return [_from_poetry(str(name), wanted) for name, wanted in packages.items()]


def _from_poetry(name: str, wanted: object) -> str:
    """A dependency of poetry or Pipfile as PEP 508 writes it."""
    extras, version = "", wanted
    if isinstance(wanted, dict):
        listed = wanted.get("extras")
        extras = f"[{','.join(map(str, listed))}]" if isinstance(listed, list) else ""
        version = wanted.get("version", "*")
    return f"{name}{extras}{_specifier(str(version))}"


def _specifier(version: str) -> str:
    """Poetry's caret and tilde as PEP 440 ranges (python-poetry.org/docs/dependency-specification)."""
    match = re.fullmatch(r"([\^~])(\d+)(?:\.(\d+))?(?:\.(\d+))?\S*", version)
    if match is None:
        return "" if version in ("*", "") else version if version[0] in "<>=!~" else f"=={version}"
    numbers = [int(part) for part in match.groups()[1:] if part is not None]
    at = 0
    if match[1] == "^":
        at = next((i for i, number in enumerate(numbers) if number), len(numbers) - 1)
    elif len(numbers) > 1:
        at = 1
    upper = [*numbers[:at], numbers[at] + 1]
    return f">={version[1:]},<{'.'.join(map(str, upper))}"


def _toml(path: Path) -> dict[str, object]:
    import tomllib

    try:
        return tomllib.loads(path.read_text("utf-8-sig"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise ToolchainError(f"{path} cannot be read", hint="correct the file") from error


# --- interpreters --------------------------------------------------------------------------------


def find_python(wanted: str, folder: Path) -> str:
    """An interpreter that satisfies a `requires-python`: our own, one on PATH, or pyenv's.

    Raises:
        ToolchainError: When there is none; it names the requirement.
    """
    for version, path in _interpreters():
        if satisfies(version, wanted):
            return path
    raise ToolchainError(
        f"{folder} needs Python {wanted}, and none was found", hint="install it, or uv, which does"
    )


def _interpreters() -> Iterator[tuple[tuple[int, int], str]]:
    """Interpreters with their versions, our own first, then the newest."""
    own = Path(sys.base_prefix) / ("python.exe" if os.name == "nt" else "bin/python3")
    if own.exists():
        yield sys.version_info[:2], str(own)
    for minor in MINORS:
        for path in (shutil.which(f"python3.{minor}"), *_pyenv(minor)):
            if path and _works(path, (3, minor)):
                yield (3, minor), path


def _pyenv(minor: int) -> Iterator[str]:
    versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    for folder in sorted(versions.glob(f"3.{minor}.*"), reverse=True):
        yield str(folder / "bin" / "python")


def _works(path: str, version: tuple[int, int]) -> bool:
    """Whether an interpreter is what its name says: pyenv's shims are there for any version."""
    code = "import sys; print(*sys.version_info[:2])"
    try:
        done = subprocess.run(
            (path, "-I", "-c", code), capture_output=True, timeout=20, check=False, text=True
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.stdout.split() == [str(part) for part in version]


def satisfies(version: tuple[int, int], wanted: str) -> bool:
    """Whether a minor version fits a version specifier (PEP 440), patch levels aside."""
    return all(_fits(version, clause.strip()) for clause in wanted.split(",") if clause.strip())


def _fits(version: tuple[int, int], clause: str) -> bool:
    match = re.fullmatch(r"(===|==|!=|<=|>=|~=|<|>)?\s*(\d+)(?:\.(\d+))?(\.\d+)?(\.\*)?.*", clause)
    if match is None:
        return True
    operator = match[1] or "=="
    bound = (int(match[2]), int(match[3] or 0))
    have = version if match[3] else (version[0], 0)
    if operator == "<" and match[4] and match[4] != ".0":
        return have <= bound  # below a patch level of that same minor version
    checks: dict[str, bool] = {
        "==": have == bound,
        "===": have == bound,
        "!=": bool(match[4]) or have != bound,
        "<=": have <= bound,
        ">=": have >= bound,
        "<": have < bound,
        ">": have > bound or (have == bound and bool(match[4])),
        "~=": have >= bound and (version[0] == bound[0]),
    }
    return checks[operator]


# --- running an installer ------------------------------------------------------------------------


def _install(step: Step, folder: Path) -> None:
    """Run one step to its end; an interrupt ends it and everything it started."""
    env = {key: value for key, value in os.environ.items() if key not in _FOREIGN}
    own_bin = str(Path(sys.prefix) / ("Scripts" if os.name == "nt" else "bin"))
    env["PATH"] = os.pathsep.join(p for p in env.get("PATH", "").split(os.pathsep) if p != own_bin)
    tail: deque[str] = deque(maxlen=TAIL_LINES)
    try:
        process = subprocess.Popen(
            step.argv,
            cwd=folder,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=os.name == "posix",
        )
    except OSError as error:
        raise ToolchainError(f"{step.argv[0]} could not be started ({error.strerror})") from error
    try:
        assert process.stdout is not None  # noqa: S101  # asked for above
        for line in process.stdout:
            tail.append(line.decode("utf-8", "backslashreplace").rstrip())
        code = process.wait()
    except BaseException:
        _kill(process)
        raise
    finally:
        if process.stdout is not None:
            process.stdout.close()
    if code != 0:
        raise ToolchainError(
            f"{folder}: {step.about} failed with exit code {code}",
            hint="correct what it names, then run it again",
            notes=[Note(line, kind="output") for line in tail if line],
        )


def _kill(process: subprocess.Popen[bytes]) -> None:
    if os.name == "posix":
        with suppress(ProcessLookupError):  # it ended while we looked
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()
