"""The public classes of the seed document, and the calls that the command line is made of.

Everything here is a call or two into the core. Nothing calls `sys.exit`; errors are those of
`devtool.errors`.
"""

from __future__ import annotations

import os
from pathlib import Path

from devtool.errors import ConfigError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from devtool.client.keeper import ClientKeeper
    from devtool.config import Settings
    from devtool.model.detection import Detection, Note
    from devtool.model.doctor import Diagnosis
    from devtool.model.launch import LaunchPlan, Service
    from devtool.model.state import ProcessState, Report, RunState, Stopped
    from devtool.runner.assistants import Assistant as Assistant  # noqa: PLC0414
    from devtool.runner.attended import Attended as Attended  # noqa: PLC0414 (for ui, as those below)
    from devtool.runner.logs import Line as Line  # noqa: PLC0414 (for cli, which may not import runner)
    from devtool.runner.logs import LogFolder as LogFolder  # noqa: PLC0414
    from devtool.runner.logs import Reader as Reader  # noqa: PLC0414

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


def project_root(root: str | Path = ".") -> Path:
    """The absolute path of a project's folder.

    Raises:
        ConfigError: When the current folder is gone, so that a relative path leads nowhere.
    """
    try:
        return Path(root).expanduser().absolute()
    except (OSError, RuntimeError) as error:
        raise ConfigError(f"{root} leads nowhere: the current folder is gone") from error


def load_settings(root: str | Path = ".", *, cli: Mapping[str, object] | None = None) -> Settings:
    """The settings of a project, each with its source."""
    from devtool.config import load

    return load(project_root(root), cli=cli)


def detect_project(root: str | Path = ".", settings: Settings | None = None) -> Detection:
    """What a project is, with the frameworks and the targets that its settings name.

    Args:
        root: The project's folder.
        settings: Its settings; read from its files when None.
    """
    from devtool.config.files import has_settings
    from devtool.detection import detect

    where = project_root(root)
    if settings is None:
        settings = load_settings(where) if has_settings(where) else None
    if settings is None or not (settings.services or settings.frameworks):
        return detect(where)
    from devtool.detection.declaration import Pin
    from devtool.detection.frameworks import from_table

    pins = [
        Pin(own.entry, own.cwd or "", own.where.partition(":")[0], name=own.name)
        for own in settings.services.values()
        if own.entry and not own.command
    ]
    frameworks = [from_table(table, path) for table, path in settings.frameworks]
    return detect(where, frameworks=frameworks, pins=pins)


def plan_project(
    root: str | Path = ".",
    *,
    cli: Mapping[str, object] | None = None,
    extra: Sequence[str] = (),
) -> LaunchPlan:
    """Everything that a run of a project would start; nothing is started.

    Args:
        root: The project's folder.
        cli: Settings that win over files and environment, by key.
        extra: Further words for the main service.

    Raises:
        UndetectedError: When there is nothing to start.
        AmbiguousError: When several targets are equally good.
        ConfigError: When a setting or a declared target is wrong.
    """
    from devtool.launch import plan

    where = project_root(root)
    settings = load_settings(where, cli=cli)
    return plan(
        detect_project(where, settings), settings, extra=tuple(extra), port_free=_is_port_free
    )


def _is_port_free(host: str, port: int) -> bool:
    from devtool.runner.ports import is_free

    return is_free(host, port)


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


# Several runs that look for a free port at once take each other's, one after another.
PLANS_TRIED = 8

STOPPED = (0, 128 + 1, 128 + 2, 128 + 15)


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


def run_plan(
    plan: LaunchPlan,
    *,
    split: bool = False,
    quiet: bool = False,
    open_page: bool = False,
    replan: Callable[[], LaunchPlan] | None = None,
    onlooker: int | None = None,
    on_ready: Callable[[Service], None] = lambda _: None,
) -> int:
    """Start a plan and keep its services until they end; the exit code to end with.

    Args:
        plan: What to start.
        split: Let a second process end everything if this one is killed; only for a program that
            does nothing else.
        quiet: Say nothing of the run but what is wrong.
        open_page: Open the URL of what people look at, once it answers.
        replan: Asked for another plan when a port was taken since the plan was made; one with the
            same ports is not tried.
        onlooker: A descriptor whose end ends the run.
        on_ready: Called with each service that answers.

    Raises:
        ConfigError: When a port is taken or a host is not of this machine; nothing was started.
        ToolchainError: When a service cannot be started yet; nothing was started.
    """
    from devtool.runner import run
    from devtool.runner.browser import open_page as show
    from devtool.runner.guard import split as split_process
    from devtool.runner.ports import PortTakenError

    def greet(service: Service) -> None:
        on_ready(service)
        if open_page and service.name == _page(plan):
            show(service.url)

    def start(plan: LaunchPlan) -> int:
        return run(
            plan,
            guard=guard,
            quiet=quiet,
            onlooker=onlooker,
            on_ready=greet,
            on_reload=_client_keeping(plan),
        )

    guard = split_process if split else _without_guard
    for _ in range(PLANS_TRIED):
        try:
            return start(plan)
        except PortTakenError:
            other = replan() if replan is not None else plan
            if [service.port for service in other.services] == [s.port for s in plan.services]:
                raise
            plan = other
    return start(plan)


def _client_keeping(plan: LaunchPlan) -> Callable[[Service, Callable[[str], None]], None]:
    """What happens after each reload of the backend: the frontend's typed client stays true."""
    found: list[ClientKeeper | None] = []

    def keep(service: Service, tell: Callable[[str], None]) -> None:
        if not plan.client or service.role != "backend":
            return
        if not found:
            from devtool.client.keeper import keeper_of

            found.append(keeper_of(plan, os.environ))
        if found[0] is not None:
            found[0].reloaded(tell)

    return keep


def detach_plan(
    plan: LaunchPlan,
    *,
    on_ready: Callable[[str], None] = lambda _: None,
    open_page: bool = False,
    replan: Callable[[], LaunchPlan] | None = None,
) -> int:
    """Start a plan in the background, and wait until every service with a probe answers.

    Args:
        plan: What to start.
        on_ready: Called with the URL or the name of each service that answers.
        open_page: As for `run_plan`.
        replan: As for `run_plan`.

    Returns:
        The pid of the process that keeps watch over the run.

    Raises:
        DevtoolError: When nobody could see or end the run, because its state cannot be written.
        ServiceError: When the run ended before everything answered.
    """
    from devtool.errors import DevtoolError
    from devtool.runner.background import detach

    if reason := why_no_state(plan.root):
        raise DevtoolError(
            f"a run cannot be left in the background: {reason}",
            hint="run it in the foreground, or name another folder in DEVTOOL_STATE_DIR",
        )

    def start(tell: Callable[[Service], None]) -> int:
        return run_plan(plan, split=True, open_page=open_page, replan=replan, on_ready=tell)

    return detach(plan, start, on_ready=on_ready)


def attend_plan(
    plan: LaunchPlan,
    *,
    open_page: bool = False,
    replan: Callable[[], LaunchPlan] | None = None,
) -> Attended:
    """Start a plan in a process of its own that ends with this one; this one may show it.

    Args:
        plan: What to start.
        open_page: As for `run_plan`.
        replan: As for `run_plan`.
    """
    from devtool.runner.attended import Attended

    def start(tell: Callable[[Service], None], onlooker: int) -> int:
        return run_plan(
            plan,
            split=True,
            open_page=open_page,
            replan=replan,
            onlooker=onlooker,
            on_ready=tell,
        )

    return Attended(start)


def why_no_state(root: str | Path) -> str:
    """What keeps a run of a project from writing down its state and its logs, or nothing."""
    from devtool.errors import DevtoolError
    from devtool.runner.state import Slot

    try:
        slot = Slot.take(project_root(root))
    except OSError as error:
        return f"the state folder cannot be written: {error}"
    except DevtoolError as error:
        return error.message
    try:
        slot.check()
    except OSError as error:
        return f"the state folder cannot be written: {error}"
    finally:
        slot.release()
    return ""


def _without_guard() -> None:
    """A library keeps to its own process."""


def _page(plan: LaunchPlan) -> str:
    """The service that people look at: the frontend where there is one."""
    pages = [service for service in plan.services if service.url]
    frontends = [service for service in pages if service.role == "frontend"]
    return next((service.name for service in frontends or pages), "")


def project_status(root: str | Path = ".") -> Report:
    """What runs for a project, how the last run ended, and which state files are of no use."""
    from devtool.runner import report

    return report(project_root(root))


def assistant_of(root: str | Path, process: ProcessState) -> Assistant | None:
    """The assistant of a backend that answers: its model and its tools; None where it has none."""
    from devtool.runner.assistants import assistant_at

    is_backend = process.role == "backend" and process.status == "ready"
    return assistant_at(root, process.url) if is_backend else None


def all_status() -> Report:
    """What runs for any project of this user."""
    from devtool.runner.running import report_all

    return report_all()


def wait_for_project(root: str | Path = ".", *, timeout: float = 60.0) -> list[RunState]:
    """The runs of a project, once everything answers; a run may yet have to begin.

    Raises:
        ServiceError: When something failed, or does not answer within the timeout.
    """
    from devtool.runner.running import wait_until_ready

    return wait_until_ready(project_root(root), timeout=timeout)


def stop_one(root: str | Path, name: str, *, timeout: float = 30.0) -> ProcessState:
    """Stop one service of a project, and leave the others.

    Raises:
        DevtoolError: When it is not running, or does not end within the timeout.
    """
    from devtool.runner.running import stop_service

    return stop_service(project_root(root), name, timeout=timeout)


def restart_one(root: str | Path, name: str, *, timeout: float = 60.0) -> ProcessState:
    """Start one service of a project anew, and wait until it answers.

    Raises:
        DevtoolError: When it is not running, or does not answer within the timeout.
        ServiceError: When it ended instead.
    """
    from devtool.runner.running import restart_service

    return restart_service(project_root(root), name, timeout=timeout)


def ask_run(root: str | Path, pid: int, name: str, deed: str) -> None:
    """Ask one run to stop or restart one of its services; what comes of it is in its state.

    Args:
        root: The project's folder.
        pid: The supervisor of the run.
        name: The service.
        deed: `stop` or `restart`.

    Raises:
        DevtoolError: When that run is over, or refuses.
    """
    from devtool.runner.running import ask_of_run

    ask_of_run(project_root(root), pid, name, deed)


def show_page(url: str) -> None:
    """Ask the desktop to open a page."""
    from devtool.runner.browser import open_page

    open_page(url)


def log_reader(folder: Path, name: str) -> Reader:
    """What reads the log of one service, and goes on as more comes."""
    from devtool.runner.logs import Reader

    return Reader(folder, name)


def project_logs(root: str | Path = ".") -> list[LogFolder]:
    """The logs of a project, those of living runs first."""
    from devtool.runner.logs import folders

    return folders(project_root(root))


def stop_project(root: str | Path = ".", *, timeout: float = 30.0) -> list[Stopped]:
    """Stop every run of a project; empty if nothing was running.

    Args:
        root: The project's folder.
        timeout: How long to wait for each, in seconds.
    """
    from devtool.runner import stop

    return stop(project_root(root), timeout=timeout)


def missing_backings(plan: LaunchPlan) -> tuple[Note, ...]:
    """A sentence for each database that services ask for on this machine and that is not there."""
    from devtool.runner.backing import notes, unanswered

    return tuple(notes(unanswered(plan)))


def plan_with_backings(plan: LaunchPlan) -> LaunchPlan:
    """The plan with the databases in front that services ask for and that do not answer.

    Raises:
        ToolchainError: When a server's program is not installed.
    """
    from devtool.runner.backing import unanswered
    from devtool.runner.servers import with_backings

    return with_backings(plan, unanswered(plan))


def plan_without_absent(plan: LaunchPlan) -> LaunchPlan:
    """The plan without the frontends whose tools (Node.js) are not on this machine, with a note."""
    from devtool.model.detection import Role

    if not any(service.role is Role.FRONTEND for service in plan.services):
        return plan
    from devtool.runner.absent import without_absent

    return without_absent(plan)


def sync_plan(plan: LaunchPlan, detection: Detection, emit: Callable[[str], None]) -> None:
    """Bring up the environments of every component that a plan starts.

    Raises:
        ToolchainError: When an interpreter or a package manager is missing, or an installer fails.
    """
    from devtool.runner.sync import sync

    names = {(service.role, service.entry) for service in plan.services}
    toolchains = [
        component.toolchain
        for component in detection.components
        if component.toolchain is not None and (component.role, component.entry) in names
    ]
    sync(list(dict.fromkeys(toolchains)), Path(plan.root), emit=emit)


def diagnose_project(
    root: str | Path = ".",
    *,
    repair: bool = False,
    emit: Callable[[str], None] = lambda _: None,
) -> Diagnosis:
    """What keeps a project from running, and the commands that change it.

    Args:
        root: The project's folder.
        repair: Copy `.env` files from their examples and install packages first.
        emit: Called with one line before each step of that.

    Raises:
        ConfigError: When there is no such folder.
    """
    from devtool.doctor import diagnose

    return diagnose(
        project_root(root), load=load_settings, detect=detect_project, repair=repair, emit=emit
    )
