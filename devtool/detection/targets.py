"""From what is declared, and from what the code binds, to launch targets that are really there.

A target is believed when its module resolves to a file from some folder, the attribute is bound
there, and everything it imports of the project resolves from that folder too.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from devtool.detection.commands import Invocation, join
from devtool.detection.declared import Declaration
from devtool.detection.frameworks import GENERIC, SCRIPT, Framework
from devtool.detection.imports import Importer, Problem, ancestors, module_name
from devtool.detection.pysource import Call, PythonIndex, Reference, Source
from devtool.model.detection import Role

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MANIFESTS = (
    "pyproject.toml",
    "requirements.txt",
    "setup.py",
    "setup.cfg",
    "Pipfile",
    "manage.py",
    "environment.yml",
)
USUAL_ROOTS = ("backend", "server", "api", "app", "src")
MAX_HOPS = 5
MANY_CALLS = 3
MAX_CODE_FILES = 400
# Folders and files whose applications are decoys: tests, samples, one-off scripts, leftovers.
_ASIDE_FOLDER = re.compile(
    r"(?:^|/)(?:tests?|testing|docs?|docs?_src|examples?|samples?|demos?|scripts?|tools?|migrations?|alembic|"
    r"versions|benchmarks?|evals?|skills|subagents|cronjobs?|notebooks?|fixtures|e2e|"
    r"[^/]*(?:template|reference|backup|archive|legacy|deprecated)[^/]*|old)/",
    re.IGNORECASE,
)
_ASIDE_FILE = re.compile(
    r"(?:^|/)(?:setup|conftest|noxfile|gunicorn\.conf|hatch_build)\.py$"
    r"|(?:^|/)(?:test|debug|check|verify|diagnose|fix|init|migrate|seed|reset|create|minimal|simple|"
    r"validate|demo|smoke|safe|phase\d)_[^/]*\.py$"
    r"|(?:_test|_demo|_temp|_backup|_fixed|_broken|_debug|_old|_copy|_example)\.py$",
    re.IGNORECASE,
)
_FACTORY_NAME = re.compile(
    r"(?:create|build|make|get|init|setup)_?\w*(?:app|application|server|asgi|wsgi)$", re.IGNORECASE
)
_APP_MENTION = re.compile(
    r"\b(?:app|application|api|server|mcp|demo|asgi|wsgi)\w*\s*(?::[^=\n]+)?=|\bdef \w*app\w*\(|= *\w*App\b|Application\(|\.run\("
)


class Target(NamedTuple):
    """Something that can be started.

    `kind` as in `Invocation`; `entry` is what the launcher names, `file` the file behind it,
    `attribute` the object in it; `problems` are first-party imports that do not resolve.
    """

    kind: str
    framework: Framework
    cwd: str
    entry: str
    file: str
    attribute: str = ""
    factory: bool = False
    line: int = 0
    words: tuple[str, ...] = ()
    port: int | None = None
    problems: tuple[Problem, ...] = ()

    @property
    def identity(self) -> tuple[str, str]:
        """What is started, whichever way it is spelled."""
        if self.kind == "app":
            return self.file, self.attribute
        if self.kind in ("command", "task"):
            return self.kind, self.entry
        return self.file or self.cwd, ""


class App(NamedTuple):
    """An application object or factory, followed to what makes it."""

    framework: Framework
    file: str
    attribute: str
    factory: bool
    line: int
    required: int = 0


class Resolver:
    """Checks targets against the files of one tree."""

    def __init__(self, index: PythonIndex, frameworks: Sequence[Framework]) -> None:
        self.index = index
        self.tree = index.tree
        self.importer = Importer(index)
        self.frameworks = tuple(frameworks)
        self._constructs = {c: f for f in frameworks for c in f.constructs}
        self._bases = {b: f for f in frameworks for b in f.bases}
        self._declared: dict[str, frozenset[str]] = {}
        self._manifest_folders: tuple[str, ...] | None = None
        self._problems: dict[tuple[str, str, str | None], tuple[Problem, ...]] = {}
        self._by_slug = {f.slug: f for f in frameworks}

    # --- what the code binds ---------------------------------------------------------------

    def app(self, path: str, attribute: str, hops: int = MAX_HOPS) -> App | None:
        """The application that `attribute` of a file is, or None when it is not bound there."""
        source = self.index.source(path)
        if source is None or hops <= 0:
            return None
        head, _, rest = attribute.partition(".")
        if head in source.functions and not rest:
            function = source.functions[head]
            framework = self._framework_of(path, source, function.returns, hops)
            return App(
                framework or GENERIC,
                path,
                attribute,
                factory=True,
                line=function.line,
                required=function.required,
            )
        if head in source.bound:
            bound = source.bound[head]
            framework = self._framework_of(path, source, bound.callee, hops)
            return App(framework or GENERIC, path, attribute, factory=False, line=bound.line)
        if head in source.names:
            return self._imported_app(path, source.names[head], attribute, hops)
        if head in source.classes:
            return App(GENERIC, path, attribute, factory=True, line=1)
        return None

    def _imported_app(self, path: str, dotted: str, attribute: str, hops: int) -> App | None:
        found = self._definition(path, dotted)
        if found is None:
            return None
        behind = self.app(found[0], found[1], hops - 1)
        if behind is None:
            return None
        return behind._replace(
            file=path, attribute=attribute, line=self._line_of_import(path, dotted)
        )

    def _line_of_import(self, path: str, dotted: str) -> int:
        name = dotted.rpartition(".")[2]
        for number, line in enumerate(self.tree.lines(path), 1):
            if "import" in line and name in line:
                return number
        return 1

    def _definition(self, path: str, dotted: str) -> tuple[str, str] | None:
        """The file and name behind a dotted name used in `path`."""
        module, _, name = dotted.rpartition(".")
        if dotted.startswith("."):
            return self._relative_definition(path, dotted)
        if not module:
            return None
        for base in (*ancestors(path), *self._extra_roots(path)):
            file = self.importer.find_file(base, module)
            if file is not None and file != path:
                return file, name
        return None

    def _extra_roots(self, path: str) -> Iterator[str]:
        for folder in ancestors(path):
            source_folder = f"{folder}/src" if folder else "src"
            if self.tree.has_folder(source_folder):
                yield source_folder

    def _relative_definition(self, path: str, dotted: str) -> tuple[str, str] | None:
        dots = len(dotted) - len(dotted.lstrip("."))
        module, _, name = dotted.lstrip(".").rpartition(".")
        folders = ancestors(path)
        if dots > len(folders):
            return None
        base = folders[dots - 1]
        if module:
            file = self.importer.find_file(base, module)
        else:
            file = f"{base}/__init__.py" if base else "__init__.py"
            file = file if self.tree.has(file) and file != path else None
        return (file, name) if file is not None else None

    def _framework_of(self, path: str, source: Source, callee: str, hops: int) -> Framework | None:
        """The framework of what a call makes: directly, through a factory, a class or an alias."""
        if not callee or hops <= 0:
            return None
        if callee in self._constructs:
            return self._constructs[callee]
        if callee in source.functions:
            function = source.functions[callee]
            if function.returns != callee:
                return self._framework_of(path, source, function.returns, hops - 1)
            return None
        if callee in source.classes:
            for base in source.classes[callee]:
                found = self._bases.get(base) or self._framework_of(path, source, base, hops - 1)
                if found is not None:
                    return found
            return None
        if callee in source.bound and source.bound[callee].callee != callee:
            return self._framework_of(path, source, source.bound[callee].callee, hops - 1)
        found_at = self._definition(path, callee)
        if found_at is None:
            return None
        file, name = found_at
        behind = self.index.source(file)
        if behind is None:
            return None
        if name in behind.names and name not in behind.functions:
            return self._framework_of(file, behind, behind.names[name], hops - 1)
        return self._framework_of(file, behind, name, hops - 1)

    def code_apps(self) -> Iterator[App]:
        """Every application object and parameterless factory bound at module level."""
        words = sorted({c.rpartition(".")[2] for c in self._constructs})
        mention = re.compile(r"\b(?:" + "|".join(words) + r")\b")
        for path in self.tree.python_files[: MAX_CODE_FILES * 4]:
            if is_aside(path):
                continue
            text = self.tree.read(path)
            if text is None or not (mention.search(text) or _imports_factory(text)):
                continue
            yield from self._apps_of(path)

    def _apps_of(self, path: str) -> Iterator[App]:
        source = self.index.source(path)
        if source is None:
            return
        for name in source.bound:
            app = self.app(path, name)
            if app is not None and app.framework is not GENERIC:
                yield app
        for name, function in source.functions.items():
            if function.returns and not function.required and _FACTORY_NAME.match(name):
                app = self.app(path, name)
                if app is not None and app.framework is not GENERIC:
                    yield app

    def code_pages(self) -> Iterator[Target]:
        """Files that are a page by what they call or decorate: no object names them."""
        for framework in self.frameworks:
            if framework.runs_by_object or framework.role in (Role.CONSOLE, Role.FRONTEND):
                continue
            yield from self._pages_of(framework)

    def _pages_of(self, framework: Framework) -> Iterator[Target]:
        library = framework.slug
        for name in framework.files:
            for path in self.tree.named(name):
                if name == "rxconfig.py" and not is_aside(path):
                    folder = path.rpartition("/")[0]
                    yield Target("ui", framework, folder, name, path, line=1)
        if not (framework.calls or framework.decorators):
            return
        for path in self.tree.python_files:
            if is_aside(path) or path.split("/")[-2:-1] == ["pages"]:
                continue
            if library in self.index.imported_modules(path) and self._is_page(path, framework):
                line = self.index.imported_modules(path)[library]
                yield Target("ui", framework, "", path, path, line=line)

    def _is_page(self, path: str, framework: Framework) -> bool:
        source = self.index.source(path)
        if source is None:
            return False
        calls = (
            sum(
                call.callee.startswith(framework.calls) and call.scope in ("module", "guard")
                for call in source.calls
            )
            if framework.calls
            else 0
        )
        return calls >= MANY_CALLS or any(
            name in framework.decorators for name, _ in source.decorators
        )

    # --- where a file can be imported from ---------------------------------------------------

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
        prefix = f"{folder}/" if folder else ""
        has_build = any(
            self.tree.has(prefix + name) for name in ("setup.py", "setup.cfg")
        ) or self._has_build_system(f"{prefix}pyproject.toml")
        if has_build and self.tree.has_folder(source_folder):
            inside = f"{source_folder}/__init__.py"
            return [] if self.tree.has(inside) else [source_folder]
        return []

    def _has_build_system(self, path: str) -> bool:
        if not self.tree.has(path):
            return False
        table = self.tree.toml(path)
        return "build-system" in table or "poetry" in (table.get("tool") or {})  # type: ignore[operator]

    def dependencies(self, path: str) -> frozenset[str]:
        """The import names, as far as they equal the distribution's, declared for a file."""
        folder = next((f for f in ancestors(path) if self.has_manifest(f)), "")
        if folder not in self._declared:
            from devtool.detection.manifests import distributions

            self._declared[folder] = frozenset(
                name.replace("-", "_") for name in distributions(self.tree, folder)
            )
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

    def best_root(self, path: str) -> tuple[str, str, tuple[Problem, ...]] | None:
        """The folder to start an application file from: (folder, module, problems)."""
        best: tuple[float, str, str, tuple[Problem, ...]] | None = None
        for depth, base in enumerate(ancestors(path)):
            module = module_name(path, base)
            if module is None or (base and base.rpartition("/")[2] in ("src",) and False):
                continue
            bad = self.problems(path, base, module)
            score = -4.0 * min(len(bad), 5) + 2.0 * self.has_manifest(base)
            score += 2.0 * (not base or base.rpartition("/")[2].lower() in ("backend", "server"))
            score -= 0.1 * depth
            if best is None or score > best[0]:
                best = (score, base, module, bad)
        return best[1:] if best is not None else None

    # --- declared targets --------------------------------------------------------------------

    def resolve(self, declaration: Declaration) -> Target | None:
        """The target a declaration names, or None when the files do not bear it out."""
        invocation = declaration.invocation
        folders = self._folders(declaration)
        if invocation.kind == "app":
            return self._resolve_app(invocation, folders)
        if invocation.kind == "path-app":
            return self._resolve_path_app(invocation, folders)
        if invocation.kind == "manage":
            return self._resolve_manage(invocation, folders)
        if invocation.kind in ("script", "ui"):
            return self._resolve_file(invocation, folders)
        if invocation.kind == "module":
            return self._resolve_module(invocation, folders)
        if invocation.kind == "command":
            return self._resolve_command(declaration)
        if invocation.kind == "task":
            place, name = declaration.folder, invocation.target
            return Target("task", GENERIC, place, name, "", words=(invocation.via,))
        if invocation.kind in ("langgraph", "reflex"):
            framework = self._by_slug.get(invocation.kind, GENERIC)
            file = join(
                declaration.folder,
                "langgraph.json" if invocation.kind == "langgraph" else "rxconfig.py",
            )
            return (
                Target(
                    invocation.kind, framework, declaration.folder, file.rpartition("/")[2], file
                )
                if self.tree.has(file)
                else None
            )
        return None

    def _folders(self, declaration: Declaration) -> list[str]:
        """The folders a declared command may have been meant for, likeliest first."""
        start = declaration.folder
        own = declaration.path.rpartition("/")[0]
        wanted = declaration.invocation.app_dir
        found = [join(start, wanted)] if wanted else []
        found += [start, *ancestors(start), own, *ancestors(own), *self.manifest_folders()]
        found += [folder for folder in USUAL_ROOTS if self.tree.has_folder(folder)]
        return [f for f in dict.fromkeys(found) if not f or self.tree.has_folder(f)]

    def _resolve_app(self, invocation: Invocation, folders: Sequence[str]) -> Target | None:
        module, _, attribute = invocation.target.partition(":")
        best: Target | None = None
        for base in folders:
            file, app = None, None
            for place in (base, *self.installed(base)):
                file = self.importer.find_file(place, module) if module else None
                app = self._named_app(file, attribute, invocation) if file else None
                if app is not None:
                    break
            if file is None or app is None:
                continue
            target = self._app_target(app, base, module, invocation.port)
            if not target.problems:
                return target
            if best is None or len(target.problems) < len(best.problems):
                best = target
        return best

    def _named_app(self, file: str, attribute: str, invocation: Invocation) -> App | None:
        names = (attribute,) if attribute else ("app", "application", "create_app", "make_app")
        for name in names:
            app = self.app(file, name)
            if app is not None and (not app.factory or app.required == 0):
                return app
        source = self.index.source(file)
        if not attribute and source is not None and invocation.via in ("flask", "quart"):
            for name in source.bound:
                app = self.app(file, name)
                if app is not None and app.framework.slug == invocation.via:
                    return app
        return None

    def _app_target(self, app: App, base: str, module: str, port: int | None = None) -> Target:
        problems = self.problems(app.file, base, module)
        if app.framework.slug == "django":
            manage = self.manage_file([base, *ancestors(app.file)])
            if manage is not None:
                return self._manage_target(manage, port)
        framework = app.framework if app.framework.runs_by_object else GENERIC
        return Target(
            "app",
            framework,
            base,
            f"{module}:{app.attribute}",
            app.file,
            app.attribute,
            app.factory,
            app.line,
            port=port,
            problems=problems,
        )

    def app_target(self, app: App) -> Target | None:
        """The target of an application found in the code, started from the best folder."""
        root = self.best_root(app.file)
        if root is None:
            return None
        base, module, _ = root
        return self._app_target(app, base, module)

    def _resolve_path_app(self, invocation: Invocation, folders: Sequence[str]) -> Target | None:
        """`fastapi dev PATH`: the import root is the parent of the outermost package."""
        for base in folders:
            for path in _path_app_files(
                join(base, invocation.target) if invocation.target else base, invocation
            ):
                if not self.tree.has(path):
                    continue
                name = invocation.words[0] if invocation.words else ""
                app = self._first_app(path, name)
                root, module = self._package_root(path)
                if app is not None and module:
                    return self._app_target(app, root, module, invocation.port)
        return None

    def _first_app(self, path: str, name: str) -> App | None:
        source = self.index.source(path)
        if source is None:
            return None
        for attribute in [name] if name else ["app", "api", *source.bound]:
            app = self.app(path, attribute)
            if app is not None and not app.factory and app.framework is not GENERIC:
                return app
        return None

    def _package_root(self, path: str) -> tuple[str, str]:
        """Where fastapi's own rule puts the import root: above the outermost `__init__.py`."""
        folder = path.rpartition("/")[0]
        while folder and self.tree.has(f"{folder}/__init__.py"):
            folder = folder.rpartition("/")[0]
        # Below a package, first-party imports may say otherwise: `from src.x` needs the parent.
        best = self.best_root(path)
        if (
            best is not None
            and not best[2]
            and self.problems(path, folder, module_name(path, folder))
        ):
            return best[0], best[1]
        return folder, module_name(path, folder) or ""

    def manage_file(self, folders: Sequence[str]) -> str | None:
        """The first manage.py that is Django's: one that names its settings module."""
        for folder in folders:
            path = f"{folder}/manage.py" if folder else "manage.py"
            if self.is_django_manage(path):
                return path
        return None

    def is_django_manage(self, path: str) -> bool:
        """Whether a file sets DJANGO_SETTINGS_MODULE, as Django's manage.py does."""
        return self.tree.has(path) and "DJANGO_SETTINGS_MODULE" in (self.tree.read(path) or "")

    def _manage_target(self, path: str, port: int | None = None) -> Target:
        folder, _, name = path.rpartition("/")
        django = self._by_slug.get("django", SCRIPT)
        line = next(
            (
                n
                for n, text in enumerate(self.tree.lines(path), 1)
                if "DJANGO_SETTINGS_MODULE" in text
            ),
            0,
        )
        return Target("manage", django, folder, name, path, line=line, port=port)

    def _resolve_manage(self, invocation: Invocation, folders: Sequence[str]) -> Target | None:
        for base in folders:
            path = join(base, invocation.target)
            if self.is_django_manage(path):
                return self._manage_target(path, invocation.port)
            if self.tree.has(path):
                folder, _, name = path.rpartition("/")
                return Target("manage", GENERIC, folder, name, path, words=("runserver",))
        return None

    def _resolve_file(self, invocation: Invocation, folders: Sequence[str]) -> Target | None:
        path = next((p for f in folders if self.tree.has(p := join(f, invocation.target))), None)
        if path is None or not path.endswith(".py"):
            return None
        base = (
            path[: len(path) - len(invocation.target)].rstrip("/")
            if path.endswith(invocation.target)
            else ""
        )
        if invocation.kind == "ui":
            framework = self._by_slug.get(invocation.via, SCRIPT)
            return Target("ui", framework, base, invocation.target, path, port=invocation.port)
        served = self.served_by(path, None)
        if served is not None:
            return served._replace(port=served.port or invocation.port)
        return self.script_target(path, base, invocation.words, invocation.port)

    def script_target(
        self, path: str, base: str, words: tuple[str, ...] = (), port: int | None = None
    ) -> Target:
        """A file run by path; its own folder is what Python puts first on `sys.path`."""
        framework = self.framework_of_script(path) or SCRIPT
        entry = path[len(base) + 1 :] if base else path
        problems = self.problems(path, path.rpartition("/")[0], None)
        return Target(
            "script", framework, base, entry, path, words=words, port=port, problems=problems
        )

    def _resolve_module(self, invocation: Invocation, folders: Sequence[str]) -> Target | None:
        for base in folders:
            for place in (base, *self.installed(base)):
                file = self.importer.find_file(place, f"{invocation.target}.__main__") or (
                    self.importer.find_file(place, invocation.target)
                )
                if file is None:
                    continue
                served = self.served_by(file, place) if not invocation.words else None
                if served is not None:
                    return served
                framework = self.framework_of_script(file) or SCRIPT
                module = module_name(file, place)
                return Target(
                    "module",
                    framework,
                    base,
                    invocation.target,
                    file,
                    words=invocation.words,
                    port=invocation.port,
                    problems=self.problems(file, place, module),
                )
        return None

    def _resolve_command(self, declaration: Declaration) -> Target | None:
        """A console script: declared with `module:function` by its manifest."""
        invocation = declaration.invocation
        module, colon, attribute = invocation.via.partition(":")
        if not colon:
            return None
        folder = declaration.folder
        prefix = f"{folder}/" if folder else ""
        places = [
            folder,
            *(
                f"{prefix}{name}"
                for name in ("src", "src/py", "lib")
                if self.tree.has_folder(prefix + name)
            ),
        ]
        places += [f"{prefix}{module.partition('.')[0]}"]
        for place in places:
            file = self.importer.find_file(place, module)
            if file is None:
                continue
            framework = self._framework_behind(file, attribute) or SCRIPT
            problems = self.problems(file, place, module)
            return Target(
                "command", framework, folder, invocation.target, file, attribute, problems=problems
            )
        return None

    def _framework_behind(self, file: str, attribute: str, hops: int = 3) -> Framework | None:
        """The framework that a console script's function leads to."""
        source = self.index.source(file)
        if source is None or hops <= 0:
            return None
        head = attribute.partition(".")[0]
        if head in source.bound:
            found = self._framework_of(file, source, source.bound[head].callee, MAX_HOPS)
            if found is not None:
                return found
        if head in source.names and head not in source.functions:
            behind = self._definition(file, source.names[head])
            return self._framework_behind(behind[0], behind[1], hops - 1) if behind else None
        return self.framework_of_script(file)

    # --- what a script serves ------------------------------------------------------------------

    def served_by(self, path: str, place: str | None) -> Target | None:
        """The ASGI or WSGI application a file hands to a server when it is run, if it does.

        Args:
            path: The file.
            place: The folder first on `sys.path`; the file's own for a script (None).
        """
        source = self.index.source(path)
        if source is None:
            return None
        base = path.rpartition("/")[0] if place is None else place
        for call in source.calls:
            if call.callee != "uvicorn.run":
                continue
            named = call.args[0] if call.args else call.keywords.get("app")
            port = call.keywords.get("port")
            target = self._served(path, base, named, port if isinstance(port, int) else None)
            if target is not None:
                return target
        return None

    def _served(self, path: str, base: str, named: object, port: int | None) -> Target | None:
        if isinstance(named, str) and ":" in named:
            invocation = Invocation("app", named, "uvicorn", port=port)
            folders = [base, *ancestors(path)]
            return self._resolve_app(invocation, list(dict.fromkeys(folders)))
        if not isinstance(named, Reference):
            return None
        app = self.app(path, named.name)
        if app is None or app.framework is GENERIC or app.factory:
            return None
        source = self.index.source(path)
        imported = (
            source.names.get(named.name) if source and named.name not in source.bound else None
        )
        if imported:
            definition = self._definition(path, imported)
            if definition is not None:
                module = imported.rpartition(".")[0].lstrip(".")
                if module and self.importer.find_file(base, module) == definition[0]:
                    behind = self.app(*definition)
                    if behind is not None:
                        return self._app_target(behind, base, module, port)
        module = module_name(path, base)
        return self._app_target(app, base, module, port) if module else None

    def framework_of_script(self, path: str) -> Framework | None:
        """What kind of program a file is when it is run: by what it constructs and calls."""
        source = self.index.source(path)
        if source is None:
            return None
        for bound in source.bound.values():
            found = self._framework_of(path, source, bound.callee, MAX_HOPS)
            if found is not None and found.role is not found.role.CONSOLE:
                return found
        for call in source.calls:
            found = self._constructs.get(call.callee) or self._framework_of_call(path, call)
            if found is not None:
                return found
        for decorator, _ in source.decorators:
            for framework in self.frameworks:
                if decorator in framework.decorators:
                    return framework
        for bases in source.classes.values():
            for base in bases:
                if base in self._bases:
                    return self._bases[base]
        return None

    def _reachable(self, path: str) -> set[str]:
        """The top-level modules that a file or the project's files it imports ask for."""
        found: set[str] = set()
        for module in self.index.imported_modules(path):
            found.add(module.partition(".")[0])
            for base in self.manifest_folders()[:6]:
                file = self.importer.find_file(base, module)
                if file is not None:
                    found |= {m.partition(".")[0] for m in self.index.imported_modules(file)}
        return found

    def _framework_of_call(self, path: str, call: Call) -> Framework | None:
        is_launch = call.callee.endswith(".launch") and call.scope in ("module", "guard")
        if is_launch and "gradio" in self._reachable(path):
            return self._by_slug.get("gradio")
        if call.callee in ("uvicorn.run", "aiohttp.web.run_app", "hypercorn.run", "waitress.serve"):
            return self._by_slug.get("aiohttp") if "aiohttp" in call.callee else GENERIC
        for framework in self.frameworks:
            if any(call.callee.startswith(prefix) for prefix in framework.calls):
                return framework
        return None


def is_aside(path: str) -> bool:
    """Whether a file is a test, a sample, a one-off script or a leftover: no evidence."""
    return _ASIDE_FOLDER.search(path) is not None or _ASIDE_FILE.search(path) is not None


def _imports_factory(text: str) -> bool:
    return re.search(r"import .*\b(?:create|build|make|get)_\w*app", text) is not None


def _path_app_files(path: str, invocation: Invocation) -> list[str]:
    if path.endswith(".py"):
        return [path]
    names = ("main.py", "app.py", "api.py", "app/main.py", "app/app.py", "app/api.py")
    prefix = f"{path}/" if path else ""
    return [prefix + "__init__.py"] * bool(invocation.target) + [prefix + name for name in names]
