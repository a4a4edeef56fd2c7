"""The classes of the seed document that make projects; each is a call or two."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from devtool.errors import ConfigError
from devtool.scaffold import builder, catalog, dotenv
from devtool.scaffold.changes import Change
from devtool.scaffold.render import render
from devtool.scaffold.selection import Catalog, find, resolve
from devtool.scaffold.spec import ProjectSpec, name_for

# What a name of the seed document is, and where it lies in a project.
STRUCTURE = (
    ("main.py", "FastAPI app", "backend/main.py"),
    ("routers/", "endpoint modules", "backend/app/routers/"),
    ("models/", "SQLModel definitions", "backend/app/models/"),
    ("schemas/", "Pydantic models", "backend/app/schemas/"),
    ("services/", "business logic", "backend/app/services/"),
    ("database.py", "DB setup", "backend/app/database.py"),
    ("ai/", "agent and MCP tools", "backend/app/ai/"),
    ("alembic/", "database migrations", "backend/alembic/"),
    ("tests/", "test suite", "backend/tests/"),
    ("frontend/", "web frontend", "frontend/"),
)


class BackendScaffold:
    """A backend to be written: exactly these features, and what they need.

    Args:
        project_name: The name of the project and of its folder.
        database_url: Where its data is: `postgresql://...` or `sqlite:///...`; a SQLite file in the
            project when empty. It goes into the project's `.env` and nowhere else.
        features: What it has, such as `["auth", "crud", "mcp-tools"]`; the usual features when
            None. The phase follows from them.
        folder: Where the project's folder will stand.

    Raises:
        ConfigError: If the name, the URL or a feature cannot be.
    """

    def __init__(
        self,
        project_name: str,
        database_url: str = "",
        features: Sequence[str] | None = None,
        *,
        folder: str | Path = ".",
    ) -> None:
        known = catalog.load()
        self.spec, chosen = resolve(_web(project_name, features, known), known)
        self.folder = Path(folder)
        self.database_url = dotenv.checked_url(database_url) if database_url else ""
        dotenv.private_files(chosen, self.database_url)

    def __repr__(self) -> str:
        # Without the URL: it may hold a password.
        return f"BackendScaffold({self.spec.name!r}, features={list(self.spec.features or ())!r})"

    def preview(self) -> tuple[Change, ...]:
        """What `generate` would write, without writing it."""
        return builder.preview_project(self.spec, self.folder, database_url=self.database_url)

    def generate(self) -> tuple[Change, ...]:
        """Write the project, all of it or nothing, and say what it holds.

        Raises:
            ConfigError: If the place is taken.
            DevtoolError: If it could not be written.
        """
        return builder.new_project(self.spec, self.folder, database_url=self.database_url)


class FastAPIBuilder(Mapping[str, str]):
    """A FastAPI application in memory: a mapping from the path of each file to its text.

    Args:
        title: Its name for people, such as `"Todo API"`; the name of the project follows from it.
        version: Its version.
        features: What it has, such as `["auth", "tasks", "chat"]`; the usual features when None.

    Raises:
        ConfigError: If the title, the version or a feature cannot be.
    """

    def __init__(
        self, title: str, version: str = "0.1.0", features: Sequence[str] | None = None
    ) -> None:
        name = name_for(title)
        if not name:
            raise ConfigError(
                f"no name for a project follows from the title {title!r}",
                hint="use a title with letters, such as Todo API",
            )
        known = catalog.load()
        wanted = _web(name, features, known).replace(title=title, version=version)
        self.spec, self._chosen = resolve(wanted, known)
        self._files: dict[str, str] = {}

    @property
    def files(self) -> Mapping[str, str]:
        """The text of every file by its path, sorted."""
        if not self._files:
            self._files = render(self.spec, self._chosen)
        return self._files

    @property
    def structure(self) -> dict[str, str]:
        """What the application is made of: `main.py`, `routers/` and so on, and what each is."""
        return {
            name: about
            for name, about, place in STRUCTURE
            if any(path == place or path.startswith(place) for path in self.files)
        }

    def write(self, folder: str | Path = ".", *, database_url: str = "") -> Path:
        """Write the project, all of it or nothing, with a `.env` of its own.

        Args:
            folder: Where the project's folder will stand.
            database_url: As for `BackendScaffold`.

        Returns:
            The project's folder.

        Raises:
            ConfigError: If the place is taken.
            DevtoolError: If it could not be written.
        """
        builder.new_project(self.spec, folder, database_url=database_url)
        return Path(folder) / self.spec.name

    def __getitem__(self, path: str) -> str:
        return self.files[path]

    def __iter__(self) -> Iterator[str]:
        return iter(self.files)

    def __len__(self) -> int:
        return len(self.files)

    def __repr__(self) -> str:
        return f"FastAPIBuilder({self.spec.title!r}, features={list(self.spec.features or ())!r})"


def _web(name: str, features: Sequence[str] | None, known: Catalog) -> ProjectSpec:
    """A project with a web backend at least; the phase follows from the features.

    Raises:
        ConfigError: If a feature is unknown, or the name cannot be.
    """
    if isinstance(features, str):
        raise ConfigError("features is one word", hint='pass a list, such as ["auth", "crud"]')
    phases = (find(feature, known).phase for feature in features or ())
    return ProjectSpec(
        name=name,
        phase=max(builder.WEB, *phases, builder.WEB),
        features=None if features is None else tuple(features),
    )
