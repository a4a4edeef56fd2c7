"""What `devtool run` does. Without the command line library, which costs more than planning a run."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from devtool.api_run import Attended
    from devtool.model.launch import LaunchPlan, Service

# Options as plain words: the key of what they set, and the value, or None where a value follows.
_FLAGS: dict[str, tuple[str, bool]] = {
    "--reload": ("reload", True),
    "--no-reload": ("reload", False),
    "--serial": ("serial", True),
    "--explain": ("explain", True),
    "--banner": ("banner", True),
    "--open": ("open", True),
    "--sync": ("sync", True),
    "--with-services": ("with_services", True),
    "--ui": ("ui", True),
    "--detach": ("detach", True),
    "-d": ("detach", True),
    "--quiet": ("quiet", True),
    "-q": ("quiet", True),
    "--dry-run": ("dry_run", True),
    "--json": ("as_json", True),
}
_VALUES = {
    "--port": "port",
    "-p": "port",
    "--host": "host",
    "--only": "only",
    "--except": "except",
    "--grace": "grace",
    "--env-file": "env_files",
    "--root": "root",
    "-C": "root",
}
_LISTS = {"only", "except", "env_files"}


class How(NamedTuple):
    """What is done with a plan.

    Args:
        detach: Leave the run in the background.
        ui: Show it on the terminal as it changes, where there is one.
        quiet: Say nothing but what is wrong.
        dry_run: Print the plan and start nothing.
        as_json: Print it, or the run that was left in the background, as one JSON object.
    """

    detach: bool = False
    ui: bool = False
    quiet: bool = False
    dry_run: bool = False
    as_json: bool = False


def run_plainly(arguments: Sequence[str]) -> int | None:
    """Do what a command line says, or None where it takes the command line library to read it.

    Args:
        arguments: `run` or `hot-reload`, and what follows.
    """
    found = plain_arguments(arguments[1:])
    if found is None or (arguments[0] == "hot-reload" and "reload" in found):
        return None
    if arguments[0] == "hot-reload":
        found["reload"] = True
    how = How(*(bool(found.pop(name, False)) for name in How._fields))
    root = Path(str(found.pop("root", ".")))
    extra = found.pop("extra", [])
    return launch(root, found, extra, how)  # type: ignore[arg-type]  # always a list


def plain_arguments(words: Sequence[str]) -> dict[str, object] | None:
    """The options of a run, or None where there is one that is not spelled plainly."""
    found: dict[str, object] = {}
    rest = iter(words)
    for word in rest:
        if word == "--":
            found["extra"] = list(rest)
            break
        name, equals, value = word.partition("=")
        if word in _FLAGS:
            key, found[key] = _FLAGS[word]
            continue
        if name not in _VALUES or (equals and not name.startswith("--")):
            return None
        value = value if equals else next(rest, "")
        if not value or (value.startswith("-") and not equals):
            return None
        key = _VALUES[name]
        if key in _LISTS:
            former = found.get(key)
            found[key] = [*(former if isinstance(former, list) else ()), value]
        else:
            found[key] = value
    return found


def launch(
    root: Path,
    chosen: dict[str, object],
    extra: list[str],
    how: How,
) -> int:
    """Plan a run; print it or do it; the exit code.

    Args:
        root: The project's folder.
        chosen: Settings as the command line spells them, by key; None where it names none.
        extra: The words after `--`.
        how: What is done with the plan.
    """
    from devtool.api import plan_project
    from devtool.errors import ConfigError

    if how.as_json and not (how.dry_run or how.detach):
        raise ConfigError(
            "--json prints one object, and a run prints what its services print",
            hint="add --dry-run or --detach, or ask a run with devtool status --json",
        )
    if how.detach and how.ui:
        raise ConfigError(
            "--ui shows a run that --detach would leave", hint="leave one of the two out"
        )
    _refuse_stray(extra)
    chosen = {key: _value(key, value) for key, value in chosen.items()}
    plan = plan_project(root, cli=chosen, extra=extra)
    if how.dry_run:
        _print_plan(plan, as_json=how.as_json)
        return 0
    return _start(root, chosen, extra, plan, how)


def _start(
    root: Path,
    chosen: dict[str, object],
    extra: list[str],
    plan: LaunchPlan,
    how: How,
) -> int:
    from devtool.api import detect_project, load_settings, plan_project
    from devtool.api_run import detach_plan, plan_without_absent, run_plan, sync_plan

    def tell(line: str) -> None:
        if not (how.quiet or how.as_json):
            print(line, flush=True)

    _exit_on_signals()
    settings = load_settings(root, cli=chosen)
    plan = plan_without_absent(plan)
    if settings.flag("sync"):
        from devtool.cli.progress import steps

        with steps(tell) as step:
            sync_plan(plan, detect_project(root, settings), step)
        plan = plan_without_absent(plan_project(root, cli=chosen, extra=extra))
    with_services = settings.flag("with_services")
    plan = _with_databases(plan, with_services=with_services)
    _introduce(plan, tell)

    def replan() -> LaunchPlan:
        other = plan_without_absent(plan_project(root, cli=chosen, extra=extra))
        other = _with_databases(other, with_services=with_services)
        _introduce(other, tell)
        return other

    open_page = settings.flag("open")
    if how.ui and _can_show(plan):
        return _show(plan, open_page=open_page, replan=replan)
    if not how.detach:
        return run_plan(plan, split=True, quiet=how.quiet, open_page=open_page, replan=replan)

    def announce(what: str) -> None:
        tell(f"{what} is ready")

    pid = detach_plan(plan, on_ready=announce, open_page=open_page, replan=replan)
    tell(f"running in the background (devtool pid {pid}); devtool stop ends it")
    if how.as_json:
        _print_run(root, pid)
    return 0


def _print_run(root: Path, pid: int) -> None:
    from devtool.api_control import project_status
    from devtool.cli.text import SCHEMA, to_json

    found = [run for run in project_status(root).runs if run.supervisor_pid == pid]
    processes = [process for run in found for process in run.processes]
    print(to_json({"schema": SCHEMA, "supervisor_pid": pid, "processes": processes}))


def _can_show(plan: LaunchPlan) -> bool:
    """Whether the live view can be drawn; a sentence says why not."""
    import sys

    from devtool.api_run import why_no_state
    from devtool.ui.terminal import is_possible

    if any(service.tty for service in plan.services):
        reason = "a console program has the terminal to itself"
    elif not is_possible():
        reason = "there is no terminal to draw on"
    else:
        reason = why_no_state(plan.root)
    if reason:
        print(f"note: {reason}, so lines come as they are", file=sys.stderr, flush=True)
    return not reason


def _show(plan: LaunchPlan, *, open_page: bool, replan: Callable[[], LaunchPlan]) -> int:
    from devtool.api_run import attend_plan
    from devtool.cli.text import printable
    from devtool.ui.live import show

    def start() -> Attended:
        return attend_plan(plan, open_page=open_page, replan=replan)

    root = Path(plan.root)
    title = f"{root.name}, {plan.description}" if plan.description else root.name
    outcome = show(start, root, printable(title))
    for line in outcome.lines:
        print(line)
    return outcome.exit_code


def _with_databases(plan: LaunchPlan, *, with_services: bool) -> LaunchPlan:
    """The plan with the databases it lacks, or a sentence for each of them."""
    import sys

    if not _mentions_database(plan):
        return plan
    from devtool.api_run import missing_backings, plan_with_backings
    from devtool.cli.text import note_lines

    if with_services:
        return plan_with_backings(plan)
    for line in note_lines(missing_backings(plan)):
        print(line, file=sys.stderr, flush=True)
    return plan


def _mentions_database(plan: LaunchPlan) -> bool:
    """Whether a look at the variables is worth what it loads."""
    import os

    values = [*os.environ.values(), *(v for service in plan.services for _, v in service.env)]
    if any("postgres" in value or "redis" in value for value in values):
        return True
    for file in {file for service in plan.services for file in service.env_files}:
        try:
            text = Path(file).read_bytes()[: 1 << 20]
        except OSError:
            continue  # the run itself says what is wrong with it
        if b"postgres" in text or b"redis" in text:
            return True
    return False


def _introduce(plan: LaunchPlan, tell: Callable[[str], None]) -> None:
    """Say what will run, unless a console program has the terminal and its output to itself."""
    if not any(service.tty for service in plan.services):
        for line in _introduction(plan):
            tell(line)


def _introduction(plan: LaunchPlan) -> Iterator[str]:
    """What will run and why, a line for each service, and what was decided on the way."""
    from devtool.cli.text import printable

    names, frameworks = _width(plan, "name"), _width(plan, "framework")
    for service in plan.services:
        framework = f"{service.framework:<{frameworks}}  " if frameworks else ""
        because = f"   because {service.why[0]}" if service.why else ""
        yield printable(f"{service.name:<{names}}  {framework}{_target(service)}{because}")
    for note in plan.notes:
        if note.kind in {"port", "option"}:
            yield f"note: {printable(note.text)}"


def _width(plan: LaunchPlan, field: str) -> int:
    return max(len(getattr(service, field)) for service in plan.services)


def _target(service: Service) -> str:
    return service.entry or " ".join(service.argv)


def _print_plan(plan: LaunchPlan, *, as_json: bool) -> None:
    from devtool.cli.text import SCHEMA, note_lines, printable, to_json

    if as_json:
        print(to_json({"schema": SCHEMA, **_object(plan)}))
        return
    print(f"phase {plan.phase}: {printable(plan.description)}")
    for service in plan.services:
        for line in _details(service):
            print(printable(line))
    for line in note_lines(plan.notes):
        print(line)
    if plan.pin:
        print("to pin this, put into devtool.toml:")
        for line in plan.pin.splitlines():
            print(printable(f"  {line}".rstrip()))


def _details(service: Service) -> Iterator[str]:
    """One service of a plan, with the names of its variables and never their values."""
    import shlex

    about = f" ({service.framework})" if service.framework else ""
    yield f"{service.name}{about}"
    yield f"  command  {shlex.join(service.argv)}"
    yield f"  folder   {service.cwd}"
    if service.url:
        yield f"  url      {service.url}"
    if service.env:
        yield f"  env      {', '.join(name for name, _ in service.env)}"
    for file in service.env_files:
        yield f"  env file {file}"
    if service.needs:
        yield f"  needs    {', '.join(service.needs)}"
    for why in service.why:
        yield f"  because  {why}"
    if service.runnable:
        yield f"  not yet  {service.runnable}: {service.fix}"


def _object(plan: LaunchPlan) -> dict[str, object]:
    """The plan for scripts: as it is, but with the names of variables instead of their values."""
    services = [
        {**service._asdict(), "env": [name for name, _ in service.env]} for service in plan.services
    ]
    return {**plan._asdict(), "services": services}


def _exit_on_signals() -> None:
    """Until a run takes signals over, they end devtool with the code a run would end with."""
    import signal
    import sys
    import threading

    if threading.current_thread() is not threading.main_thread():
        return
    for name in ("SIGTERM", "SIGHUP"):
        signum = getattr(signal, name, None)
        if signum is not None and signal.getsignal(signum) == signal.SIG_DFL:
            signal.signal(signum, lambda received, _: sys.exit(128 + received))


def _refuse_stray(extra: list[str]) -> None:
    """Words for a service stand after `--`: a mistyped option or folder is none of them."""
    import sys

    from devtool.errors import ConfigError

    if extra and "--" not in sys.argv:
        raise ConfigError(
            f"{extra[0]!r} is no option of devtool",
            hint="words for the service stand after --, and a folder after -C",
        )


def _value(key: str, value: object) -> object:
    """What a word of the command line stands for; what it cannot be is for the settings to refuse."""
    if key in {"only", "except"} and isinstance(value, list):
        return [name.strip() for word in value for name in word.split(",") if name.strip()] or None
    if key == "grace" and isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return value
    return value or None if isinstance(value, list) else value
