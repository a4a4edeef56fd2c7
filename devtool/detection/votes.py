"""Votes for launch targets: what declares or suggests each one, and how much that counts.

The weights are how often a source was right in labelled repositories; agreement of independent
sources adds up, and a target that does not resolve gets none.
"""

from __future__ import annotations

import re

from devtool.detection.apps import App
from devtool.detection.aside import is_aside
from devtool.detection.declaration import FIRM_SOURCES, PROSE_SOURCES, WEIGHTS, Declaration
from devtool.detection.frameworks import GENERIC
from devtool.detection.targets import Resolver, Target
from devtool.model.detection import Evidence, Note, Role, Strength

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

LIKELY_FOLDERS = frozenset({"backend", "server", "api", "chatbot_backend", "huggingface-backend"})
_UNLIKELY_FOLDERS = frozenset(
    (
        "services",
        "microservices",
        "frontend",
        "mcp",
        "mcp_server",
        "mcp-server",
        "infrastructure",
        "aiops",
        "deploy",
        "huggingface",
        "kagent",
        "functions",
        "lambda",
        "workers",
        "plugins",
    )
)
_LIKELY_NAMES = {
    "main": 2.0,
    "app": 1.0,
    "asgi": 1.0,
    "wsgi": 0.5,
    "server": 0.5,
    "index": 0.5,
    "api": 0.5,
}
STRUCTURE_SCALE = 2.5
MAX_STRUCTURE = 5.0
ENOUGH_FOR_PAGE = 2.0


class Votes:
    """One target with everything that speaks for it.

    `claimed` is what its sources weigh, `weight` what is left where its imports do not resolve,
    `best` the weight of the source whose spelling is kept.
    """

    def __init__(self, target: Target, evidence: Iterable[Evidence] = ()) -> None:
        self.target = target
        self.weight = 0.0
        self.claimed = 0.0
        self.best = 0.0
        self.evidence = list(evidence)
        self.sources: set[str] = set()

    @property
    def role(self) -> Role:
        """What the target is for."""
        return self.target.framework.role

    @property
    def declared(self) -> bool:
        """Whether anything but the code's shape and prose names it."""
        return bool(self.sources - PROSE_SOURCES - {"code"})

    def absorb(self, other: Votes) -> None:
        """Take over what speaks for a target that this one starts."""
        self.weight += other.weight
        self.claimed += other.claimed
        self.evidence += other.evidence
        self.target = self.target._replace(framework=other.target.framework)

    @property
    def project(self) -> str:
        """The folder it is started from."""
        return self.target.cwd


class Ballot:
    """Collects votes by what is started, whichever way it is spelled."""

    def __init__(self, resolver: Resolver) -> None:
        self.resolver = resolver
        self.by_identity: dict[tuple[str, str], Votes] = {}
        self.stale: list[Declaration] = []
        self.broken: list[Declaration] = []

    def add_declarations(self, declarations: Iterable[Declaration]) -> None:
        """Count every declaration that resolves; remember those that do not."""
        seen: dict[str, set[tuple[str, str]]] = {}
        declarations = list(declarations)
        scripts = [d for d in declarations if d.source == "console script"]
        self.resolver.scripts = {d.invocation.target: d for d in scripts}
        for declaration in declarations:
            target = self.resolver.resolve(declaration)
            if target is None:
                self._stale(declaration)
                continue
            if declaration.framework:
                target = target._replace(
                    framework=self.resolver.apps.by_slug[declaration.framework]
                )
            if is_aside(target.file) and declaration.source not in FIRM_SOURCES:
                continue
            before = seen.setdefault(declaration.source, set())
            weight = WEIGHTS[declaration.source]
            if declaration.source == "console script":
                weight = _script_weight(declaration, scripts)
            if target.identity in before:
                weight = 0.0
            elif before:
                weight *= 0.5
            before.add(target.identity)
            if target.kind == "manage" and self._is_inside_package(target):
                weight *= 0.3  # a package that carries its own manage.py is started otherwise
            self._vote(
                target,
                weight,
                _evidence_of(declaration),
                declaration.source,
            )

    def add_apps(self, apps: Iterable[App]) -> None:
        """Count every application that the code binds, by how it stands in the tree."""
        for app in apps:
            if app.framework.role is Role.CONSOLE:
                continue
            target = self._target_of(app)
            if target is None:
                continue
            weight = self._structure(app, target) / STRUCTURE_SCALE
            weight = min(max(weight, 0.1), MAX_STRUCTURE)
            made = "is made by" if app.factory else "creates"
            fact = (
                f"{app.attribute} {made} {app.framework.slug}"
                if app.factory
                else (f"{app.attribute} {made} {_made(app)}")
            )
            self._vote(target, weight, Evidence(fact, app.file, app.line), "code")

    def add_pages(self, pages: Iterable[Target]) -> None:
        """Count every file that is itself a page or a server of a framework started by file."""
        for page in pages:
            stem = page.file.rpartition("/")[2][:-3].lower()
            weight = ENOUGH_FOR_PAGE + 0.4 * _LIKELY_NAMES.get(stem, 0.0)
            weight += 0.5 * (stem in ("streamlit_app", "chatbot", "ui"))
            weight -= 0.4 * page.file.count("/")
            fact = f"is a {page.framework.slug} program"
            self._vote(page, weight, Evidence(fact, page.file, page.line), "code")

    def _is_inside_package(self, target: Target) -> bool:
        return self.resolver.tree.has(f"{target.cwd}/__init__.py" if target.cwd else "__init__.py")

    def join_commands(self) -> None:
        """Give a server found in a package's code to the console script that starts the package."""
        if any(v.role is Role.BACKEND for v in self.by_identity.values()):
            return
        commands = [v for v in self.by_identity.values() if v.target.kind == "command"]
        for key, votes in list(self.by_identity.items()):
            if votes.role is not Role.MCP or votes.target.kind != "script" or votes.declared:
                continue
            for command in commands:
                if _package(command.target.file) == _package(votes.target.file):
                    command.absorb(votes)
                    del self.by_identity[key]
                    break

    def _target_of(self, app: App) -> Target | None:
        if app.framework.runs_by_object or app.framework.slug == "django":
            return self.resolver.app_target(app)
        if app.factory:
            return None
        return self.resolver.script_target(app.file, "")._replace(framework=app.framework)

    def _structure(self, app: App, target: Target) -> float:
        """How much an application's place and company make it the one to start."""
        resolver = self.resolver
        folders = app.file.split("/")[:-1]
        stem = app.file.rpartition("/")[2][:-3]
        if stem == "__init__":
            stem = folders[-1] if folders else ""
        local = sum(
            i.module.startswith(".") or resolver.importer.find(target.cwd, i.module) is not None
            for i in resolver.index.imports(app.file)
        )
        lower = [folder.lower() for folder in folders]
        score = 2.0 * resolver.roots.has_manifest(target.cwd)
        score += 2.0 * (
            (not target.cwd and resolver.roots.has_manifest(""))
            or lower[-1:] == ["backend"]
            or lower[-1:] == ["server"]
        )
        score += min(local, 6) * 0.6
        score += _LIKELY_NAMES.get(stem, -1.0)
        score += 0.5 * (app.attribute in ("app", "application"))
        score -= 0.4 * len(folders)
        score -= 3.0 * any(folder in _UNLIKELY_FOLDERS for folder in lower)
        score += 2.0 * any(folder in LIKELY_FOLDERS for folder in lower)
        return score - 1.0 * app.factory

    def _vote(self, target: Target, weight: float, evidence: Evidence, source: str) -> None:
        votes = self.by_identity.setdefault(target.identity, Votes(target))
        votes.claimed += weight
        weight *= _soundness(target)
        votes.weight += weight
        if weight > votes.best:
            votes.best = weight
            votes.target = _merge(target, votes.target)
        else:
            votes.target = _merge(votes.target, target)
        if evidence not in votes.evidence:
            votes.evidence.append(evidence)
        votes.sources.add(source)

    def _stale(self, declaration: Declaration) -> None:
        if declaration.source in FIRM_SOURCES:
            self.broken.append(declaration)
        elif declaration.invocation.kind in ("app", "manage", "module", "ui", "path-app", "script"):
            self.stale.append(declaration)

    def stale_servers(self) -> list[Evidence]:
        """Deployment files that start a web server whose code is not in this tree."""
        return [
            _evidence_of(declaration)
            for declaration in self.stale
            if declaration.source not in PROSE_SOURCES
            and declaration.invocation.kind in ("app", "path-app", "manage")
        ]

    def ranked(self) -> list[Votes]:
        """Every target, the best supported first."""
        return sorted(
            self.by_identity.values(),
            key=lambda votes: (-votes.weight, votes.target.cwd, votes.target.entry),
        )


def _merge(first: Target, second: Target) -> Target:
    """The better supported spelling, with what only the other one knew."""
    framework = first.framework
    if framework is GENERIC and second.framework is not GENERIC and second.framework.runs_by_object:
        framework = second.framework
    if not first.words and second.words and first.kind == second.kind == "command":
        first, framework = first._replace(words=second.words), second.framework
    return first._replace(framework=framework, port=first.port or second.port)


def _package(path: str) -> str:
    """The import package that a file belongs to, as a path."""
    parts = path.split("/")[:-1]
    return "/".join(parts[:2] if parts[:1] == ["src"] else parts[:1])


def _soundness(target: Target) -> float:
    """What unresolved imports and depth leave of a vote."""
    sound = 0.3 if target.problems else 1.0
    return sound * (0.8 if "/" in target.cwd else 1.0)


def _script_weight(declaration: Declaration, scripts: Sequence[Declaration]) -> float:
    here = [s for s in scripts if s.folder == declaration.folder]
    named = "named" in declaration.invocation.words
    weight = WEIGHTS["console script"]
    if len(here) == 1 or named:
        return weight + (1.0 if named else 0.0)
    return weight / 4


def _made(app: App) -> str:
    made = (
        app.framework.constructs[0].rpartition(".")[2]
        if app.framework.constructs
        else app.framework.slug
    )
    return f"{made}()"


def _evidence_of(declaration: Declaration) -> Evidence:
    strength = Strength.HINT if declaration.source in PROSE_SOURCES else Strength.PROOF
    named = declaration.invocation.target or declaration.invocation.via
    return Evidence(
        f"{declaration.source} names {named}",
        declaration.path,
        declaration.line,
        strength,
        declaration.source,
    )


def near_misses(ballot: Ballot) -> list[Note]:
    """Declarations that name something which is not there."""
    found = []
    for declaration in ballot.stale:
        if declaration.source in PROSE_SOURCES:
            continue
        named = re.sub(r"\s+", " ", declaration.invocation.target)
        found.append(
            Note(
                f"{declaration.source} names {named}, which is not there",
                declaration.path,
                declaration.line,
                "near miss",
            )
        )
    return found
