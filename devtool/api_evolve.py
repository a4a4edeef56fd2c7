"""The calls behind the commands that change a project that is there."""

from __future__ import annotations

from pathlib import Path

from devtool.api import detect_project, project_root
from devtool.errors import ConfigError, DevtoolError
from devtool.model.wishes import Wishes

EXPLAIN = (
    'name it in devtool.toml: [services.backend] entry = "module:app"; see devtool phase --explain'
)
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from devtool.model.detection import Detection
    from devtool.scaffold.changes import Change as Change  # noqa: PLC0414 (for cli)
    from devtool.scaffold.checklist import Checklist as Checklist  # noqa: PLC0414 (for cli)
    from devtool.scaffold.checks import Check
    from devtool.scaffold.growth import Growth as Growth  # noqa: PLC0414 (for cli)
    from devtool.scaffold.journal import Journal
    from devtool.scaffold.update import Update


def plan_evolution(root: str | Path = ".", wishes: Wishes | None = None) -> Growth:
    """What has to happen for a project to be one of a later phase; nothing is written.

    A console program is read for what it keeps; a project that devtool wrote gets the features of
    the phases between; a FastAPI project of somebody else's gets assistants.

    Args:
        root: The project's folder.
        wishes: What is wanted; the next phase and nothing else when None.

    Raises:
        ConfigError: If the phase is none or has passed, a name is unknown, or a place is taken.
        UndetectedError: If a console program keeps nothing that could become a resource.
        ConflictError: If files of an earlier change are still to be merged by the user.
    """
    from devtool.scaffold import foreign, growth, manifest
    from devtool.scaffold.update import refuse_pending

    where = _folder(root)
    wanted = wishes or Wishes()
    record = manifest.read(where)
    if record is not None:
        refuse_pending(where, record)
    if record is not None and record.spec and not foreign.is_foreign(record):
        now = growth.spec_of(record).phase or 1
        if now > 1:
            return growth.plan_growth(
                where,
                now + 1 if wanted.to is None else wanted.to,
                extra=wanted.extra,
                without=wanted.without,
                restore=wanted.restore,
            )
        return _plan_console(where, wanted)
    found = detect_project(where)
    if foreign.is_foreign(record) or found.phase > 1:
        return _plan_foreign(where, found, wanted.to)
    return _plan_console(where, wanted)


def _folder(root: str | Path) -> Path:
    """The absolute path of a project's folder, which is there."""
    where = project_root(root)
    if not where.is_dir():
        problem = "is not a folder" if where.exists() else "does not exist"
        raise ConfigError(f"{where} {problem}", hint="name a folder with -C")
    return where


def _plan_console(where: Path, wanted: Wishes) -> Growth:
    from devtool.scaffold.console import plan_console

    return plan_console(where, wanted)


def _plan_foreign(where: Path, found: Detection, to: int | None) -> Growth:
    from devtool.scaffold import foreign, manifest

    backends = [item for item in found.components if item.role == "backend" and not item.optional]
    if not backends:
        why = f" ({found.refusal_reason})" if found.refusal_reason else ""
        one = found.projects[0].path if found.projects else ""
        raise ConfigError(
            f"{where}: there is no backend here that could grow{why}",
            hint=f"name one project, such as -C {one}" if one else found.refusal_hint or EXPLAIN,
            notes=found.near_misses,
        )
    record = manifest.read(where)
    phase = foreign.next_phase(record) if to is None else to
    return foreign.plan_foreign(where, backends[0], phase)


def plan_upgrade(root: str | Path = ".", *, restore: Iterable[str] = ()) -> Growth:
    """What has to happen for a project to be as this devtool would write it; nothing is written.

    Args:
        root: The project's folder.
        restore: Files that the user removed and that are to come back.

    Raises:
        ConfigError: If devtool did not write the project, or a place is taken.
    """
    from devtool.scaffold import foreign, manifest, upgrade

    where = _folder(root)
    record = manifest.read(where)
    if record is not None and foreign.is_foreign(record):
        return _plan_foreign(where, detect_project(where), int(record.spec["phase"]))
    return upgrade.plan_upgrade(where, restore=restore)


def next_phase(root: str | Path = ".") -> Checklist:
    """What the next phase of a project needs, and what of it is there; nothing is run.

    Raises:
        ConfigError: If there is no such folder.
    """
    from devtool.scaffold.checklist import checklist

    where = _folder(root)
    found = detect_project(where)
    return checklist(where, int(found.phase), found.components)


def import_data(file: str | Path, root: str | Path = ".", *, email: str = "") -> int:
    """Create rows of what a console program kept in a JSON file; how many.

    They are created by the project's own services in its own interpreter. Sent again within a day,
    they are not created twice.

    Args:
        file: The JSON file.
        root: The project's folder.
        email: Whose they are to be; of the only user when empty.

    Raises:
        ConfigError: If the program was not evolved by devtool, or the file does not fit it.
        ToolchainError: If the environment of the backend is not there.
        ServiceError: If the project's services refuse a row.
    """
    from devtool.api_generate import migration_home
    from devtool.rows import send
    from devtool.scaffold import growth, imports

    where = _folder(root)
    entities = growth.recorded(where).spec.get("console", {}).get("entities")
    if not entities:
        raise ConfigError(f"{where}: devtool did not make it of a console program")
    try:
        text = Path(file).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} cannot be read as text") from error
    found = imports.batches(str(file), text, entities)
    return send(migration_home(where), [batch._asdict() for batch in found], email)


def apply_change(
    update: Update,
    *,
    with_checks: bool = True,
    say: Callable[[str], None] = lambda _: None,
) -> None:
    """Write an update; the project's own checks run before and after it.

    Args:
        update: What to write.
        with_checks: Whether to run them.
        say: Called with a line before each check.

    Raises:
        DevtoolError: If a check was green before and is red now.
        ConflictError: If files have to be merged by the user.
    """
    from devtool.scaffold import checks
    from devtool.scaffold.update import apply_update, refuse_conflicts

    before = {place: checks.pyproject(update.root, place) for place in checks.PLACES}
    found = checks.checks_of(update.root) if with_checks and update.files else []
    passed = checks.green(update.root, found, say=say)
    apply_update(update)
    stale = {place for place in before if checks.needs_sync(update.root, place, before[place])}
    for place in sorted(stale & {check.place for check in passed}):
        say(f"not checked again: {place or '.'} needs more packages; devtool run --sync, then test")
    rerun = [check for check in passed if check.place not in stale]
    still = checks.green(update.root, rerun, say=say)
    refuse_conflicts(update)
    _refuse_red([check for check in rerun if check not in still])


def _refuse_red(red: list[Check]) -> None:
    if red:
        raise DevtoolError(
            f"green before and red now: {', '.join(map(str, red))}",
            hint="devtool undo takes the change back",
        )


def continue_change(root: str | Path = ".") -> tuple[str, ...]:
    """Finish an interrupted change, and take up what the user has merged; the files of that.

    Raises:
        ConflictError: If proposals still lie beside files, or files hold conflict marks.
        ConfigError: If the manifest or the journal cannot be trusted.
    """
    from devtool.scaffold.update import resume

    return resume(_folder(root))


def adopt_move(old: str, new: str, root: str | Path = ".") -> None:
    """Record that a generated file lives elsewhere now, so that later changes follow it.

    Raises:
        ConfigError: If devtool did not write the one, or the other is not there.
    """
    from devtool.scaffold.update import adopt

    adopt(_folder(root), old, new)


def undo_change(root: str | Path = ".", *, leave_edited: bool = False) -> Journal:
    """Take the last change of a project back, byte for byte.

    What a revision of that change did to the development database is taken back first.

    Args:
        root: The project's folder.
        leave_edited: Leave what was edited since as it is, and put back the rest.

    Raises:
        ConfigError: If there is nothing to undo.
        ConflictError: If files were edited since; nothing was changed.
        ServiceError: If the database does not answer; nothing was changed.
    """
    from devtool.api_generate import undo_migrations
    from devtool.scaffold import journal
    from devtool.scaffold.update import undo

    where = _folder(root)
    last = journal.read(where)
    if last is not None and last.is_done:
        edited = {note.path for note in journal.edited_since(where, last)}
        new = [entry.path for entry in last.entries if not entry.before]
        if leave_edited or not edited:
            undo_migrations(where, [path for path in new if path not in edited])
    return undo(where, leave_edited=leave_edited)
