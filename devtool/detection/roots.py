"""The folders that a program can be started from, and what resolves from each."""

from __future__ import annotations

from devtool.detection.declaration import dig
from devtool.detection.imports import Importer, Problem, ancestors, module_name
from devtool.detection.manifests import distributions, import_names
from devtool.detection.pysource import PythonIndex

MANIFESTS = (
    "pyproject.toml",
    "requirements.txt",
    "setup.py",
    "setup.cfg",
    "Pipfile",
    "manage.py",
    "environment.yml",
)


class Roots:
    """Import roots of one tree."""

    def __init__(self, index: PythonIndex, importer: Importer) -> None:
        self.tree = index.tree
        self.importer = importer
        self._declared: dict[str, frozenset[str]] = {}
        self._manifest_folders: tuple[str, ...] | None = None
        self._problems: dict[tuple[str, str, str | None], tuple[Problem, ...]] = {}

    def problems(self, path: str, base: str, module: str | None) -> tuple[Problem, ...]:
        """What does not resolve when `path` is started with `base` first on `sys.path`."""
        key = (path, base, module)
        if key not in self._problems:
            roots = [base, *self.installed(base)]
            self._problems[key] = tuple(
                self.importer.problems(path, roots, module=module, declared=self.dependencies(path))
            )
        return self._problems[key]

    def installed(self, folder: str) -> list[str]:
        """The folders that an installed project adds to `sys.path`: its `src` layout."""
        source_folder = f"{folder}/src" if folder else "src"
        if self.is_packaged(folder) and self.tree.has_folder(source_folder):
            inside = f"{source_folder}/__init__.py"
            return [] if self.tree.has(inside) else [source_folder]
        return []

    def is_packaged(self, folder: str) -> bool:
        """Whether a folder holds a project that is built and installed."""
        prefix = f"{folder}/" if folder else ""
        has_setup = any(self.tree.has(prefix + name) for name in ("setup.py", "setup.cfg"))
        return has_setup or self._has_build_system(f"{prefix}pyproject.toml")

    def _has_build_system(self, path: str) -> bool:
        if not self.tree.has(path):
            return False
        table = self.tree.toml(path)
        return "build-system" in table or dig(table, "tool", "poetry") is not None

    def dependencies(self, path: str) -> frozenset[str]:
        """The import names, as far as they equal the distribution's, declared for a file."""
        folder = next((f for f in ancestors(path) if self.has_manifest(f)), "")
        if folder not in self._declared:
            names = distributions(self.tree, folder)
            self._declared[folder] = frozenset().union(*map(import_names, names))
        return self._declared[folder]

    def has_manifest(self, folder: str) -> bool:
        """Whether a Python project could be rooted in a folder."""
        return folder in self.manifest_folders()

    def manifest_folders(self) -> tuple[str, ...]:
        """Every folder with a Python manifest, shallow ones first."""
        if self._manifest_folders is None:
            names = [name.lower() for name in MANIFESTS]
            found = {path.rpartition("/")[0]: None for path in self.tree.named(*names)}
            self._manifest_folders = tuple(found)
        return self._manifest_folders

    def _passes_no_package(self, path: str, base: str) -> bool:
        """Whether a module name would lead through plain folders into a regular package."""
        own = path.rpartition("/")[0]
        if own == base or not self.tree.has(f"{own}/__init__.py"):
            return False
        inside = [folder for folder in ancestors(own) if folder.startswith(base) and folder != base]
        return any(not self.tree.has(f"{folder}/__init__.py") for folder in inside)

    def best_root(self, path: str) -> tuple[str, str, tuple[Problem, ...]] | None:
        """The folder to start an application file from: (folder, module, problems)."""
        best: tuple[float, str, str, tuple[Problem, ...]] | None = None
        for depth, base in enumerate(ancestors(path)):
            module = module_name(path, base)
            if module is None:
                continue
            bad = self.problems(path, base, module)
            is_package = bool(base) and self.tree.has(f"{base}/__init__.py")
            is_usual = not base or base.rpartition("/")[2].lower() in ("backend", "server")
            score = -4.0 * min(len(bad), 5) + 2.0 * self.has_manifest(base)
            score += 2.0 * (is_usual and not is_package) - 2.0 * is_package
            score -= 5.0 * self._passes_no_package(path, base) + 0.1 * depth
            if best is None or score > best[0]:
                best = (score, base, module, bad)
        return best[1:] if best is not None else None
