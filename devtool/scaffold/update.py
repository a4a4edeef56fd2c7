"""Change a project that is there: plan, show, write, record. No edit of the user's is ever lost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

from devtool.errors import ConfigError, ConflictError
from devtool.model.detection import Note
from devtool.scaffold import changes, journal, manifest, workspace
from devtool.scaffold.changes import WRITES, Action, Change
from devtool.scaffold.formatters import formatter
from devtool.scaffold.journal import Journal, Step
from devtool.scaffold.manifest import Manifest
from devtool.scaffold.merge import Merged, merge

PROPOSAL = ".devtool-new"
NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """Everything that is to happen to a project.

    Args:
        root: The project's folder.
        title: What is being done, for `devtool undo`.
        changes: What happens to each file.
        record: The manifest afterwards.
        files: The bytes to write, None for a file to remove, in order; empty where nothing is to be
            done.
    """

    root: Path
    title: str
    changes: tuple[Change, ...]
    record: Manifest
    files: Mapping[str, bytes | None]

    @property
    def conflicts(self) -> tuple[Change, ...]:
        """The files that the user has to merge."""
        return tuple(change for change in self.changes if change.action is Action.CONFLICT)


def plan_update(
    root: str | Path,
    files: Mapping[str, str],
    *,
    title: str = "update",
    spec: Mapping[str, Any] | None = None,
    is_whole: bool = True,
    restore: Iterable[str] = (),
    kept: Iterable[str] = (),
    edits: Mapping[str, str] = NOTHING,
    version: str = "",
) -> Update:
    """What has to happen for a project to hold these files; reads, and writes nothing.

    Args:
        root: The project's folder.
        files: The text of every file, by its path with slashes.
        title: What is being done, such as `generate resource note`.
        spec: What the manifest is to say that was asked for; as it is when None.
        is_whole: Whether recorded files that are not among these are generated no more.
        restore: Files that the user removed and that are to come back.
        edits: Files of the user's own with a few lines more; they stay the user's.
        kept: Recorded files that are neither rendered again nor removed, such as migrations.
        version: The version of devtool; this one when empty.

    Raises:
        ConfigError: If a change is half written, the manifest cannot be trusted, or a place is
            taken by a link, a folder or what cannot be read.
    """
    place = Path(root)
    journal.refuse_unfinished(place)
    old = _settled(place, manifest.read(place) or Manifest())
    new = {old.moves.get(path, path): text for path, text in files.items()}
    for path in new:
        _check(path)
    base = manifest.bases(place, old)
    gone = set(restore)
    left = {old.moves.get(path, path) for path in kept} - new.keys()
    considered = {
        path: known
        for path, known in base.items()
        if path in new or (is_whole and path not in left)
    }
    disk = workspace.read_all(place, sorted({*new, *considered, *edits}))
    planned = changes.plan(
        new,
        base={
            path: known for path, known in considered.items() if path in disk or path not in gone
        },
        mine={path: file.text for path, file in disk.items()},
        merged=partial(_merged, place),
    )
    planned += tuple(_edit(path, text, disk, old) for path, text in sorted(edits.items()))
    record = _recorded(old, planned, spec=spec, version=version or _version())
    return Update(
        root=place,
        title=title,
        changes=planned,
        record=record,
        files=_files(place, planned, disk, old, record, new),
    )


def _edit(path: str, text: str, disk: Mapping[str, workspace.OnDisk], old: Manifest) -> Change:
    """A file that gets a few lines as if the user wrote them; it has to be there as it was read."""
    mine = disk[path].text if path in disk else None
    why = "yours, with the lines that the new modules need"
    base = old.files.get(path, "")
    return Change(path=path, action=Action.MERGE, text=text, mine=mine, base=base, why=why)


def apply_update(update: Update, *, step: Step | None = None) -> Update:
    """Write an update, with a journal from which `undo` works at any point.

    Where files conflict, the user's stay as they are and the proposals lie beside them; see
    `refuse_conflicts`.

    Raises:
        ConfigError: If a file changed since the update was planned.
        DevtoolError: If something could not be written.
    """
    if update.files:
        _check_unchanged(update)
        more = {} if step is None else {"step": step}
        journal.write(update.root, update.title, update.files, **more)
    return update


def refuse_conflicts(update: Update) -> None:
    """Raise what says that the user has work to do, where that is so.

    Raises:
        ConflictError: With a note for each file.
    """
    conflicts = update.conflicts
    if conflicts:
        raise ConflictError(
            f"{len(conflicts)} file(s) have to be merged by you",
            hint=f"take what you want from each {PROPOSAL}, remove it, then devtool evolve --continue",
            notes=[
                Note(text=f"{change.path}: {change.why}", path=change.path) for change in conflicts
            ],
        )


def refuse_pending(root: Path, record: Manifest) -> None:
    """Refuse to go on while proposals lie beside files of a project.

    Raises:
        ConflictError: With a note for each file.
    """
    left = [path for path in record.pending if _proposal(root, path) is not None]
    hint = f"take what you want from its {PROPOSAL}, remove that, then devtool evolve --continue"
    _refuse_unmerged(left, hint=hint)


def _refuse_unmerged(paths: list[str], *, hint: str) -> None:
    if paths:
        notes = [Note(text=f"{path} is still to be merged", path=path) for path in paths]
        more = f", and {len(paths) - 1} more" if len(paths) > 1 else ""
        raise ConflictError(
            f"{paths[0]} is still to be merged{more}",
            hint=hint,
            notes=notes if len(paths) > 1 else (),
        )


def undo(root: str | Path, *, leave_edited: bool = False, step: Step | None = None) -> Journal:
    """Take the last change of a project back, byte for byte.

    Args:
        root: The project's folder.
        leave_edited: Leave what was edited since as it is, and put back the rest.
        step: For tests: called before each effect.

    Raises:
        ConfigError: If there is nothing to undo.
        ConflictError: If files were edited since; nothing was changed.
    """
    more = {} if step is None else {"step": step}
    return journal.undo(Path(root), leave_edited=leave_edited, **more)


def resume(root: str | Path) -> tuple[str, ...]:
    """Finish an interrupted change, and take up what the user has merged; the files of that.

    Raises:
        ConflictError: If proposals still lie beside files, or files hold conflict marks.
    """
    place = Path(root)
    found = journal.read(place)
    if found is not None and not found.is_done:
        journal.resume(place)
    old = manifest.read(place) or Manifest()
    refuse_pending(place, old)
    marked = [path for path in old.files if _has_marks(place, path)]
    _refuse_unmerged(marked, hint="settle what stands between its conflict marks")
    settled = _settled(place, old)
    if settled != old:
        journal.write(place, "settle conflicts", {manifest.PATH: settled.to_text().encode()})
    return tuple(old.pending)


def adopt(root: str | Path, old_path: str, new_path: str) -> None:
    """Record that a generated file lives elsewhere now, so that later changes follow it.

    Raises:
        ConfigError: If devtool did not write the one, or the other is not there.
    """
    place = Path(root)
    record = manifest.read(place)
    if record is None or old_path not in record.files:
        known = ", ".join(list(record.files)[:3]) if record else ""
        raise ConfigError(
            f"devtool did not write {old_path}", hint=f"it wrote {known}, ..." if known else ""
        )
    found = workspace.read_all(place, (old_path, new_path))
    if old_path in found:
        raise ConfigError(f"{old_path} is still there", hint="move it first")
    if new_path not in found:
        raise ConfigError(f"there is no file {new_path}", hint="name where it is now")
    if new_path in record.files:
        raise ConfigError(f"{new_path} is another generated file")
    files = {new_path if path == old_path else path: sha for path, sha in record.files.items()}
    source = next((path for path, there in record.moves.items() if there == old_path), old_path)
    moved = replace(record, files=files, moves={**record.moves, source: new_path})
    title = f"adopt {old_path} as {new_path}"
    journal.write(place, title, {manifest.PATH: moved.to_text().encode("utf-8")})


def _merged(root: Path, path: str, mine: str, base: str, new: str) -> Merged:
    return merge(path, mine, base, new, formatted=_Late(root, path))


class _Late:
    """The project's formatter, looked for when it is first needed."""

    def __init__(self, root: Path, path: str) -> None:
        self._place = (root, path)

    def __call__(self, text: str) -> str | None:
        found = formatter(*self._place)
        return None if found is None else found(text)


def _settled(root: Path, record: Manifest) -> Manifest:
    """The manifest once the proposals that the user removed count as merged."""
    done = {path: sha for path, sha in record.pending.items() if _proposal(root, path) is None}
    left = {path: sha for path, sha in record.pending.items() if path not in done}
    return replace(record, files={**record.files, **done}, pending=left)


def _recorded(
    old: Manifest,
    planned: tuple[Change, ...],
    *,
    spec: Mapping[str, Any] | None,
    version: str,
) -> Manifest:
    """The manifest once the changes are made; a base moves on only with its file."""
    files = dict(old.files)
    pending = dict(old.pending)
    for change in planned:
        pending.pop(change.path, None)
        if change.base:
            files[change.path] = change.base
        else:
            files.pop(change.path, None)
        if change.action is Action.CONFLICT:
            pending[change.path] = manifest.digest(change.text)
    return replace(
        old,
        devtool_version=version,
        spec=old.spec if spec is None else dict(spec),
        files=dict(sorted(files.items())),
        pending=dict(sorted(pending.items())),
    )


def _files(
    root: Path,
    planned: tuple[Change, ...],
    disk: Mapping[str, workspace.OnDisk],
    old: Manifest,
    record: Manifest,
    new: Mapping[str, str],
) -> dict[str, bytes | None]:
    """The bytes of every file that changes: the project's, the proposals, the record at the end."""
    files: dict[str, bytes | None] = {}
    for change in planned:
        if change.action in WRITES:
            known = disk.get(change.path)
            text = change.text
            files[change.path] = known.encode(text) if known else text.encode("utf-8")
        elif change.action is Action.DELETE:
            files[change.path] = None
        if change.action is Action.CONFLICT:
            _propose(root, change, old, files)
        elif change.path in old.pending and _proposal(root, change.path) is not None:
            files[change.path + PROPOSAL] = None
    files |= _bases(root, new, old, record)
    after = record.to_text()
    if files or after != workspace.read_text(root, manifest.PATH):
        files[manifest.PATH] = after.encode("utf-8")
    return files


def _propose(root: Path, change: Change, old: Manifest, files: dict[str, bytes | None]) -> None:
    """Lay a proposal beside a file, unless it lies there; one that was edited is not replaced."""
    there = _proposal(root, change.path)
    if there == change.text:
        return
    if there is not None and manifest.digest(there) != old.pending.get(change.path):
        raise ConfigError(
            f"{change.path}{PROPOSAL} was edited and would be replaced",
            hint="take what you want from it and remove it first",
        )
    files[change.path + PROPOSAL] = change.text.encode("utf-8")


def _bases(
    root: Path, new: Mapping[str, str], old: Manifest, record: Manifest
) -> dict[str, bytes | None]:
    """The base texts that are to be stored, and those that no file needs any more."""
    texts = {manifest.digest(text): text for text in new.values()}
    wanted = {*record.files.values(), *record.pending.values()}
    known = {*old.files.values(), *old.pending.values()}
    found: dict[str, bytes | None] = {
        f"{manifest.BASE}/{sha}": texts[sha].encode("utf-8")
        for sha in sorted(wanted & texts.keys())
        if manifest.stored(root, sha) is None
    }
    stale = [f"{manifest.BASE}/{sha}" for sha in sorted(known - wanted)]
    return found | dict.fromkeys(workspace.read_all(root, stale))


def _check_unchanged(update: Update) -> None:
    """Refuse to write over what was edited between planning and now."""
    planned = {change.path: change.mine for change in update.changes}
    for path, file in workspace.read_all(update.root, planned).items():
        if file.text != planned[path]:
            raise ConfigError(f"{path} was edited meanwhile", hint="run the command again")


def _proposal(root: Path, path: str) -> str | None:
    found = workspace.read_all(root, (path + PROPOSAL,)).get(path + PROPOSAL)
    return None if found is None else found.text if found.text is not None else ""


def _has_marks(root: Path, path: str) -> bool:
    text = workspace.read_text(root, path) or ""
    return "\n<<<<<<< " in f"\n{text}" and "\n>>>>>>> " in text


def _check(path: str) -> None:
    problem = workspace.path_problem(path)
    if problem:
        raise ConfigError(f"{path!r} {problem}")


def _version() -> str:
    import devtool

    return devtool.__version__
