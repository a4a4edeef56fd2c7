"""A plain project looked at from odd places: closed folders, broken environments, no output."""

from __future__ import annotations

import ctypes
import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.hostile.test_trees import CONTROL, DEADLINE, DOCUMENTED
from tests.hostile.trees import APP, put

DEVTOOL = str(Path(sys.executable).with_name("devtool"))
LOOKING = (
    ("phase",),
    ("run", "--dry-run", "--json"),
    ("config", "--json"),
    ("status", "--json"),
)
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="Linux's own ways to be odd")


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    root = tmp_path / "parent" / "shop"
    for name, text in {
        "backend/main.py": APP,
        "backend/requirements.txt": "fastapi\n",
        "backend/.env": "A=1\n",
        "frontend/package.json": '{"scripts": {"dev": "vite"}, "dependencies": {"vite": "1"}}',
        "pyproject.toml": "[project]\nname = 'shop'\n",
        ".git/config": "",
        "Procfile": "web: cd backend && uvicorn main:app\n",
        ".venv/pyvenv.cfg": "",
        "k8s/api.yaml": "kind: Deployment\n",
    }.items():
        put(root, name, text)
    return root


def plain(root: Path) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": str(root.parent.parent)}


def check(
    root: Path,
    *arguments: str,
    env: Mapping[str, str] | None = None,
    before: Callable[[], None] | None = None,
    cwd: Path | None = None,
) -> subprocess.CompletedProcess[bytes]:
    done = subprocess.run(
        (DEVTOOL, *arguments),
        cwd=cwd or root,
        env=plain(root) if env is None else env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=DEADLINE,
        preexec_fn=before,
    )
    both = done.stdout + done.stderr
    assert b"Traceback" not in both, both
    assert b"a bug in devtool" not in both, both
    assert not CONTROL.search(both), both
    assert done.returncode in DOCUMENTED, both
    if "--json" in arguments:
        json.loads(done.stdout)
    return done


VARIABLES: dict[str, dict[str, str]] = {
    "none at all": {},
    "no home": {"PATH": "/usr/bin:/bin"},
    "a home that is the root": {"HOME": "/"},
    "a home that is gone": {"HOME": "/nonexistent"},
    "a home that is a file": {"HOME": "/etc/passwd"},
    "a relative home": {"HOME": "x"},
    "an empty home": {"HOME": ""},
    "a home of odd bytes": {"HOME": "/tmp/\udcff"},
    "the C locale": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "a locale that is none": {"LANG": "xx_YY.nope", "LC_ALL": "xx"},
    "output in ASCII": {"PYTHONIOENCODING": "ascii"},
    "no columns": {"COLUMNS": "0", "LINES": "0"},
    "columns that are no number": {"COLUMNS": "x"},
    "a dumb terminal": {"TERM": "dumb", "FORCE_COLOR": "1"},
    "an empty path": {"PATH": ""},
    "a path of the project": {"PATH": ".::./backend"},
    "state in a file": {"DEVTOOL_STATE_DIR": "/etc/passwd/x"},
    "state in a device": {"DEVTOOL_STATE_DIR": "/dev/null"},
    "state in /proc": {"DEVTOOL_STATE_DIR": "/proc/1"},
    "a relative state folder": {"XDG_STATE_HOME": "x"},
    "a port that is none": {"DEVTOOL_PORT": "x"},
    "a port too large": {"DEVTOOL_PORT": "9" * 5000},
    "a host of escapes": {"DEVTOOL_HOST": "a b\x1b[2J"},
    "an unknown setting": {"DEVTOOL_NOPE": "1"},
    "a foreign environment": {"VIRTUAL_ENV": "/nonexistent\x1b", "CONDA_PREFIX": "/x"},
    "warnings as errors": {"PYTHONWARNINGS": "error", "PYTHONDEVMODE": "1"},
    "no assertions": {"PYTHONOPTIMIZE": "2"},
    "debugging": {"DEVTOOL_DEBUG": "1"},
    "no temporary folder": {"TMPDIR": "/nonexistent"},
}


@pytest.mark.parametrize("name", VARIABLES)
def test_any_variables_will_do(name: str, shop: Path) -> None:
    env = VARIABLES[name] if name in ("none at all", "no home") else plain(shop) | VARIABLES[name]
    for arguments in LOOKING:
        check(shop, *arguments, env=env)


LIMITS = {
    "a dozen open files": (resource.RLIMIT_NOFILE, 12),
    "no file may grow": (resource.RLIMIT_FSIZE, 0),
    "400 MiB of memory": (resource.RLIMIT_AS, 400 << 20),
    "a stack of 1 MiB": (resource.RLIMIT_STACK, 1 << 20),
}


@on_linux
@pytest.mark.parametrize("name", LIMITS)
def test_little_will_do(name: str, shop: Path) -> None:
    limit, value = LIMITS[name]
    for arguments in LOOKING:
        check(shop, *arguments, before=lambda: resource.setrlimit(limit, (value, value)))


@pytest.mark.parametrize("arguments", LOOKING, ids=" ".join)
def test_a_current_folder_that_is_gone_is_no_bug(
    arguments: tuple[str, ...], shop: Path, tmp_path: Path
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    done = check(shop, *arguments, before=gone.rmdir, cwd=gone)
    assert done.returncode == 2
    assert b"the current folder is gone" in done.stderr


@on_linux
@pytest.mark.parametrize(
    "streams",
    [">/dev/full", "2>/dev/full", ">&-", "2>&-", "<&-", ">&- 2>&-", "<&- >&- 2>&-"],
)
def test_streams_that_are_closed_or_full_are_no_bug(streams: str, shop: Path) -> None:
    for arguments in (*LOOKING, ("phase", "-C", "gone"), ("--help",), ("--version",)):
        line = f"exec '{DEVTOOL}' {' '.join(arguments)} {streams}"
        done = subprocess.run(
            ("/bin/sh", "-c", line),
            cwd=shop,
            env=plain(shop),
            capture_output=True,
            check=False,
            timeout=DEADLINE,
        )
        assert b"Traceback" not in done.stdout + done.stderr
        assert b"Exception ignored" not in done.stderr
        assert done.returncode in {0, 1, 2}


PLACES = (
    "",
    "\x1b[2J",
    "a" * 5000,
    "nul\udcff",
    "~nobody-of-that-name",
    "/dev/null",
    "/etc/passwd",
    "/proc",
    "/proc/1",
    "/proc/self/fd",
    "/dev",
    "/sys",
    "/",
)


@on_linux
@pytest.mark.parametrize("place", PLACES, ids=lambda place: ascii(place[:12]))
def test_any_folder_can_be_named(place: str, shop: Path) -> None:
    for arguments in LOOKING:
        check(shop, *arguments, "-C", place)


OPTIONS = (
    ("--port", "0"),
    ("--port", "-1"),
    ("--port", "70000"),
    ("--port", ""),
    ("--port", "9" * 5000),
    ("--host", ""),
    ("--host", "\x1b[2J"),
    ("--host", "a b"),
    ("--host", "a" * 300),
    ("--only", ""),
    ("--only", "\x1b"),
    ("--except", "backend,frontend"),
    ("--grace", "nan"),
    ("--grace", "-1"),
    ("--env-file", "/nonexistent"),
    ("--env-file", "/dev/zero"),
    ("--", "a\x1b[2J", "--port"),
)


@pytest.mark.parametrize("words", OPTIONS, ids=lambda words: ascii(" ".join(words)[:20]))
def test_any_option_can_be_given(words: tuple[str, ...], shop: Path) -> None:
    check(shop, "run", "--dry-run", "--json", *words)
    check(shop, "run", "--dry-run", *words)


# --- what may not be read ------------------------------------------------------------------------------

CLOSED = (
    ".",
    "..",
    "backend",
    "frontend",
    "k8s",
    ".git",
    ".venv",
    "backend/main.py",
    "backend/requirements.txt",
    "backend/.env",
    "frontend/package.json",
    "pyproject.toml",
    "Procfile",
    "k8s/api.yaml",
)
PR_CAPBSET_DROP = 24
DAC_OVERRIDE, DAC_READ_SEARCH = 1, 2


def obey_modes() -> None:
    """Give up, for the program that is started next, root's right to read everything."""
    if os.geteuid() != 0:
        return
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    for capability in (DAC_OVERRIDE, DAC_READ_SEARCH):
        if prctl(PR_CAPBSET_DROP, capability, 0, 0, 0):
            raise OSError(ctypes.get_errno(), "prctl")


@on_linux
@pytest.mark.parametrize("mode", [0, 0o111, 0o444], ids=oct)
@pytest.mark.parametrize("name", CLOSED)
def test_what_is_closed_is_named(name: str, mode: int, shop: Path) -> None:
    closed = Path(os.path.normpath(shop / name))
    is_folder = closed.is_dir()
    usual = closed.stat().st_mode & 0o777
    closed.chmod(mode)
    try:
        results = [
            check(shop, *arguments, "-C", str(shop), before=obey_modes, cwd=shop.parent.parent)
            for arguments in (("phase",), ("run", "--dry-run", "--json"), ("config", "--json"))
        ]
    finally:
        closed.chmod(usual)
    unreadable = mode != 0o444
    if name in (".", "..") or name.startswith((".git", ".venv")) or not unreadable:
        return
    said = "could not be listed" if is_folder else "could not be read"
    assert f"note: {name} {said} (permission denied)".encode() in (
        results[0].stdout + results[0].stderr
    )


@on_linux
def test_a_root_that_is_closed_is_an_error_that_names_it(shop: Path) -> None:
    shop.chmod(0)
    try:
        done = check(shop, "phase", "-C", str(shop), before=obey_modes, cwd=shop.parent.parent)
    finally:
        shop.chmod(0o755)
    assert done.returncode == 2
    assert f"{shop} could not be read (permission denied)".encode() in done.stderr


@on_linux
@pytest.mark.parametrize("limit", [10, 12, 14, 16, 18])
def test_too_few_descriptors_are_said_to_be_so(limit: int, tmp_path: Path) -> None:
    put(
        tmp_path,
        "devtool.toml",
        '[services.one]\ncommand = ["true"]\none_shot = true\n[services.two]\ncommand = ["true"]\n',
    )
    ran = subprocess.run(
        (DEVTOOL, "run"),
        cwd=tmp_path,
        env=os.environ | {"DEVTOOL_STATE_DIR": str(tmp_path / "state")},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit)),
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )
    assert "a bug in devtool" not in ran.stderr
    assert ran.returncode in {0, 1, 5}, ran.stderr
    assert not ran.returncode or "open files" in ran.stderr
