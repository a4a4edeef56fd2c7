"""Environments brought up for real: venv and pip, npm, and packages that lie beside the test."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from devtool.errors import ToolchainError
from devtool.model.detection import Toolchain
from devtool.runner.install import Step, clean_environment, install
from devtool.runner.interpreters import find_python, satisfies
from devtool.runner.requirements import requirements, specifier
from devtool.runner.sync import STAMP, sync

PIP = Toolchain(manager="pip", manifest="requirements.txt")
PYPROJECT = Toolchain(manager="pip", manifest="pyproject.toml")
NPM = Toolchain(manager="npm", manifest="package.json")

Sync = Callable[..., list[str]]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "my shop"
    folder.mkdir()
    return folder


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    """A folder of wheels, and no other source of packages."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    for name in ("tiny", "small"):
        info = f"{name}-1.0.dist-info"
        with zipfile.ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w") as wheel:
            wheel.writestr(f"{name}.py", "ANSWER = 42\n")
            wheel.writestr(
                f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"
            )
            tag = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
            wheel.writestr(f"{info}/WHEEL", tag)
            wheel.writestr(f"{info}/RECORD", "")
    return folder


@pytest.fixture
def run_sync(root: Path, wheels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sync:
    """Sync without a package index, and without uv; returns the lines it emitted."""
    monkeypatch.setenv("DEVTOOL_STATE_DIR", str(tmp_path / "state"))

    def run(*toolchains: Toolchain, **variables: str) -> list[str]:
        lines: list[str] = []
        env = dict(os.environ) | {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels)}
        env["PIP_CONFIG_FILE"] = os.devnull
        sync(toolchains, root, emit=lines.append, env=env | variables)
        return lines

    return run


def imports(root: Path, module: str) -> bool:
    python = root / ".venv" / "bin" / "python"
    return subprocess.run((python, "-I", "-c", f"import {module}"), check=False).returncode == 0


def test_an_environment_is_made_once(root: Path, run_sync: Sync) -> None:
    (root / "requirements.txt").write_text("# ours\ntiny\nsmall==1.0  # pinned\n")
    lines = run_sync(PIP)
    assert "my shop: installing 2 requirements ..." in lines
    assert imports(root, "tiny")
    assert run_sync(PIP) == []


def test_a_changed_manifest_is_installed(root: Path, run_sync: Sync) -> None:
    (root / "requirements.txt").write_text("-r more.txt\n")
    (root / "more.txt").write_text("tiny\n")
    run_sync(PIP)
    (root / "more.txt").write_text("tiny\nsmall\n")
    assert run_sync(PIP) == ["my shop: installing 2 requirements ..."]
    assert imports(root, "small")


def test_a_half_made_environment_is_made_anew(root: Path, run_sync: Sync) -> None:
    (root / "requirements.txt").write_text("tiny\n")
    (root / ".venv" / "bin").mkdir(parents=True)
    (root / ".venv" / "bin" / "python").symlink_to("/nowhere/python")
    run_sync(PIP)
    assert imports(root, "tiny")


def test_an_environment_without_pip_gets_it(root: Path, run_sync: Sync) -> None:
    (root / "requirements.txt").write_text("tiny\n")
    subprocess.run((sys.executable, "-m", "venv", "--without-pip", root / ".venv"), check=True)
    assert run_sync(PIP)[0] == "my shop: adding pip ..."
    assert imports(root, "tiny")


def test_what_is_no_environment_is_never_removed(root: Path, run_sync: Sync) -> None:
    (root / "requirements.txt").write_text("tiny\n")
    (root / ".venv").mkdir()
    (root / ".venv" / "thesis.txt").write_text("years of work")
    with pytest.raises(ToolchainError, match="no environment that works"):
        run_sync(PIP)
    assert (root / ".venv" / "thesis.txt").read_text() == "years of work"


def test_an_environment_that_is_a_link_is_never_removed(root: Path, run_sync: Sync) -> None:
    (root / "requirements.txt").write_text("tiny\n")
    other = root / "elsewhere"
    other.mkdir()
    (other / "pyvenv.cfg").write_text("home = /nowhere\n")
    (root / ".venv").symlink_to(other)
    with pytest.raises(ToolchainError, match="no environment that works"):
        run_sync(PIP)
    assert (other / "pyvenv.cfg").exists()


def test_the_environment_that_was_found_is_used(root: Path, run_sync: Sync) -> None:
    (root / "requirements.txt").write_text("tiny\n")
    subprocess.run((sys.executable, "-m", "venv", root / "env"), check=True)
    run_sync(PIP._replace(environment=str(root / "env"), ready=True))
    assert not (root / ".venv").exists()
    assert list((root / "env").glob("lib/python*/site-packages/tiny.py"))


def test_a_failure_shows_the_installer_s_last_words_and_leaves_no_stamp(
    root: Path, run_sync: Sync
) -> None:
    (root / "requirements.txt").write_text("no-such-package\n")
    with pytest.raises(ToolchainError, match="installing 1 requirement failed") as caught:
        run_sync(PIP)
    assert "no-such-package" in " ".join(note.text for note in caught.value.notes)
    assert not (root / ".venv" / STAMP).exists()
    (root / "requirements.txt").write_text("tiny\n")
    assert run_sync(PIP) == ["my shop: installing 1 requirement ..."]


def test_devtool_s_own_environment_does_not_leak(
    root: Path, run_sync: Sync, tmp_path: Path
) -> None:
    (root / "requirements.txt").write_text("tiny\n")
    run_sync(
        PIP,
        VIRTUAL_ENV=sys.prefix,
        PYTHONPATH=str(tmp_path),
        PYTHONHOME="/nowhere",
        PIP_TARGET=str(tmp_path / "target"),
        PIP_USER="1",
    )
    assert imports(root, "tiny")
    assert not (tmp_path / "target").exists()


BACKEND = """
import zipfile

def get_requires_for_build_editable(config_settings=None):
    return []

def build_editable(folder, config_settings=None, metadata_directory=None):
    name = "shop-1.0-py3-none-any.whl"
    meta = "Metadata-Version: 2.1\\nName: shop\\nVersion: 1.0\\nRequires-Dist: tiny\\n"
    with zipfile.ZipFile(f"{folder}/{name}", "w") as wheel:
        wheel.writestr("shop_marker.py", "")
        wheel.writestr("shop-1.0.dist-info/METADATA", meta)
        wheel.writestr("shop-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr("shop-1.0.dist-info/RECORD", "")
    return name
"""
BUILT = """
[project]
name = "shop"
version = "1.0"
dependencies = ["tiny"]
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""


def test_a_project_that_can_be_built_is_installed(root: Path, run_sync: Sync) -> None:
    (root / "pyproject.toml").write_text(BUILT)
    (root / "backend.py").write_text(BACKEND)
    run_sync(PYPROJECT)
    assert imports(root, "tiny, shop_marker")


def test_of_a_project_that_cannot_be_built_the_dependencies_are_installed(
    root: Path, run_sync: Sync
) -> None:
    (root / "pyproject.toml").write_text(BUILT)
    (root / "backend.py").write_text("def build_editable(*_, **__): raise SystemExit('no package')")
    lines = run_sync(PYPROJECT)
    assert lines[-1] == "my shop: it cannot be built, installing what it depends on ..."
    assert imports(root, "tiny")


def test_a_missing_python_is_named(root: Path, run_sync: Sync) -> None:
    (root / "requirements.txt").write_text("tiny\n")
    with pytest.raises(ToolchainError, match=r"no Python >=4\.7 was found"):
        run_sync(PIP._replace(requires_python=">=4.7"))


def test_sources_of_uv_are_not_left_to_pip(root: Path, run_sync: Sync, tmp_path: Path) -> None:
    (root / "pyproject.toml").write_text('[tool.uv.sources]\ntiny = {path = "../tiny"}\n')
    with pytest.raises(ToolchainError, match="needs uv"):
        run_sync(PYPROJECT._replace(manager="uv"), PATH=str(tmp_path))


def test_two_do_not_install_at_once(root: Path, run_sync: Sync) -> None:
    (root / "requirements.txt").write_text("tiny\n")
    hold = textwrap.dedent(
        """
        import sys
        from pathlib import Path
        from devtool.runner.sync import _only_one
        with _only_one(Path(sys.argv[1])):
            print("held", flush=True)
            sys.stdin.read()
        """
    )
    command = (sys.executable, "-c", hold, str(root))
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(ToolchainError, match="another devtool"):
            run_sync(PIP)
        other.communicate()
    assert run_sync(PIP)


# --- interrupts ----------------------------------------------------------------------------------

STUBBORN = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen((sys.executable, "-c", "import time; time.sleep(600)"))
open(sys.argv[1] + ".new", "w").write(str(child.pid))
__import__("os").rename(sys.argv[1] + ".new", sys.argv[1])
time.sleep(600)
"""


def test_an_interrupt_ends_the_installer_and_what_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("devtool.runner.install.GRACE_SECONDS", 0.2)
    told = tmp_path / "pid"

    def interrupt() -> None:
        while not told.exists():
            time.sleep(0.02)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        install(Step("waiting", (sys.executable, "-c", STUBBORN, str(told))), tmp_path, os.environ)
    pid = int(told.read_text())
    deadline = time.monotonic() + 60
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline
        time.sleep(0.02)


LEAVING = """
import subprocess, sys
left = subprocess.Popen((sys.executable, "-c", "import time; time.sleep(600)"))
open(sys.argv[1], "w").write(str(left.pid))
"""


def test_what_an_installer_leaves_running_does_not_hold_it(tmp_path: Path) -> None:
    told = tmp_path / "pid"
    install(Step("leaving", (sys.executable, "-c", LEAVING, str(told))), tmp_path, os.environ)
    left = psutil.Process(int(told.read_text()))
    assert left.is_running()
    left.kill()
    psutil.wait_procs([left], timeout=60)


def test_an_installer_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ToolchainError, match="could not be started"):
        install(Step("none", (str(tmp_path / "none"),)), tmp_path, os.environ)


def test_path_keeps_all_but_devtool_s_own_folder() -> None:
    own = str(Path(sys.prefix) / "bin")
    path = clean_environment({"PATH": f"{own}:/usr/bin:/opt/bin"})["PATH"]
    assert path == (
        "/usr/bin:/opt/bin" if sys.prefix != sys.base_prefix else f"{own}:/usr/bin:/opt/bin"
    )


# --- npm -----------------------------------------------------------------------------------------


def package(folder: Path, name: str, **more: object) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"name": name, "version": "1.0.0", **more})
    (folder / "package.json").write_text(text)


def test_packages_are_installed_once(root: Path, run_sync: Sync, tmp_path: Path) -> None:
    package(tmp_path / "tiny", "tiny")
    package(root, "shop", dependencies={"tiny": "file:../tiny"})
    cache = {"npm_config_cache": str(tmp_path / "npm"), "npm_config_offline": "true"}
    assert run_sync(NPM, **cache) == ["my shop: installing packages with npm ..."]
    assert (root / "node_modules" / "tiny" / "package.json").exists()
    locked = NPM._replace(lockfile="package-lock.json", ready=True)
    assert run_sync(locked, **cache) == []
    (root / "node_modules" / STAMP).unlink()
    assert run_sync(locked, **cache) == ["my shop: installing packages with npm ..."]


def test_a_page_without_packages_needs_no_manager(root: Path, run_sync: Sync) -> None:
    package(root, "shop")
    assert run_sync(NPM._replace(ready=True), PATH="") == []


@pytest.mark.parametrize(
    ("manager", "tools", "missing", "hint"),
    [
        ("npm", (), "node", "Node.js"),
        ("npm", ("node",), "npm", "Node.js"),
        ("pnpm", ("node",), "pnpm", "npm install -g pnpm"),
        ("yarn", ("node", "corepack"), "yarn", "corepack enable yarn"),
        ("bun", (), "bun", "Bun"),
    ],
)
def test_a_missing_manager_is_named_with_the_way_to_it(
    root: Path,
    run_sync: Sync,
    tmp_path: Path,
    manager: str,
    tools: tuple[str, ...],
    missing: str,
    hint: str,
) -> None:
    package(root, "shop", dependencies={"tiny": "1"})
    folder = tmp_path / "bin"
    folder.mkdir()
    for tool in tools:
        (folder / tool).write_text("#!/bin/sh\n")
        (folder / tool).chmod(0o755)
    with pytest.raises(ToolchainError, match=f"needs {missing}, which is not on PATH") as caught:
        run_sync(NPM._replace(manager=manager), PATH=str(folder))
    assert hint in caught.value.hint


@pytest.mark.e2e
def test_a_package_of_the_registry_is_installed(root: Path, run_sync: Sync, tmp_path: Path) -> None:
    package(root, "shop", dependencies={"is-number": "7.0.0"})
    run_sync(NPM, npm_config_cache=str(tmp_path / "npm"))
    assert (root / "node_modules" / "is-number" / "index.js").exists()


# --- decisions -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("version", "wanted", "fits"),
    [
        ((3, 11, 7), "", True),
        ((3, 11, 7), ">=3.11", True),
        ((3, 11, 7), ">=3.11.8", False),
        ((3, 10, 1), ">=3.11,<4", False),
        ((3, 12, 0), ">=3.10,<3.12", False),
        ((3, 12, 0), ">3.11", True),
        ((3, 12, 0), "==3.12", True),
        ((3, 12, 1), "==3.12.*", True),
        ((3, 12, 1), "== 3.*", True),
        ((3, 12, 1), "3.11", False),
        ((3, 12, 1), "!=3.12.*", False),
        ((3, 12, 1), "!=3.12.2", True),
        ((3, 12, 1), "~=3.11", True),
        ((3, 12, 1), "~=3.11.2", False),
        ((4, 0, 0), "~=3.11", False),
        ((3, 13, 0), "<=3.12", False),
        ((3, 13, 0), "whatever", True),
    ],
)
def test_versions_are_compared_as_pep_440_says(
    version: tuple[int, ...], wanted: str, fits: bool
) -> None:
    assert satisfies(version, wanted) is fits


def test_our_own_python_is_taken_where_it_fits() -> None:
    minor = f"{sys.version_info.major}.{sys.version_info.minor}"
    found = find_python(f"=={minor}.*", {"PATH": ""})
    assert Path(found).resolve() == Path(sys.executable).resolve()


@pytest.mark.parametrize(
    ("version", "wanted"),
    [
        ("^1.2.3", ">=1.2.3,<2"),
        ("^0.2.3", ">=0.2.3,<0.3"),
        ("^0.0.3", ">=0.0.3,<0.0.4"),
        ("^1", ">=1,<2"),
        ("~1.2.3", ">=1.2.3,<1.3"),
        ("~1", ">=1,<2"),
        ("~=1.2", "~=1.2"),
        ("1.2.*", "==1.2.*"),
        ("1.2", "==1.2"),
        ("=1.2", "==1.2"),
        ("*", ""),
        (">=1,<2", ">=1,<2"),
        (">=1.0 <2.0", ">=1.0,<2.0"),
        ("^1.2,!=1.5", ">=1.2,<2,!=1.5"),
        ("^1 || ^2", ">=2,<3"),
    ],
)
def test_versions_of_poetry_are_translated(version: str, wanted: str) -> None:
    assert specifier(version) == wanted


def test_dependencies_of_poetry_become_requirements(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        """
        [tool.poetry.dependencies]
        python = "^3.11"
        tiny = "^1.0"
        small = {version = "2.*", extras = ["fast", "safe"], python = ">=3.9"}
        maybe = {version = "*", optional = true}
        near = {path = "../near", develop = true}
        far = {git = "https://example.com/far.git", tag = "v1"}
        two = [{version = "1", markers = "sys_platform == 'linux'"}, {version = "2"}]
        """
    )
    (found,) = requirements(tmp_path, "pyproject.toml")
    assert found.about == "installing 6 requirements"
    assert found.arguments == (
        "tiny>=1.0,<2",
        "small[fast,safe]==2.*; python_version >= '3.9'",
        "-e",
        "../near",
        "far @ git+https://example.com/far.git@v1",
        "two==1; (sys_platform == 'linux')",
        "two==2",
    )


def test_packages_of_a_pipfile_become_requirements(tmp_path: Path) -> None:
    (tmp_path / "Pipfile").write_text('[packages]\ntiny = "*"\nsmall = "==1.0"\n')
    (found,) = requirements(tmp_path, "Pipfile")
    assert found.arguments == ("tiny", "small==1.0")


def test_a_broken_manifest_is_named(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[project")
    with pytest.raises(ToolchainError, match=r"pyproject\.toml is not valid TOML"):
        requirements(tmp_path, "pyproject.toml")
