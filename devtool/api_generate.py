"""Calls that add to a generated project: what `devtool generate` and `destroy` are made of."""

from __future__ import annotations

import os
from pathlib import Path

from devtool.api import detect_project, plan_project, project_root
from devtool.errors import ConfigError, ServiceError, ToolchainError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from devtool import ProjectSpec
    from devtool.client import Client as Client  # noqa: PLC0414 (for cli)
    from devtool.migrations import Home, Migrated
    from devtool.model.detection import Component
    from devtool.scaffold.builder import NewProject as NewProject  # noqa: PLC0414 (for cli)
    from devtool.scaffold.resourceful import Planned as Planned  # noqa: PLC0414
    from devtool.scaffold.update import Update

ALEMBIC = "alembic.ini"


def plan_new(
    spec: ProjectSpec,
    folder: str | Path = ".",
    *,
    database_url: str = "",
    source: str | Path | None = None,
) -> NewProject:
    """Everything that a new project is made of; nothing is written.

    Args:
        spec: The project.
        folder: Where its own folder will stand.
        database_url: Where its data is; for its `.env` only.
        source: A console program whose things it has as resources.

    Raises:
        ConfigError: If a feature is unknown, or the place is taken.
    """
    from devtool.scaffold import builder

    return builder.plan_new(
        spec,
        project_root(folder),
        database_url=database_url,
        source=None if source is None else project_root(source),
    )


def write_new(planned: NewProject, folder: str | Path = ".") -> None:
    """Write a planned project, all of it or nothing.

    Raises:
        ConfigError: If the place is taken.
        DevtoolError: If it could not be written.
    """
    from devtool.scaffold import builder

    builder.write(planned, project_root(folder))


def plan_resource(
    name: str, words: Sequence[str], root: str | Path = ".", *, without: bool = False
) -> Planned:
    """What adding a resource comes to, or taking one away; nothing is written.

    Args:
        name: The resource, such as `Invoice`.
        words: Its fields, such as `due:date?`.
        root: The project's folder.
        without: Take it away.

    Raises:
        ConfigError: If the words describe none, or devtool did not write the project.
        ConflictError: If it is to be taken away and its files were edited.
    """
    from devtool.scaffold import resourceful

    where = project_root(root)
    if without:
        return resourceful.plan_removal(where, name)
    return resourceful.plan_resource(where, name, words)


def write_resource(planned: Planned) -> tuple[str, str]:
    """Write what was planned, with a journal; migrate the development database; write the client.

    Returns:
        A sentence on the database, and one on the frontend's client, empty where there is none.

    Raises:
        ConflictError: If files have to be merged by the user; the rest is written.
        DevtoolError: If something could not be written.
    """
    from devtool.scaffold.update import apply_update, refuse_conflicts

    apply_update(planned.update)
    refuse_conflicts(planned.update)
    return _migrated(planned.update.root), _client_written(planned.update.root)


def _client_written(root: Path) -> str:
    """Write the types of a frontend's client anew, where that can be done now; how they stand."""
    if not (root / "frontend/package.json").is_file():
        return ""
    try:
        made = project_client(root)
        write_client(made)
    except (ConfigError, ServiceError, ToolchainError) as error:
        return f"the client's types are not written: {error.message}"
    return f"{made.path.relative_to(root).as_posix()} has {len(made.operations)} operations"


def plan_tool(name: str, root: str | Path = ".", *, effect: str = "read") -> Update:
    """What adding a tool for assistants comes to; nothing is written.

    Args:
        name: The tool, such as `count_words`.
        root: The project's folder.
        effect: What it does to what is stored: read, add, set or delete.

    Raises:
        ConfigError: If the name cannot be one, the project has no tools, or has that one.
    """
    from devtool.scaffold import tooling

    return tooling.plan_tool(project_root(root), name, effect)


def write_tool(planned: Update) -> None:
    """Write what was planned, with a journal.

    Raises:
        DevtoolError: If something could not be written.
    """
    from devtool.scaffold.update import apply_update

    apply_update(planned)


def _migrated(root: Path) -> str:
    """Bring the development database up, where that can be done now; how it stands."""
    from devtool import migrations

    try:
        done = migrations.upgrade(migration_home(root), os.environ)
    except ToolchainError:
        return "the migration is applied by the next devtool run --sync"
    except ServiceError as error:
        return f"the migration is written and not applied: {error.message}"
    return f"the database is at {done.head}"


def undo_migrations(root: str | Path, paths: Iterable[str]) -> str:
    """Take back in the development database what these revisions did, before they go.

    Args:
        root: The project's folder.
        paths: Files that are about to go, from there.

    Returns:
        The revision the database is at, or an empty string where it was not touched.

    Raises:
        ConfigError: If a revision that stays comes after one of them.
        ServiceError: If the database does not answer.
    """
    from devtool import migrations
    from devtool.scaffold import heads

    where = project_root(root)
    files = tuple(paths)
    going = heads.first_of(where, files)
    if going is None:
        return ""
    heads.refuse_later(where, files)
    try:
        home = migration_home(where)
    except ToolchainError:
        return ""  # what was never installed has migrated nothing
    return migrations.downgrade(home, going.after[0] if going.after else "base", os.environ).head


def write_migration(message: str, root: str | Path = ".") -> Migrated:
    """Write what the models have and the database has not as a revision, and apply it.

    Args:
        message: What the revision is for.
        root: The project's folder.

    Raises:
        ConfigError: If the message cannot name a file, or the project has no migrations, or an
            earlier change is half written.
        ToolchainError: If the environment of the backend is not there.
        ServiceError: If Alembic fails, or the database does not answer.
    """
    from devtool import migrations
    from devtool.scaffold import journal, manifest
    from devtool.scaffold.revisions import FOLDER

    if not any(character.isalnum() for character in message) or not message.isprintable():
        raise ConfigError(
            f"{message!r} cannot name a migration", hint='say what changes, such as "add due dates"'
        )
    home = migration_home(root)
    is_ours = manifest.read(home.root) is not None
    if is_ours:
        journal.refuse_unfinished(home.root)
    done = migrations.revise(home, message, os.environ)
    if is_ours and done.path.startswith(FOLDER):
        journal.remember(home.root, f"generate migration {message}", [done.path])
    return done


def project_client(root: str | Path = ".", *, target: str = "") -> Client:
    """The typed client of a project's frontend: as it should be, and as it is; writes nothing.

    Args:
        root: The project's folder.
        target: The file of the types, from the frontend's folder; `src/lib/api.gen.ts` if empty.

    Raises:
        ConfigError: If the project has no backend or no frontend.
        ServiceError: If the application cannot be imported.
        ToolchainError: If an environment or the generator is not installed.
    """
    from devtool import client
    from devtool.runner.environment import environment

    parts = client.parts_of(plan_project(root))
    env = environment(parts.backend, os.environ, piped=False, colour=False)
    return client.client(parts, env, target=target or client.TARGET)


def write_client(client: Client) -> bool:
    """Make the file of the types say what the application says; whether it had to change."""
    from devtool.client import write

    return write(client)


def migration_home(root: str | Path = ".") -> Home:
    """Where the migrations of a project are, and the interpreter that runs them.

    Raises:
        ConfigError: If the project has none.
        ToolchainError: If the environment of the backend is not there.
    """
    from devtool.migrations import Home

    where = project_root(root)
    backend = _backend(where)
    interpreter = backend.toolchain.interpreter if backend.toolchain else ""
    if not interpreter:
        raise ToolchainError(
            f"{where / backend.root}: its environment is not there yet", hint="devtool run --sync"
        )
    return Home(where, backend.root, interpreter)


def _backend(where: Path) -> Component:
    """The component with migrations."""
    for component in detect_project(where).components:
        if (where / component.root / ALEMBIC).is_file():
            return component
    raise ConfigError(
        f"{where}: there is no {ALEMBIC} beside a backend here",
        hint="devtool new NAME --phase 2 makes a project with migrations",
    )
