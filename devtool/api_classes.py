"""The classes of the seed document, as it names them."""

from __future__ import annotations

from pathlib import Path

from devtool.api import detect_project, plan_project, project_root
from devtool.api_run import STOPPED
from devtool.errors import ConfigError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from devtool.model.detection import Detection
    from devtool.model.launch import Service

_ABOUT_FOLDERS = {
    "src": "Source code directory",
    "backend": "Backend application",
    "frontend": "Frontend application",
    "alembic": "Database migrations",
    "migrations": "Database migrations",
    "tests": "Test suite",
    "docs": "Documentation",
    "requirements.txt": "Python dependencies",
    "pyproject.toml": "Project metadata and Python dependencies",
    "package.json": "JavaScript dependencies",
    "README.md": "Project documentation",
    "docker-compose.yml": "Services of the deployment",
    "compose.yaml": "Services of the deployment",
    "Dockerfile": "Container image",
}


class ProjectPhaseDetector:
    """Detects the phase and the structure of a project from its files.

    Args:
        project_root: The project's folder.
    """

    def __init__(self, project_root: str | Path = ".") -> None:
        self.project_root = Path(project_root)

    def detect(self) -> Detection:
        """Everything that was found, with its evidence."""
        return detect_project(self.project_root)

    def detect_phase(self) -> tuple[int, str]:
        """The phase as a number from 1 to 5, and its description.

        A folder where nothing is recognised gives `(1, "Console Application (Phase I - Default)")`.

        Raises:
            ConfigError: When the folder does not exist or cannot be read.
        """
        found = self.detect()
        return int(found.phase), found.description

    def get_server_command(self) -> tuple[str, str]:
        """The command that starts the main service from the project's root, and what it does.

        Returns:
            One shell-quoted command line, and a sentence.

        Raises:
            UndetectedError: When there is nothing to start.
            AmbiguousError: When several targets are equally good.
            ConfigError: When a declared target is not there.
        """
        from devtool.launch import main_service, shell_command

        plan = plan_project(self.project_root)
        service = main_service(plan)
        return shell_command(service, project_root(self.project_root)), _about(plan.phase, service)

    def get_project_structure(self) -> dict[str, object]:
        """The phase, its description, the entry point and the folders and files that are there.

        Returns:
            A dictionary with `phase`, `description`, `entry_point` (relative to the root; empty
            when nothing starts) and `structure` (name -> what it is).
        """
        found = self.detect()
        main = found.components[0] if found.components else None
        names = sorted(entry.name for entry in project_root(self.project_root).iterdir())
        structure = {name: _ABOUT_FOLDERS[name] for name in names if name in _ABOUT_FOLDERS}
        for component in found.components:
            top = component.root.partition("/")[0]
            if top:
                structure[top] = f"{component.framework} {component.role}"
        return {
            "phase": int(found.phase),
            "description": found.description,
            "entry_point": _entry_point(found) if main is not None else "",
            "structure": structure,
        }


def _about(phase: int, service: Service) -> str:
    from devtool.model.detection import Phase, Role

    if service.role is Role.CONSOLE:
        return "Running console application"
    if phase >= Phase.AI:
        return "Starting AI-powered application server"
    names = {"fastapi": "FastAPI", "flask": "Flask", "django": "Django", "aiohttp": "aiohttp"}
    name = names.get(service.framework, service.framework.capitalize())
    return f"Starting {name} development server"


def _entry_point(found: Detection) -> str:
    """The file behind the main component, relative to the root."""
    component = found.components[0]
    for fact in component.evidence:
        if fact.source == "code" and fact.path.endswith(".py"):
            return fact.path
    entry = component.entry.partition(":")[0]
    path = entry if entry.endswith(".py") else f"{entry.replace('.', '/')}.py"
    return f"{component.root}/{path}" if component.root else path


class ContextAwareServerRunner:
    """Runs what a project is made for, whichever phase it is in.

    Args:
        project_root: The project's folder.
    """

    def __init__(self, project_root: str | Path = ".") -> None:
        self.detector = ProjectPhaseDetector(project_root)
        self.project_root = Path(project_root)

    def run_server(self, args: list[str] | None = None) -> None:
        """Run the project's services in the foreground until they end or are stopped.

        Args:
            args: `--port N`, `-p N` and `--host NAME`, as on the command line; whatever else stands
                there is passed on to the main service.

        Raises:
            ServiceError: When a service failed; `exit_code` is its own.
            ConfigError: When an argument or a setting is wrong.
            UndetectedError: When there is nothing to start.
            AmbiguousError: When several targets are equally good.
            ToolchainError: When an environment or a package manager is missing.
        """
        from devtool.errors import ServiceError
        from devtool.runner import run

        cli, extra = split_arguments(args or [])
        code = run(plan_project(self.project_root, cli=cli, extra=extra))
        if code not in STOPPED:
            raise ServiceError(f"{self.project_root}: ended with exit code {code}", exit_code=code)


def split_arguments(args: Sequence[str]) -> tuple[dict[str, object], tuple[str, ...]]:
    """Port and host out of a command line, and the words that are left."""
    cli: dict[str, object] = {}
    extra: list[str] = []
    words = iter(args)
    for word in words:
        name, equals, value = word.partition("=")
        key = {"--port": "port", "-p": "port", "--host": "host"}.get(name)
        if key is None:
            extra.append(word)
            continue
        value = value if equals else next(words, "")
        if not value:
            raise ConfigError(f"{name} needs a value", hint=f"for example {name} 8080")
        cli[key] = value
    return cli, tuple(extra)
