"""From what is declared, and from what the code binds, to launch targets that are really there.

A target is believed when its module resolves to a file from some folder, the attribute is bound
there, and everything it imports of the project resolves from that folder too.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from devtool.detection.apps import App, Apps
from devtool.detection.aside import is_aside
from devtool.detection.commands import Invocation, join
from devtool.detection.declaration import Declaration
from devtool.detection.frameworks import GENERIC, SCRIPT, Framework
from devtool.detection.imports import Importer, Problem, ancestors, module_name
from devtool.detection.pysource import PythonIndex, Reference
from devtool.detection.roots import Roots
from devtool.model.detection import Role

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SERVING_COMMANDS = ("serve", "server", "start", "run", "runserver", "web", "dev", "develop", "api")
SERVER_LIBRARIES = frozenset(
    {
        *("fastapi", "flask", "starlette", "uvicorn", "django", "aiohttp", "litestar", "sanic"),
        *("quart", "tornado", "gunicorn", "hypercorn", "granian", "waitress"),
    }
)
# The settings may come from an environment file instead.
MANAGE_MARKS = ("DJANGO_SETTINGS_MODULE", "execute_from_command_line(")
USUAL_ROOTS = ("backend", "server", "api", "app", "src")


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


class Resolver:
    """Checks targets against the files of one tree."""

    def __init__(self, index: PythonIndex, frameworks: Sequence[Framework]) -> None:
        self.index = index
        self.tree = index.tree
        self.importer = Importer(index)
        self.roots = Roots(index, self.importer)
        self.apps = Apps(index, self.importer, self.roots, frameworks)
        self.frameworks = tuple(frameworks)
        self.scripts: dict[str, Declaration] = {}

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
            return self._resolve_named_command(declaration)
        if invocation.kind == "task":
            place, name = declaration.folder, invocation.target
            return Target("task", GENERIC, place, name, "", words=(invocation.via,))
        if invocation.kind in ("langgraph", "reflex"):
            framework = self.apps.by_slug.get(invocation.kind, GENERIC)
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
        found += [start, *ancestors(start), own, *ancestors(own), *self.roots.manifest_folders()]
        found += [folder for folder in USUAL_ROOTS if self.tree.has_folder(folder)]
        return [f for f in dict.fromkeys(found) if not f or self.tree.has_folder(f)]

    def _resolve_app(self, invocation: Invocation, folders: Sequence[str]) -> Target | None:
        module, _, attribute = invocation.target.partition(":")
        best: Target | None = None
        for base in folders:
            file, app = None, None
            for place in (base, *self.roots.installed(base)):
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
            app = self.apps.app(file, name)
            if app is not None and (not app.factory or app.required == 0):
                return app
        source = self.index.source(file)
        if not attribute and source is not None and invocation.via in ("flask", "quart"):
            for name in source.bound:
                app = self.apps.app(file, name)
                if app is not None and app.framework.slug == invocation.via:
                    return app
        return None

    def _app_target(self, app: App, base: str, module: str, port: int | None = None) -> Target:
        problems = self.roots.problems(app.file, base, module)
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

    def made_at(self, target: Target) -> tuple[str, str]:
        """The file and name that an application object has where it is made."""
        source = self.index.source(target.file) if target.kind == "app" else None
        name = target.attribute
        if source is None or name in source.bound or name not in source.names:
            return target.identity
        return self.apps.definition(target.file, source.names[name]) or target.identity

    def app_target(self, app: App) -> Target | None:
        """The target of an application found in the code, started from the best folder."""
        root = self.roots.best_root(app.file)
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
            app = self.apps.app(path, attribute)
            if app is not None and not app.factory and app.framework is not GENERIC:
                return app
        return None

    def _package_root(self, path: str) -> tuple[str, str]:
        """Where fastapi's own rule puts the import root: above the outermost `__init__.py`."""
        folder = path.rpartition("/")[0]
        while folder and self.tree.has(f"{folder}/__init__.py"):
            folder = folder.rpartition("/")[0]
        # Below a package, first-party imports may say otherwise: `from src.x` needs the parent.
        best = self.roots.best_root(path)
        if (
            best is not None
            and not best[2]
            and self.roots.problems(path, folder, module_name(path, folder))
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
        """Whether a file is Django's manage.py: it names settings or hands over to Django."""
        text = self.tree.read(path) if self.tree.has(path) else None
        return text is not None and any(mark in text for mark in MANAGE_MARKS)

    def _manage_target(self, path: str, port: int | None = None) -> Target:
        folder, _, name = path.rpartition("/")
        django = self.apps.by_slug.get("django", SCRIPT)
        line = next(
            (
                n
                for n, text in enumerate(self.tree.lines(path), 1)
                if any(mark in text for mark in MANAGE_MARKS)
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
            framework = self.apps.by_slug.get(invocation.via, SCRIPT)
            return Target("ui", framework, base, invocation.target, path, port=invocation.port)
        served = self.served_by(path, None)
        if served is not None:
            return served._replace(port=served.port or invocation.port)
        return self.script_target(path, base, invocation.words, invocation.port)

    def script_target(
        self, path: str, base: str, words: tuple[str, ...] = (), port: int | None = None
    ) -> Target:
        """A file run by path; its own folder is what Python puts first on `sys.path`."""
        framework = self.apps.framework_of_script(path) or SCRIPT
        entry = path[len(base) + 1 :] if base else path
        problems = self.roots.problems(path, path.rpartition("/")[0], None)
        return Target(
            "script", framework, base, entry, path, words=words, port=port, problems=problems
        )

    def _resolve_module(self, invocation: Invocation, folders: Sequence[str]) -> Target | None:
        for base in folders:
            for place in (base, *self.roots.installed(base)):
                file = self.importer.find_file(place, f"{invocation.target}.__main__") or (
                    self.importer.find_file(place, invocation.target)
                )
                if file is None:
                    continue
                served = self.served_by(file, place) if not invocation.words else None
                if served is not None:
                    return served
                framework = self.apps.framework_of_script(file) or SCRIPT
                module = module_name(file, place)
                return Target(
                    "module",
                    framework,
                    base,
                    invocation.target,
                    file,
                    words=invocation.words,
                    port=invocation.port,
                    problems=self.roots.problems(file, place, module),
                )
        return None

    def _resolve_named_command(self, declaration: Declaration) -> Target | None:
        """A console script, by its own declaration or by a command line that uses it."""
        if declaration.source == "console script":
            return self._resolve_command(declaration)
        script = self.scripts.get(declaration.invocation.target)
        target = self._resolve_command(script) if script is not None else None
        if target is None:
            return None
        words = self._serving_words(target, declaration.invocation.words)
        if not words:
            return target
        framework = target.framework
        if framework.role is Role.CONSOLE:
            framework = GENERIC
        return target._replace(words=words, framework=framework, port=declaration.invocation.port)

    def _serving_words(self, target: Target, words: tuple[str, ...]) -> tuple[str, ...]:
        """The sub-command by which a program serves, if its code has one of that name."""
        serves = words[:1] and words[0] in SERVING_COMMANDS
        if not serves or not SERVER_LIBRARIES & self.roots.dependencies(target.file):
            return ()
        package = target.file.partition("/")[0] + "/"
        word = re.escape(words[0])
        named = re.compile(rf"\bdef {word}\b|[\"']{word}[\"']")
        for path in self.tree.python_files:
            if path.startswith(package) and named.search(self.tree.read(path) or ""):
                return words[:2]
        return ()

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
            framework = self.apps.framework_behind(file, attribute) or SCRIPT
            problems = self.roots.problems(file, place, module)
            return Target(
                "command", framework, folder, invocation.target, file, attribute, problems=problems
            )
        return None

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
        app = self.apps.app(path, named.name)
        if app is None or app.framework is GENERIC or app.factory:
            return None
        imported = self._imported_target(path, base, named.name, port)
        if imported is not None:
            return imported
        own = module_name(path, base)
        return self._app_target(app, base, own, port) if own else None

    def _imported_target(self, path: str, base: str, name: str, port: int | None) -> Target | None:
        """The application that a script imports by name, started from where it is defined."""
        source = self.index.source(path)
        if source is None or name in source.bound or name not in source.names:
            return None
        definition = self.apps.definition(path, source.names[name])
        module = source.names[name].rpartition(".")[0].lstrip(".")
        if definition is None or self.importer.find_file(base, module) != definition[0]:
            return None
        behind = self.apps.app(*definition)
        return self._app_target(behind, base, module, port) if behind is not None else None

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
        if framework.constructs and framework.role is not Role.MCP:
            yield from self._programs_of(framework)
        if not (framework.calls or framework.decorators):
            return
        for path in self.tree.python_files:
            if is_aside(path) or path.split("/")[-2:-1] == ["pages"]:
                continue
            if library in self.index.imported_modules(path) and self.apps.is_page(path, framework):
                line = self.index.imported_modules(path)[library]
                yield Target("ui", framework, "", path, path, line=line)

    def _programs_of(self, framework: Framework) -> Iterator[Target]:
        """Programs that make their application in a function: no name of the module holds it."""
        libraries = {dotted.partition(".")[0] for dotted in framework.constructs}
        for path in self.tree.python_files:
            asked = {module.partition(".")[0] for module in self.index.imported_modules(path)}
            if is_aside(path) or not libraries & asked:
                continue
            source = self.index.source(path)
            if source is None or not source.guard:
                continue
            line = next((c.line for c in source.calls if c.callee in framework.constructs), 0)
            if line:
                target = self.script_target(path, "")
                yield target._replace(framework=framework, line=line)


def _path_app_files(path: str, invocation: Invocation) -> list[str]:
    if path.endswith(".py"):
        return [path]
    prefix = f"{path}/" if path else ""
    found = [f"{prefix}__init__.py"] if invocation.target else []
    # The order in which fastapi's own command looks for an application.
    usual = ("main.py", "app.py", "api.py", "app/main.py", "app/app.py", "app/api.py")
    return [*found, *(prefix + name for name in usual)]
