"""Which interpreter and which package manager: read from files, whatever state they are in."""

from __future__ import annotations

import os
import venv
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from devtool.detection.environments import pipenv_name, poetry_name
from devtool.detection.toolchain import javascript_toolchain, python_toolchain
from devtool.detection.tree import SourceTree
from devtool.model.detection import Toolchain

NOBODY: Mapping[str, str] = {}
PROJECT = '[project]\nname = "shop"\n'

Write = Callable[[Mapping[str, str]], SourceTree]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a repository and look at it."""

    def make(files: Mapping[str, str]) -> SourceTree:
        root = tmp_path / "my shop"
        root.mkdir(exist_ok=True)
        for path, text in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text, encoding="utf-8")
        return SourceTree(root)

    return make


def make_environment(folder: Path) -> str:
    """A real environment, and the path of its interpreter."""
    venv.create(folder, symlinks=True)
    return str(folder / "bin" / "python")


@pytest.mark.parametrize(
    ("files", "manager", "manifest", "lockfile"),
    [
        ({"pyproject.toml": PROJECT, "uv.lock": ""}, "uv", "pyproject.toml", "uv.lock"),
        ({"pyproject.toml": PROJECT + "[tool.uv]\n"}, "uv", "pyproject.toml", ""),
        ({"pyproject.toml": "[tool.poetry]\n"}, "poetry", "pyproject.toml", ""),
        ({"pyproject.toml": PROJECT, "poetry.lock": ""}, "poetry", "pyproject.toml", "poetry.lock"),
        ({"pyproject.toml": PROJECT + "[tool.pdm]\n"}, "pdm", "pyproject.toml", ""),
        (
            {"pyproject.toml": PROJECT + "[tool.hatch.envs.default]\n"},
            "hatch",
            "pyproject.toml",
            "",
        ),
        ({"Pipfile": "", "requirements.txt": ""}, "pipenv", "Pipfile", ""),
        ({"environment.yml": "name: shop\n"}, "conda", "environment.yml", ""),
        ({"requirements.txt": "flask\n"}, "pip", "requirements.txt", ""),
        ({"requirements/local.txt": "flask\n"}, "pip", "requirements/local.txt", ""),
        ({"setup.py": ""}, "pip", "setup.py", ""),
        ({"pyproject.toml": PROJECT}, "pip", "pyproject.toml", ""),
        ({"pyproject.toml": "[tool.ruff]\n"}, "none", "", ""),
        ({"setup.cfg": "[flake8]\n"}, "none", "", ""),
        ({"main.py": ""}, "none", "", ""),
    ],
)
def test_the_manager_is_read_from_lock_files_tables_and_manifests(
    write: Write, files: Mapping[str, str], manager: str, manifest: str, lockfile: str
) -> None:
    found = python_toolchain(write(files), "", NOBODY)
    assert (found.manager, found.manifest, found.lockfile) == (manager, manifest, lockfile)
    assert (found.interpreter, found.environment, found.ready) == ("", "", False)


def test_a_lock_file_says_more_than_a_table(write: Write) -> None:
    tree = write({"pyproject.toml": PROJECT + "[tool.uv]\n", "poetry.lock": ""})
    assert python_toolchain(tree, "", NOBODY).manager == "poetry"


def test_the_nearest_manifest_counts(write: Write) -> None:
    tree = write(
        {"pyproject.toml": PROJECT, "backend/requirements.txt": "", "backend/app/x.py": ""}
    )
    found = python_toolchain(tree, "backend/app", NOBODY)
    assert (found.root, found.manifest) == ("backend", "requirements.txt")
    assert found.evidence[0].path == "backend/requirements.txt"


def test_a_member_of_a_uv_workspace_belongs_to_the_workspace(write: Write) -> None:
    workspace = '[tool.uv.workspace]\nmembers = ["apps/*"]\nexclude = ["apps/old"]\n'
    tree = write(
        {
            "pyproject.toml": workspace,
            "uv.lock": "",
            "apps/api/pyproject.toml": PROJECT,
            "apps/old/pyproject.toml": PROJECT,
        }
    )
    found = python_toolchain(tree, "apps/api", NOBODY)
    assert (found.manager, found.root, found.lockfile) == ("uv", "", "uv.lock")
    assert python_toolchain(tree, "apps/old", NOBODY).root == "apps/old"


@pytest.mark.parametrize("name", [".venv", "venv", "env"])
def test_an_environment_above_the_component_is_found(write: Write, name: str) -> None:
    tree = write({"requirements.txt": "", "backend/main.py": ""})
    interpreter = make_environment(tree.root / name)
    found = python_toolchain(tree, "backend", NOBODY)
    assert (found.interpreter, found.ready) == (interpreter, True)
    assert found.environment == str(tree.root / name)
    assert name in [fact.path for fact in found.evidence]


def test_the_nearest_environment_wins(write: Write) -> None:
    tree = write({"requirements.txt": "", "backend/requirements.txt": ""})
    make_environment(tree.root / ".venv")
    own = make_environment(tree.root / "backend" / "venv")
    assert python_toolchain(tree, "backend", NOBODY).interpreter == own


def test_an_environment_without_a_manifest_is_used(write: Write) -> None:
    tree = write({"main.py": ""})
    interpreter = make_environment(tree.root / ".venv")
    found = python_toolchain(tree, "", NOBODY)
    assert (found.manager, found.interpreter, found.ready) == ("pip", interpreter, True)


def test_an_environment_that_lost_its_interpreter_is_none(write: Write) -> None:
    tree = write({"requirements.txt": ""})
    interpreter = Path(make_environment(tree.root / ".venv"))
    interpreter.unlink()
    interpreter.symlink_to("/nowhere/python")
    assert not python_toolchain(tree, "", NOBODY).ready


def test_an_active_environment_counts_only_inside_the_project(write: Write, tmp_path: Path) -> None:
    tree = write({"requirements.txt": ""})
    inside = make_environment(tree.root / "environments" / "dev")
    make_environment(tmp_path / "elsewhere")
    active = {"VIRTUAL_ENV": str(tree.root / "environments" / "dev")}
    assert python_toolchain(tree, "", active).interpreter == inside
    assert not python_toolchain(tree, "", {"VIRTUAL_ENV": str(tmp_path / "elsewhere")}).ready


def test_the_active_conda_environment_counts_if_the_project_names_it(
    write: Write, tmp_path: Path
) -> None:
    tree = write({"environment.yml": 'name: "shop"  # ours\n'})
    prefix = tmp_path / "conda" / "shop"
    interpreter = make_environment(prefix)
    (prefix / "pyvenv.cfg").unlink()
    (prefix / "conda-meta").mkdir()
    active = {"CONDA_PREFIX": str(prefix), "CONDA_DEFAULT_ENV": "shop"}
    assert python_toolchain(tree, "", active).interpreter == interpreter
    assert not python_toolchain(tree, "", active | {"CONDA_DEFAULT_ENV": "base"}).ready


def test_the_interpreter_that_pdm_wrote_down_counts_only_inside_the_project(
    write: Write, tmp_path: Path
) -> None:
    tree = write({"pyproject.toml": PROJECT, "pdm.lock": ""})
    inside = make_environment(tree.root / "environments" / "dev")
    outside = make_environment(tmp_path / "elsewhere")
    (tree.root / ".pdm-python").write_text(f"{inside}\n")
    assert python_toolchain(SourceTree(tree.root), "", NOBODY).interpreter == inside
    (tree.root / ".pdm-python").write_text(f"{outside}\n")
    assert not python_toolchain(SourceTree(tree.root), "", NOBODY).ready


def test_names_of_environments_kept_elsewhere_are_those_of_poetry_and_pipenv() -> None:
    """As poetry 2.5 and pipenv 2026.10 name them."""
    assert poetry_name("My.Cool_App", Path("/srv/my shop")) == "my-cool-app-7DyaQ_Gz"
    assert pipenv_name(Path("/tmp/t2/My Pipenv.App")) == "My_Pipenv.App-xvWON8NV"


def test_the_environment_that_poetry_keeps_elsewhere_is_found(write: Write, tmp_path: Path) -> None:
    tree = write({"pyproject.toml": '[project]\nname = "My.Cool_App"\n[tool.poetry]\n'})
    kept = tmp_path / "home" / ".cache" / "pypoetry" / "virtualenvs"
    env = {"HOME": str(tmp_path / "home")}
    name = poetry_name("My.Cool_App", tree.root)
    interpreter = make_environment(kept / f"{name}-py3.11")
    assert python_toolchain(tree, "", env).interpreter == interpreter
    make_environment(kept / f"{name}-py3.12")
    assert not python_toolchain(tree, "", env).ready


def test_the_environment_that_pipenv_keeps_elsewhere_is_found(write: Write, tmp_path: Path) -> None:
    tree = write({"Pipfile": "[packages]\n"})
    interpreter = make_environment(tmp_path / "kept" / pipenv_name(tree.root))
    assert python_toolchain(tree, "", {"WORKON_HOME": str(tmp_path / "kept")}).ready
    assert not python_toolchain(tree, "", NOBODY).ready
    assert interpreter


@pytest.mark.parametrize(
    ("files", "wanted"),
    [
        ({"pyproject.toml": PROJECT + 'requires-python = ">=3.11,<4"\n'}, ">=3.11,<4"),
        ({"pyproject.toml": '[tool.poetry.dependencies]\npython = "^3.11"\n'}, ">=3.11,<4"),
        ({"pyproject.toml": '[tool.poetry.dependencies]\npython = "~3.11"\n'}, ">=3.11,<3.12"),
        (
            {"pyproject.toml": '[tool.poetry.dependencies]\npython = ">=3.10,<3.13"\n'},
            ">=3.10,<3.13",
        ),
        ({"pyproject.toml": '[tool.poetry.dependencies]\npython = "*"\n'}, ""),
        ({"pyproject.toml": '[tool.poetry.dependencies]\npython = "^3.9 || ^4"\n'}, ""),
        ({"Pipfile": '[requires]\npython_version = "3.12"\n'}, "==3.12.*"),
        ({"requirements.txt": "", "runtime.txt": "python-3.11.4\n"}, "==3.11.*"),
        ({"requirements.txt": "", ".python-version": "3.12.1\n"}, "==3.12.*"),
        ({"requirements.txt": "", ".python-version": "system\n"}, ""),
        ({"requirements.txt": ""}, ""),
    ],
)
def test_the_wanted_python_is_read(write: Write, files: Mapping[str, str], wanted: str) -> None:
    assert python_toolchain(write(files), "", NOBODY).requires_python == wanted


def test_a_pinned_python_counts_for_the_folders_below(write: Write) -> None:
    tree = write({"backend/requirements.txt": "", ".python-version": "3.12\n"})
    assert python_toolchain(tree, "backend", NOBODY).requires_python == "==3.12.*"


def javascript(write: Write, files: Mapping[str, str], root: str = "") -> Toolchain:
    return javascript_toolchain(write(files), root)


VITE = '{"devDependencies": {"vite": "5"}}'


@pytest.mark.parametrize(
    ("files", "manager", "lockfile"),
    [
        ({"package.json": '{"packageManager": "pnpm@9.1.0", "dependencies": {}}'}, "pnpm", ""),
        ({"package.json": VITE, "pnpm-lock.yaml": ""}, "pnpm", "pnpm-lock.yaml"),
        ({"package.json": VITE, "yarn.lock": ""}, "yarn", "yarn.lock"),
        ({"package.json": VITE, "bun.lockb": ""}, "bun", "bun.lockb"),
        ({"package.json": VITE, "package-lock.json": ""}, "npm", "package-lock.json"),
        (
            {"package.json": '{"packageManager": "yarn@4", "a": 1}', "package-lock.json": ""},
            "yarn",
            "",
        ),
        ({"package.json": '{"packageManager": 4}'}, "npm", ""),
        ({"package.json": VITE}, "npm", ""),
    ],
)
def test_the_javascript_manager_is_read_from_manifest_and_lock_file(
    write: Write, files: Mapping[str, str], manager: str, lockfile: str
) -> None:
    found = javascript(write, files)
    assert (found.manager, found.lockfile, found.manifest) == (manager, lockfile, "package.json")


def test_a_lock_file_above_names_the_manager_but_not_the_folder(write: Write) -> None:
    found = javascript(write, {"pnpm-lock.yaml": "", "frontend/package.json": VITE}, "frontend")
    assert (found.manager, found.root, found.lockfile) == ("pnpm", "frontend", "")
    assert found.evidence[0].path == "pnpm-lock.yaml"


@pytest.mark.parametrize(
    "workspace",
    [
        {"package.json": '{"workspaces": ["apps/*"]}', "package-lock.json": ""},
        {"package.json": '{"workspaces": {"packages": ["./apps/web/"]}}', "yarn.lock": ""},
        {"package.json": "{}", "pnpm-workspace.yaml": "packages: [apps/*]\n", "pnpm-lock.yaml": ""},
    ],
)
def test_packages_of_a_workspace_are_installed_at_its_root(
    write: Write, workspace: Mapping[str, str]
) -> None:
    found = javascript(write, {**workspace, "apps/web/package.json": VITE}, "apps/web")
    assert found.root == ""
    assert found.lockfile


def test_packages_are_ready_once_they_lie_where_they_are_installed(write: Write) -> None:
    tree = write({"package.json": "{}", "frontend/package.json": VITE})
    (tree.root / "node_modules").mkdir()
    assert not javascript_toolchain(tree, "frontend").ready
    (tree.root / "frontend" / "node_modules").mkdir()
    assert javascript_toolchain(tree, "frontend").ready


def test_a_page_that_wants_no_packages_is_ready(write: Write) -> None:
    assert javascript(write, {"package.json": '{"scripts": {"dev": "node server.js"}}'}).ready


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[[[",
        "\x00",
        "[project]\nname = 1\nrequires-python = 3\n",
        "tool = 3\n",
        "tool.uv = 1\n",
    ],
)
def test_malformed_manifests_are_survived(write: Write, text: str) -> None:
    names = ("pyproject.toml", "Pipfile", "environment.yml", ".python-version", ".pdm-python")
    tree = write(dict.fromkeys((*names, "package.json", "pnpm-workspace.yaml"), text))
    env = {"VIRTUAL_ENV": "\0", "CONDA_PREFIX": "x", "CONDA_DEFAULT_ENV": "x", "HOME": "\0"}
    assert not python_toolchain(tree, "", env).ready
    assert javascript_toolchain(tree, "").manager == "npm"


def test_a_broken_pyproject_is_still_a_manifest(write: Write) -> None:
    assert python_toolchain(write({"pyproject.toml": "[project"}), "", NOBODY).manager == "pip"


def test_nothing_of_the_project_is_executed(write: Write) -> None:
    tree = write({"requirements.txt": ""})
    interpreter = Path(make_environment(tree.root / ".venv"))
    interpreter.unlink()
    interpreter.write_text(f"#!/bin/sh\ntouch '{tree.root}/executed'\n")
    interpreter.chmod(0o755)
    assert python_toolchain(tree, "", os.environ).ready
    assert not (tree.root / "executed").exists()
