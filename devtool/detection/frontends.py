"""Frontends: a package.json whose dependencies name a framework and whose script starts it."""

from __future__ import annotations

import re

from devtool.detection.aside import is_aside
from devtool.detection.commands import split_line
from devtool.detection.frameworks import Framework
from devtool.detection.pattern import Pattern
from devtool.detection.tree import SourceTree
from devtool.model.detection import Component, Evidence, Role, Start

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# Variables by which frontends are told where their backend is, and the address they fall back on.
_BACKEND_VARIABLE = Pattern(
    r"(?:\b(?P<public>(?:NEXT_PUBLIC|VITE|PUBLIC|NUXT_PUBLIC|REACT_APP|EXPO_PUBLIC)_"
    r"(?:API|BACKEND|SERVER)(?:_BASE|_SERVER|_BACKEND|_API)?(?:_URL|_URI|_HOST|_ENDPOINT|_BASE)?)\b"
    r"|process\.env\.(?P<plain>(?:API|BACKEND|SERVER)(?:_BASE|_SERVER|_BACKEND|_API)?_(?:URL|ORIGIN))\b"
    r"|^(?P<named>(?:API|BACKEND|SERVER)(?:_BASE|_SERVER|_BACKEND|_API)?_(?:URL|ORIGIN))(?==))"
    r"(?:\s*(?:=|\?\?|\|\|)\s*[\"'`]?https?://(?P<host>[\w.-]+)(?::\d+)?(?P<route>/[\w/.-]*)?)?",
    re.MULTILINE,
)
_OWN_FILES = (".env", ".env.local", ".env.development", ".env.development.local")
_LOCAL_HOSTS = ("localhost", "127.0.0.1", "0.0.0.0")  # noqa: S104  # compared with, not bound
_SOURCE_SUFFIXES = (".ts", ".tsx", ".js", ".jsx", ".mjs", ".vue", ".svelte", ".astro", ".html")
MAX_VARIABLE_FILES = 60


def frontends(tree: SourceTree, frameworks: Sequence[Framework]) -> list[Component]:
    """Every frontend, the one at the most usual place first."""
    tables = [f for f in frameworks if f.npm]
    found: list[tuple[tuple[int, int, str], Component]] = []
    for path in tree.named("package.json"):
        folder = path.rpartition("/")[0]
        if is_aside(f"{folder}/") or path.count("/") > 4:
            continue
        component = _frontend(tree, path, folder, tables)
        if component is not None:
            found.append(((not is_usual(folder), folder.count("/"), folder), component))
    pages = [component for _, component in sorted(found, key=lambda item: item[0])]
    sources = {f.slug: f.sources for f in tables}
    return [page for page in pages if not _is_shell(tree, page, sources[page.framework], pages)]


def _is_shell(
    tree: SourceTree, page: Component, sources: tuple[str, ...], pages: Sequence[Component]
) -> bool:
    """Whether a package only holds the tools of the frontends below it, and no page of its own."""
    prefix = f"{page.root}/" if page.root else ""
    if not sources or any(tree.has_folder(prefix + source) for source in sources):
        return False
    return any(other is not page and other.root.startswith(prefix) for other in pages)


def is_usual(folder: str) -> bool:
    """Whether a folder is the place where a project's own frontend usually is."""
    return folder.rpartition("/")[2] in ("frontend", "web", "client", "ui", "")


def _frontend(
    tree: SourceTree, path: str, folder: str, tables: Sequence[Framework]
) -> Component | None:
    package = tree.json(path)
    dependencies = _names(package.get("dependencies")) | _names(package.get("devDependencies"))
    framework = next((f for f in tables if dependencies & set(f.npm)), None)
    scripts = package.get("scripts")
    if framework is None or not isinstance(scripts, dict):
        return None
    script = next((s for s in framework.default_script if isinstance(scripts.get(s), str)), None)
    if script is None or not _starts_here(scripts[script]):
        return None
    if not _has_source(tree, folder):
        return None
    port = _port(scripts[script]) or framework.start.port
    start = framework.start
    return Component(
        role=Role.FRONTEND,
        framework=framework.slug,
        root=folder,
        entry=script,
        start=Start(
            argv=start.argv,
            cwd=folder,
            address=start.address,
            env=(
                *start.env,
                *backend_variables(tree, folder).items(),
            ),
            port=port,
        ),
        evidence=(
            Evidence(
                f"depends on {next(n for n in framework.npm if n in dependencies)}",
                path,
                _line(tree, path, *[f'"{n}"' for n in framework.npm]),
                source="package.json",
            ),
            Evidence(
                f'script "{script}": {scripts[script]}',
                path,
                _line(tree, path, f'"{script}"'),
                source="package.json",
            ),
        ),
    )


def _names(value: object) -> set[str]:
    return {str(name) for name in value} if isinstance(value, dict) else set()


def _starts_here(command: str) -> bool:
    """Whether a script starts this folder's own server, and not others'."""
    if re.search(
        r"concurrently|npm-run-all|turbo\b|\bnx\b|lerna|workspace|--filter|\bbuild\b", command
    ):
        return False
    return split_line(command)[:1] != ["cd"]


def _has_source(tree: SourceTree, folder: str) -> bool:
    prefix = f"{folder}/" if folder else ""
    return any(
        path.startswith(prefix)
        and path.endswith((*_SOURCE_SUFFIXES, ".json"))
        and path != f"{prefix}package.json"
        for path in tree.files
    )


def _port(command: str) -> int | None:
    match = re.search(r"(?:--port|-p|PORT)[= ](\d{2,5})\b", command)
    return int(match[1]) if match and int(match[1]) < 65536 else None


def _line(tree: SourceTree, path: str, *needles: str) -> int:
    for number, line in enumerate(tree.lines(path), 1):
        if any(needle in line for needle in needles):
            return number
    return 0


def backend_variables(tree: SourceTree, folder: str) -> dict[str, str]:
    """The variables by which a frontend asks where its backend is -> what to set each to.

    The path that an example or a default in the code has (`http://localhost:8000/api`) is kept; a
    variable that the frontend's own file points at another machine is left alone.
    """
    prefix = f"{folder}/" if folder else ""
    found: dict[str, str] = {}
    elsewhere: set[str] = set()
    for path in _variable_files(tree, prefix):
        is_own = path.rpartition("/")[2] in _OWN_FILES
        for match in _BACKEND_VARIABLE.finditer(tree.read(path) or ""):
            name = match["public"] or match["plain"] or match["named"]
            host, route = match["host"] or "", (match["route"] or "").rstrip("/")
            if is_own and host and host not in _LOCAL_HOSTS:
                elsewhere.add(name)
            if not found.get(name) or route:
                found[name] = f"{{backend_url}}{route}"
    return {name: value for name, value in found.items() if name not in elsewhere}


def _variable_files(tree: SourceTree, prefix: str) -> Iterator[str]:
    names = (".env.example", ".env.local.example", ".env.sample", *_OWN_FILES)
    examples = [f"{prefix}{name}" for name in names]
    yield from (path for path in examples if tree.has(path))
    count = 0
    for path in tree.files:
        if not path.startswith(prefix) or not path.endswith(_SOURCE_SUFFIXES[:5]):
            continue
        if not re.search(
            r"api|client|config|http|fetch|axios|env|lib/|services/", path[len(prefix) :]
        ):
            continue
        yield path
        count += 1
        if count >= MAX_VARIABLE_FILES:
            return


def static_site(tree: SourceTree, framework: Framework) -> Component | None:
    """A plain HTML frontend: an index.html beside a backend, with nothing to build it."""
    for folder in ("frontend", "public", "static", "web", "client", "www", "site", ""):
        path = f"{folder}/index.html" if folder else "index.html"
        package = f"{folder}/package.json" if folder else "package.json"
        if tree.has(path) and not tree.has(package):
            return Component(
                role=Role.FRONTEND,
                framework=framework.slug,
                root=folder,
                entry=".",
                start=Start(argv=framework.start.argv, cwd=folder, port=framework.start.port),
                evidence=(Evidence("is a page with nothing to build it", path, 1),),
            )
    return None
