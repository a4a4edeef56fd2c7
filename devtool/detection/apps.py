"""Application objects and programs in the code, followed to the framework that makes them."""

from __future__ import annotations

import re
from itertools import chain
from typing import NamedTuple

from devtool.detection.aside import is_aside
from devtool.detection.frameworks import GENERIC, Framework
from devtool.detection.imports import Importer, ancestors
from devtool.detection.pattern import Pattern
from devtool.detection.pysource import Call, PythonIndex, Source
from devtool.detection.roots import Roots
from devtool.model.detection import Role

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MAX_HOPS = 5
MANY_CALLS = 3
MAX_CODE_FILES = 1_600
_FACTORY_NAME = Pattern(
    r"(?:create|build|make|get|init|setup)_?\w*(?:app|application|server|asgi|wsgi)$", re.IGNORECASE
)


class App(NamedTuple):
    """An application object or factory, followed to what makes it."""

    framework: Framework
    file: str
    attribute: str
    factory: bool
    line: int
    required: int = 0


class Apps:
    """What the Python files of one tree bind and run."""

    def __init__(
        self, index: PythonIndex, importer: Importer, roots: Roots, frameworks: Sequence[Framework]
    ) -> None:
        self.index = index
        self.tree = index.tree
        self.importer = importer
        self.roots = roots
        self.frameworks = tuple(frameworks)
        self._constructs = {c: f for f in frameworks for c in f.constructs}
        self._bases = {b: f for f in frameworks for b in f.bases}
        self.by_slug = {f.slug: f for f in frameworks}
        # Library -> the names of its constructors.
        self._makers: dict[str, list[str]] = {}
        for dotted in self._constructs:
            top, name = dotted.partition(".")[0], dotted.rpartition(".")[2]
            self._makers.setdefault(top, []).append(name)

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
        found = self.definition(path, dotted)
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

    def definition(self, path: str, dotted: str) -> tuple[str, str] | None:
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
        if callee in source.classes:
            return self._framework_of_class(path, source, callee, hops)
        made_by = ""
        if callee in source.functions:
            made_by = source.functions[callee].returns
        elif callee in source.bound:
            made_by = source.bound[callee].callee
        if callee in source.functions or callee in source.bound:
            again = made_by != callee
            return self._framework_of(path, source, made_by, hops - 1) if again else None
        return self._framework_behind_import(path, callee, hops)

    def _framework_of_class(
        self, path: str, source: Source, name: str, hops: int
    ) -> Framework | None:
        for base in source.classes[name]:
            found = self._bases.get(base) or self._framework_of(path, source, base, hops - 1)
            if found is not None:
                return found
        return None

    def _framework_behind_import(self, path: str, callee: str, hops: int) -> Framework | None:
        found_at = self.definition(path, callee)
        behind = self.index.source(found_at[0]) if found_at is not None else None
        if found_at is None or behind is None:
            return None
        file, name = found_at
        if name in behind.names and name not in behind.functions:
            name = behind.names[name]
        return self._framework_of(file, behind, name, hops - 1)

    def code_apps(self) -> Iterator[App]:
        """Every application object and parameterless factory bound at module level."""
        for path in self.tree.python_files[:MAX_CODE_FILES]:
            if not is_aside(path) and self._may_hold_app(path):
                yield from self._apps_of(path)

    def _may_hold_app(self, path: str) -> bool:
        """Whether it is worth parsing a file: it names a constructor and imports its library."""
        text = self.tree.read(path)
        if text is None:
            return False
        modules = {module.partition(".")[0] for module in self.index.imported_modules(path)}
        if any(name in text for top in modules & self._makers.keys() for name in self._makers[top]):
            return True
        return _imports_factory(text)

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

    def is_page(self, path: str, framework: Framework) -> bool:
        """Whether a file is a page of a framework: by its module-level calls or decorators."""
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

    def framework_behind(self, file: str, attribute: str, hops: int = 3) -> Framework | None:
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
            behind = self.definition(file, source.names[head])
            return self.framework_behind(behind[0], behind[1], hops - 1) if behind else None
        return self.framework_of_script(file)

    def framework_of_script(self, path: str) -> Framework | None:
        """What kind of program a file is when it is run: by what it constructs and calls."""
        source = self.index.source(path)
        if source is None:
            return None
        made = (
            self._framework_of(path, source, bound.callee, MAX_HOPS)
            for bound in source.bound.values()
        )
        serving = (f for f in made if f is not None and f.role is not Role.CONSOLE)
        called = (
            self._constructs.get(call.callee) or self._framework_of_call(path, call)
            for call in source.calls
        )
        decorated = (
            framework
            for name, _ in source.decorators
            for framework in self.frameworks
            if name in framework.decorators
        )
        derived = (self._bases.get(base) for bases in source.classes.values() for base in bases)
        return next((f for f in chain(serving, called, decorated, derived) if f is not None), None)

    def _reachable(self, path: str) -> set[str]:
        """The top-level modules that a file or the project's files it imports ask for."""
        found: set[str] = set()
        for module in self.index.imported_modules(path):
            found.add(module.partition(".")[0])
            for base in self.roots.manifest_folders()[:6]:
                file = self.importer.find_file(base, module)
                if file is not None:
                    found |= {m.partition(".")[0] for m in self.index.imported_modules(file)}
        return found

    def _framework_of_call(self, path: str, call: Call) -> Framework | None:
        is_launch = call.callee.endswith(".launch") and call.scope in ("module", "guard")
        if is_launch and "gradio" in self._reachable(path):
            return self.by_slug.get("gradio")
        if call.callee in ("uvicorn.run", "aiohttp.web.run_app", "hypercorn.run", "waitress.serve"):
            return self.by_slug.get("aiohttp") if "aiohttp" in call.callee else GENERIC
        for framework in self.frameworks:
            if any(call.callee.startswith(prefix) for prefix in framework.calls):
                return framework
        return None


def _imports_factory(text: str) -> bool:
    return re.search(r"import .*\b(?:create|build|make|get)_\w*app", text) is not None
