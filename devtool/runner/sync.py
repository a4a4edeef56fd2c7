"""Bring environments up: `devtool run --sync`. Safe to interrupt and to run again.

A stamp inside the environment, written last, holds digests of the files that decided what was
installed; where they still fit, nothing is done.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path

from devtool.errors import ToolchainError
from devtool.model.detection import Toolchain
from devtool.runner.install import Step, clean_environment, install
from devtool.runner.interpreters import PROBE_SECONDS, find_python
from devtool.runner.requirements import (
    read_plain,
    read_toml,
    requirement_files,
    requirements,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

STAMP = ".devtool-sync.json"
# What `python -m venv` and `uv venv` write before the environment can be told by pyvenv.cfg.
HALF_MADE = frozenset(
    ["bin", "include", "lib", "lib64", "share", "Scripts", "Include", "Lib", ".gitignore", ".lock"]
)
INPUTS = (
    "pyproject.toml",
    "setup.py",
    "setup.cfg",
    "Pipfile",
    "Pipfile.lock",
    "uv.lock",
    "poetry.lock",
    "pdm.lock",
    "environment.yml",
    "environment.yaml",
    "package.json",
    "package-lock.json",
    "npm-shrinkwrap.json",
    "pnpm-lock.yaml",
    "pnpm-workspace.yaml",
    "yarn.lock",
    "bun.lock",
    "bun.lockb",
)
# What installs exactly what a lock file says; `otherwise` is for a project that cannot be built.
LOCKED = {
    "poetry": (("install", "--no-interaction"), ("install", "--no-interaction", "--no-root")),
    "pdm": (("sync",), ("sync", "--no-self")),
    "pipenv": (("sync",), ()),
}
# Isolated: an installer stands in the project's folder, where modules may be called like its own.
MODULE = ("-I", "-m")
JAVASCRIPT = {
    "npm": ("ci", "--no-audit", "--no-fund"),
    "pnpm": ("install", "--frozen-lockfile"),
    "yarn": ("install", "--frozen-lockfile"),
    "bun": ("install", "--frozen-lockfile"),
}


def sync(
    toolchains: Sequence[Toolchain],
    root: Path,
    *,
    emit: Callable[[str], None],
    env: Mapping[str, str] | None = None,
) -> None:
    """Bring up the environment of every toolchain that is not up to date.

    Args:
        toolchains: What detection found for the components to start.
        root: The project's folder.
        emit: Called with one line before each step; not at all where nothing is to be done.
        env: The environment variables; those of this process if left out.

    Raises:
        ToolchainError: When an interpreter or a package manager is missing, or an installer fails.
    """
    clean = clean_environment(os.environ if env is None else env)
    pending = [each for each in toolchains if _is_pending(each, root / each.root)]
    if not pending:
        return
    with _only_one(root):
        for toolchain in pending:
            _sync_one(toolchain, root / toolchain.root, clean, emit)


@contextmanager
def _only_one(root: Path) -> Iterator[None]:
    """Keep others from installing into the same environments until this is done."""
    from devtool.runner.locks import Lock
    from devtool.runner.state import make_private, project_folder

    folder = project_folder(root)
    try:
        folder.parent.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        make_private(folder.parent)
        make_private(folder)
        lock = Lock.take(folder / "sync.lock")
    except OSError as error:
        raise ToolchainError(f"{folder} cannot be used: {error}", hint="check its owner") from error
    if lock is None:
        raise ToolchainError(
            f"another devtool is installing the packages of {root}", hint="wait until it is done"
        )
    try:
        yield
    finally:
        lock.release()


class Standing(StrEnum):
    """How an environment stands to the files that decide its content."""

    ABSENT = "absent"
    CURRENT = "current"
    STALE = "stale"
    UNKNOWN = "unknown"


def standing(toolchain: Toolchain, root: Path) -> Standing:
    """How the environment of a toolchain stands, as far as its stamp tells; nothing is run.

    Raises:
        ToolchainError: When a manifest cannot be read.
    """
    folder = root / toolchain.root
    home = _home(toolchain, folder)
    if _is_current(home, _digests(folder, toolchain)):
        return Standing.CURRENT
    if not home.is_dir():
        return Standing.ABSENT
    # Without a stamp someone else has filled it: what is in it may be what is wanted.
    return Standing.STALE if (home / STAMP).exists() else Standing.UNKNOWN


def _is_pending(toolchain: Toolchain, folder: Path) -> bool:
    if not toolchain.manifest or toolchain.manager == "none":
        return False
    home = _home(toolchain, folder)
    if _wants_nothing(toolchain, folder, home):
        return False
    return not _is_current(home, _digests(folder, toolchain))


def _sync_one(
    toolchain: Toolchain, folder: Path, env: Mapping[str, str], emit: Callable[[str], None]
) -> None:
    if not _is_pending(toolchain, folder):
        return  # another component's installation was this one's too
    home = _home(toolchain, folder)
    before = _digests(folder, toolchain)
    for step in _steps(toolchain, folder, home, env):
        emit(f"{toolchain.root or folder.name}: {step.about} ...")
        try:
            install(step, folder, env)
        except ToolchainError:
            if step.otherwise is None:
                raise
            emit(f"{toolchain.root or folder.name}: {step.otherwise.about} ...")
            install(step.otherwise, folder, env)
    # A file that changed meanwhile keeps its old digest: what is installed is of the old one.
    _write_stamp(home, _digests(folder, toolchain) | before)


def _home(toolchain: Toolchain, folder: Path) -> Path:
    if toolchain.manager in JAVASCRIPT:
        return folder / "node_modules"
    return Path(toolchain.environment) if toolchain.environment else folder / ".venv"


def _wants_nothing(toolchain: Toolchain, folder: Path, home: Path) -> bool:
    """Whether a frontend has no packages to install: no manager would make a folder for them."""
    if toolchain.manager not in JAVASCRIPT or home.exists():
        return False
    return toolchain.ready and not (folder / ".pnp.cjs").exists()


# --- what is up to date --------------------------------------------------------------------------


def _digests(folder: Path, toolchain: Toolchain) -> dict[str, str]:
    """What decides the content of an environment: its manager, the wanted Python, and files."""
    listed = toolchain.manifest if toolchain.manifest.endswith(".txt") else "requirements.txt"
    found = {"manager": toolchain.manager, "python": toolchain.requires_python}
    for path in (*(folder / name for name in INPUTS), *requirement_files(folder / listed)):
        if path.exists():  # most projects have two or three of these
            digest = hashlib.sha256(read_plain(path))
            found[os.path.relpath(path, folder)] = digest.hexdigest()
    return found


def _interpreter_version(home: Path) -> str:
    """The line of pyvenv.cfg that names the version an environment was made with."""
    try:
        lines = (home / "pyvenv.cfg").read_text("utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    return next((line for line in lines if line.startswith("version")), "")


def _is_current(home: Path, digests: dict[str, str]) -> bool:
    try:
        stamp = json.loads((home / STAMP).read_text("utf-8"))
    except (OSError, ValueError):
        return False
    whole = home.name == "node_modules" or _python(home).exists()
    return whole and bool(stamp == _stamp(home, digests))


def _stamp(home: Path, digests: dict[str, str]) -> dict[str, object]:
    return {"schema": 1, "interpreter": _interpreter_version(home), "digests": digests}


def _write_stamp(home: Path, digests: dict[str, str]) -> None:
    if not home.is_dir():
        return  # yarn can keep packages without a folder of their own
    temporary = home / f"{STAMP}.{os.getpid()}"
    temporary.write_text(json.dumps(_stamp(home, digests), indent=1), encoding="utf-8")
    temporary.replace(home / STAMP)


# --- the steps of an installation ----------------------------------------------------------------


def _steps(
    toolchain: Toolchain, folder: Path, home: Path, env: Mapping[str, str]
) -> Iterator[Step]:
    """What to run, decided step by step: whether pip is missing shows once the environment is."""
    if toolchain.manager in JAVASCRIPT:
        yield _javascript(toolchain, env)
        return
    uv = _which("uv", env)
    if uv and toolchain.manager == "uv":
        yield _uv_sync(uv, folder, home)
        return
    _refuse_what_pip_cannot(toolchain, folder)
    if not runs(home, env):
        yield _new_environment(toolchain, folder, home, env)
    locked = _which(toolchain.manager, env) if toolchain.manager in LOCKED else None
    if locked and toolchain.lockfile:
        yield _locked(toolchain, locked, home, env)
        return
    python = str(_python(home))
    if not uv and not runs(home, env, "import pip"):
        yield Step("adding pip", (python, *MODULE, "ensurepip"))
    pip = (uv, "pip", "install", "--python", python) if uv else (python, *MODULE, "pip", "install")
    for wanted in requirements(folder, toolchain.manifest):
        plain = Step("it cannot be built, installing what it depends on", (*pip, *wanted.otherwise))
        otherwise = plain if wanted.otherwise else None
        yield Step(wanted.about, (*pip, *wanted.arguments), (), otherwise)


def _javascript(toolchain: Toolchain, env: Mapping[str, str]) -> Step:
    name = toolchain.manager
    for tool in (name,) if name == "bun" else ("node", name):
        if _which(tool, env) is None:
            raise ToolchainError(
                f"{toolchain.root or 'the frontend'} needs {tool}, which is not on PATH",
                hint=_way_to(tool, env),
            )
    words = JAVASCRIPT[name] if toolchain.lockfile else ("install", *JAVASCRIPT[name][1:])
    words = tuple(w for w in words if toolchain.lockfile or w != "--frozen-lockfile")
    return Step(f"installing packages with {name}", (_which(name, env) or name, *words))


def _way_to(tool: str, env: Mapping[str, str]) -> str:
    if tool in ("node", "npm"):
        return "install Node.js, which comes with npm"
    if tool == "bun":
        return "install Bun"
    return f"corepack enable {tool}" if _which("corepack", env) else f"npm install -g {tool}"


def _uv_sync(uv: str, folder: Path, home: Path) -> Step:
    """Uv's own installation, into the environment that detection found or would look for."""
    workspace = _table(folder, "tool", "uv").get("workspace") is not None
    words = ("sync", "--all-packages") if workspace else ("sync",)
    return Step("installing with uv", (uv, *words), (("UV_PROJECT_ENVIRONMENT", str(home)),))


def _locked(toolchain: Toolchain, tool: str, home: Path, env: Mapping[str, str]) -> Step:
    """The manager's own installation from its lock file, into the environment that is there."""
    words, otherwise = LOCKED[toolchain.manager]
    folders = (str(_python(home).parent), env.get("PATH", ""))
    active = (("VIRTUAL_ENV", str(home)), ("PATH", os.pathsep.join(folders)))
    about = f"installing with {toolchain.manager}"
    plain = Step(f"{about}, without the project", (tool, *otherwise), active)
    return Step(about, (tool, *words), active, plain if otherwise else None)


def _refuse_what_pip_cannot(toolchain: Toolchain, folder: Path) -> None:
    """Name the tool whose own words are in a manifest that pip would misread."""
    if toolchain.manager == "uv" and {"sources", "workspace"} & _table(folder, "tool", "uv").keys():
        raise ToolchainError(
            f"{folder} needs uv, which is not on PATH: its pyproject.toml has sources of uv's own",
            hint="install uv",
        )
    if toolchain.manager == "conda" and not toolchain.ready:
        raise ToolchainError(
            f"{folder} needs the environment of {toolchain.manifest}, which is not active",
            hint=f"conda env create -f {toolchain.manifest}, then activate it",
        )


def _new_environment(
    toolchain: Toolchain, folder: Path, home: Path, env: Mapping[str, str]
) -> Step:
    _clear(home, folder)
    uv, wanted = _which("uv", env), toolchain.requires_python
    if uv:
        version = ("--python", wanted) if wanted else ()
        return Step(f"making {home.name} with uv", (uv, "venv", str(home), *version))
    python = find_python(wanted, env)
    return Step(f"making {home.name} with {python}", (python, *MODULE, "venv", str(home)))


def _clear(home: Path, folder: Path) -> None:
    """Remove what is left of an environment.

    Raises:
        ToolchainError: When it is not certain that nothing but an environment would go.
    """
    if not os.path.lexists(home):
        return
    ours = home.parent == folder and home.is_dir() and not home.is_symlink()
    if ours and ((home / "pyvenv.cfg").is_file() or {p.name for p in home.iterdir()} <= HALF_MADE):
        shutil.rmtree(home)
        return
    raise ToolchainError(f"{home} is no environment that works", hint="move it away")


def runs(home: Path, env: Mapping[str, str], code: str = "") -> bool:
    """Whether the interpreter of an environment runs a line of code."""
    if not _python(home).exists():
        return False
    try:
        done = subprocess.run(
            (str(_python(home)), "-I", "-c", code),
            cwd=home,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PROBE_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _python(home: Path) -> Path:
    return home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _which(name: str, env: Mapping[str, str]) -> str | None:
    return shutil.which(name, path=env.get("PATH", ""))


def _table(folder: Path, *keys: str) -> dict[str, object]:
    value: object = read_toml(folder / "pyproject.toml")
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}
