"""The calls that look at what runs, wait for it, stop it, and read what it said."""

from __future__ import annotations

from pathlib import Path

from devtool.api import project_root

TYPE_CHECKING = False
if TYPE_CHECKING:
    from devtool.model.state import ProcessState, Report, RunState, Stopped
    from devtool.runner.assistants import Assistant as Assistant  # noqa: PLC0414 (for cli)
    from devtool.runner.logs import Line as Line  # noqa: PLC0414 (for cli, as those below)
    from devtool.runner.logs import LogFolder as LogFolder  # noqa: PLC0414
    from devtool.runner.logs import Reader as Reader  # noqa: PLC0414


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


def stop_project(root: str | Path = ".", *, timeout: float = 30.0) -> list[Stopped]:
    """Stop every run of a project; empty if nothing was running.

    Args:
        root: The project's folder.
        timeout: How long to wait for each, in seconds.
    """
    from devtool.runner import stop

    return stop(project_root(root), timeout=timeout)


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
