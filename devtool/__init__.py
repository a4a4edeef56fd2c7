"""Detect, run, hot-reload, scaffold and evolve Python backends and full-stack projects.

Every public name is loaded on first use (PEP 562), so that `import devtool` costs next to nothing.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from devtool.api_classes import ContextAwareServerRunner, ProjectPhaseDetector
    from devtool.detection import detect
    from devtool.errors import (
        AmbiguousError,
        ConfigError,
        ConflictError,
        DevtoolError,
        ServiceError,
        ToolchainError,
        UndetectedError,
    )
    from devtool.launch import plan
    from devtool.model.detection import Component, Detection, Evidence, Phase, Role, Strength
    from devtool.model.launch import LaunchPlan, Service
    from devtool.runner.reload import Reloader
    from devtool.runner.reload_cold import ColdReloader, Command
    from devtool.runner.reload_warm import Application, WarmReloader
    from devtool.scaffold.builder import new_project, preview_project
    from devtool.scaffold.changes import Change, diff_changes
    from devtool.scaffold.scaffolds import BackendScaffold, FastAPIBuilder
    from devtool.scaffold.spec import ProjectSpec

__version__ = "0.1.0"

_HOMES = {
    "AmbiguousError": "devtool.errors",
    "Application": "devtool.runner.reload_warm",
    "BackendScaffold": "devtool.scaffold.scaffolds",
    "Change": "devtool.scaffold.changes",
    "ColdReloader": "devtool.runner.reload_cold",
    "Command": "devtool.runner.reload_cold",
    "Component": "devtool.model.detection",
    "ConfigError": "devtool.errors",
    "ConflictError": "devtool.errors",
    "ContextAwareServerRunner": "devtool.api_classes",
    "Detection": "devtool.model.detection",
    "DevtoolError": "devtool.errors",
    "Evidence": "devtool.model.detection",
    "FastAPIBuilder": "devtool.scaffold.scaffolds",
    "LaunchPlan": "devtool.model.launch",
    "Phase": "devtool.model.detection",
    "ProjectPhaseDetector": "devtool.api_classes",
    "ProjectSpec": "devtool.scaffold.spec",
    "Reloader": "devtool.runner.reload",
    "Role": "devtool.model.detection",
    "Service": "devtool.model.launch",
    "ServiceError": "devtool.errors",
    "Strength": "devtool.model.detection",
    "ToolchainError": "devtool.errors",
    "UndetectedError": "devtool.errors",
    "WarmReloader": "devtool.runner.reload_warm",
    "detect": "devtool.detection",
    "diff_changes": "devtool.scaffold.changes",
    "new_project": "devtool.scaffold.builder",
    "plan": "devtool.launch",
    "preview_project": "devtool.scaffold.builder",
}

__all__ = [
    "AmbiguousError",
    "Application",
    "BackendScaffold",
    "Change",
    "ColdReloader",
    "Command",
    "Component",
    "ConfigError",
    "ConflictError",
    "ContextAwareServerRunner",
    "Detection",
    "DevtoolError",
    "Evidence",
    "FastAPIBuilder",
    "LaunchPlan",
    "Phase",
    "ProjectPhaseDetector",
    "ProjectSpec",
    "Reloader",
    "Role",
    "Service",
    "ServiceError",
    "Strength",
    "ToolchainError",
    "UndetectedError",
    "WarmReloader",
    "__version__",
    "detect",
    "diff_changes",
    "new_project",
    "plan",
    "preview_project",
]


def __getattr__(name: str) -> object:
    """Load a public name from its home module on first use."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value: object = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
