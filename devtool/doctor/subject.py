"""What the checks look at: a project's files, its settings, and what a run would start."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from devtool.config.settings import Settings
from devtool.detection.toolchain import javascript_toolchain, python_toolchain
from devtool.detection.tree import SourceTree
from devtool.errors import DevtoolError
from devtool.model.detection import Detection, Role, Toolchain
from devtool.model.launch import LaunchPlan, Service
from devtool.runner.environment import environment
from devtool.runner.install import clean_environment

FIX = "devtool doctor --fix"


class Subject:
    """A project under examination.

    Args:
        root: Its folder.
        env: The environment variables.
        detection: What it is.
        plan: What a run would start, or None where there is nothing.
        problems: Why there are no settings or no plan.
        settings: Its settings, or None where they are wrong.
    """

    def __init__(
        self,
        root: Path,
        env: Mapping[str, str],
        *,
        detection: Detection,
        plan: LaunchPlan | None = None,
        problems: tuple[DevtoolError, ...] = (),
        settings: Settings | None = None,
    ) -> None:
        self.root = root
        self.env = env
        self.detection = detection
        self.plan = plan
        self.problems = problems
        self.settings = settings

    @cached_property
    def tree(self) -> SourceTree:
        """The project's files."""
        return SourceTree(self.root)

    @cached_property
    def clean_env(self) -> dict[str, str]:
        """The variables for programs of the machine: no relative folder stands on its PATH."""
        return clean_environment(self.env)

    @property
    def services(self) -> tuple[Service, ...]:
        """What a run would start."""
        return self.plan.services if self.plan else ()

    @cached_property
    def python_toolchains(self) -> tuple[Toolchain, ...]:
        """What runs the Python parts, each once; what lies at the root where nothing is started."""
        found = [
            each.toolchain
            for each in self.detection.components
            if each.toolchain is not None and each.role is not Role.FRONTEND
        ]
        if not found and not self.detection.components:
            found = [python_toolchain(self.tree, "", self.env)]
        return _each_once(found)

    @cached_property
    def javascript_toolchains(self) -> tuple[Toolchain, ...]:
        """What runs the frontends, each once."""
        found = [
            each.toolchain
            for each in self.detection.components
            if each.toolchain is not None and each.role is Role.FRONTEND
        ]
        if not found and not self.detection.components and self.tree.has("package.json"):
            found = [javascript_toolchain(self.tree, "")]
        return _each_once(found)

    @cached_property
    def code_folders(self) -> tuple[str, ...]:
        """The folders that the Python parts are started from; the root where nothing is started."""
        found = [each.root for each in self.detection.components if each.role is not Role.FRONTEND]
        return tuple(dict.fromkeys(found)) or ("",)

    def variables(self, service: Service) -> dict[str, str]:
        """The environment that a service would start with."""
        return environment(service, self.env, piped=False, colour=False)

    def shown(self, path: str | Path) -> str:
        """A path as people type it from the root."""
        relative = os.path.relpath(path, self.root)
        return str(path) if relative.startswith("..") else Path(relative).as_posix()


def _each_once(found: list[Toolchain]) -> tuple[Toolchain, ...]:
    named = {(each.root, each.manager): each for each in found if each.manager != "none"}
    return tuple(named.values())


def quoted(*words: str) -> str:
    """A command as it is typed."""
    return shlex.join(words)


def inside(folder: str, name: str) -> str:
    """A path below a folder of the project."""
    return f"{folder}/{name}" if folder else name


def few(names: list[str] | tuple[str, ...], most: int = 6) -> str:
    """Names in a sentence: all of them, or the first ones and how many more there are."""
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
