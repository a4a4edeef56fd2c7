"""The questions asked of a tree, in order, and the answer with its reasons.

What to start is decided by agreement of independent sources that the files bear out; where
rivals are as well supported, or nothing is, the answer is a refusal that lists them.
"""

from __future__ import annotations

import os
from typing import NamedTuple

from devtool.detection.aside import is_aside
from devtool.detection.consoles import Console, consoles
from devtool.detection.declaration import Declaration, Pin, pinned
from devtool.detection.declared import declarations
from devtool.detection.frameworks import FRAMEWORKS, SCRIPT, Framework
from devtool.detection.frontends import frontends, is_usual, static_site
from devtool.detection.layers import (
    ai_evidence,
    event_evidence,
    kubernetes_evidence,
    queue_evidence,
    web_imports,
)
from devtool.detection.listening import Listening, listening
from devtool.detection.origins import origin_variables
from devtool.detection.phases import DEFAULT_DESCRIPTION, phase_of
from devtool.detection.projects import (
    MANY,
    Collection,
    collection,
    phase_folders,
    project_folder,
    template_reason,
)
from devtool.detection.pysource import PythonIndex
from devtool.detection.targets import Resolver, Target
from devtool.detection.toolchain import javascript_toolchain, python_toolchain
from devtool.detection.tree import SourceTree
from devtool.detection.votes import Ballot, Votes, near_misses
from devtool.model.detection import (
    Candidate,
    Component,
    Detection,
    Evidence,
    Phase,
    Project,
    Role,
    Start,
    Strength,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SERVING = (Role.BACKEND, Role.UI, Role.MCP)
ENOUGH = 1.0
SURE = 2.0
MANY_PROJECTS = 8
_PIN_HINT = 'name it in devtool.toml: [services.backend] entry = "module:app"'
RIVAL_SHARE = 0.8
TWIN_SHARE = 0.97
ENOUGH_CONSOLE = -2.0
SURE_CONSOLE = 0.5
MANY_SCRIPTS = 15
FREE_TO_ALL = 1024


class Refusal(NamedTuple):
    """Why nothing is offered for starting."""

    kind: str
    reason: str
    hint: str


class Choice(NamedTuple):
    """What was chosen, or why nothing was."""

    chosen: tuple[Votes, ...]
    rivals: tuple[Votes, ...] = ()
    refusal: Refusal | None = None
    pages: tuple[Component, ...] = ()


class Findings(NamedTuple):
    """Everything that was found in a tree, before anything is decided."""

    tree: SourceTree
    table: tuple[Framework, ...]
    resolver: Resolver
    ballot: Ballot
    ranked: tuple[Votes, ...]
    consoles: tuple[Console, ...]
    pages: tuple[Component, ...]
    group: Collection | None

    @property
    def serving(self) -> list[Votes]:
        """The targets that answer requests, the best supported first."""
        return [votes for votes in self.ranked if votes.role in SERVING]


def examine(
    tree: SourceTree, frameworks: Sequence[Framework] = (), pins: Sequence[Pin] = ()
) -> Detection:
    """Everything that devtool knows of a tree."""
    found = _find(tree, (*frameworks, *FRAMEWORKS), pins)
    choice = _choose(found)
    signals, proofs = _signals(found)
    projects = _projects(found)
    phase, description = _phase(found, signals, projects)
    components = tuple(_with_toolchain(tree, c) for c in _components(found, choice))
    refusal = choice.refusal
    if refusal is None and not components:
        refusal = Refusal("undetected", "nothing here starts", _PIN_HINT)
    return Detection(
        root=str(tree.root),
        phase=phase,
        description=description,
        components=components if refusal is None else (),
        evidence=tuple(proofs),
        layers=tuple(sorted(signals)),
        projects=projects,
        candidates=(
            *map(_candidate, choice.rivals),
            *(_page_candidate(_with_toolchain(tree, page)) for page in choice.pages),
        ),
        near_misses=tuple(near_misses(found.ballot)),
        notes=tuple(tree.notes),
        default=description == DEFAULT_DESCRIPTION,
        refusal=refusal.kind if refusal else "",
        refusal_reason=refusal.reason if refusal else "",
        refusal_hint=refusal.hint if refusal else "",
    )


def _find(tree: SourceTree, table: tuple[Framework, ...], pins: Sequence[Pin]) -> Findings:
    resolver = Resolver(PythonIndex(tree), table)
    declared = [*map(pinned, pins), *declarations(tree)]
    ballot = Ballot(resolver)
    ballot.add_declarations(declared)
    ballot.add_apps(resolver.apps.code_apps())
    ballot.add_pages(resolver.code_pages())
    ballot.join_commands()
    ranked = ballot.ranked()
    serving = [votes for votes in ranked if votes.role in SERVING]
    return Findings(
        tree=tree,
        table=table,
        resolver=resolver,
        ballot=ballot,
        ranked=tuple(ranked),
        consoles=tuple(consoles(resolver, declared, SCRIPT)),
        pages=tuple(frontends(tree, table)),
        group=collection(tree, serving or ranked),
    )


# --- what to start -----------------------------------------------------------------------------


def _choose(found: Findings) -> Choice:
    if found.ballot.broken:
        return Choice((), refusal=_broken(found.ballot.broken[0]))
    settled = [votes for votes in found.ranked if "devtool.toml" in votes.sources]
    if settled:
        return Choice(tuple(settled))
    reason = template_reason(found.tree)
    if reason:
        return Choice((), refusal=Refusal("undetected", reason, "generate a project from it first"))
    if found.group is not None:
        return Choice((), tuple(found.serving or found.ranked), _several(found.group))
    strong = [votes for votes in found.serving if votes.claimed >= ENOUGH]
    if not strong or (_is_stray(strong[0]) and _has_declared_program(found.ballot)):
        return _choose_page(found)
    top = strong[0]
    rivals = _rivals(found, strong, top)
    if rivals:
        reason = f"{len(rivals) + 1} targets are equally well supported"
        return Choice((), (top, *rivals), Refusal("ambiguous", reason, _settle(top)))
    if top.target.problems:
        return Choice((), (top,), _unimportable(top))
    return Choice((top, *_companions(strong, top)))


def _choose_page(found: Findings) -> Choice:
    """Nothing to choose, unless frontends stand side by side and none at a usual place."""
    pages = found.pages
    if len(pages) < MANY or is_usual(pages[0].root):
        return Choice(())
    reason = f"{len(pages)} frontends stand side by side"
    hint = f"choose one: devtool run -C {pages[0].root}"
    return Choice((), refusal=Refusal("ambiguous", reason, hint), pages=pages)


def _is_stray(votes: Votes) -> bool:
    """Whether only the code's shape, and not much of it, speaks for an application."""
    return not votes.declared and votes.weight < SURE


def _has_declared_program(ballot: Ballot) -> bool:
    """Whether something else is said to be started: a stray application then decides nothing."""
    return any(
        votes.role is Role.CONSOLE
        and votes.target.kind in ("script", "command")
        and votes.claimed >= SURE
        for votes in ballot.by_identity.values()
    )


def _broken(declaration: Declaration) -> Refusal:
    line = f":{declaration.line}" if declaration.line else ""
    where = declaration.path + line
    named = declaration.invocation.target
    return Refusal(
        "invalid",
        f"{where} names {named}, which is not there",
        f"correct it, or remove it from {declaration.path}",
    )


def _several(group: Collection) -> Refusal:
    first = group.folders[-1]
    return Refusal("ambiguous", group.reason, f"choose one: devtool run -C {first}")


def _unimportable(votes: Votes) -> Refusal:
    problem = votes.target.problems[0]
    return Refusal(
        "invalid",
        f"{votes.target.entry} cannot be imported: {problem.path} imports {problem.module}, "
        "which resolves from no folder",
        "correct the import, or name another entry: " + _settle(votes),
    )


def _rivals(found: Findings, strong: Sequence[Votes], top: Votes) -> list[Votes]:
    """Targets of the same role with as much support: in another project, or all but equal in it."""
    home = project_folder(found.tree, top.target)
    made_at = found.resolver.made_at(top.target)
    rivals = []
    for votes in strong[1:]:
        if votes.role is not top.role or votes.target.file == top.target.file:
            continue
        if found.resolver.made_at(votes.target) == made_at:
            continue  # one application object, which another module imports under its name
        elsewhere = project_folder(found.tree, votes.target) != home
        share = RIVAL_SHARE if elsewhere else TWIN_SHARE
        if votes.weight >= share * top.weight:
            rivals.append(votes)
    return rivals


def _companions(strong: Sequence[Votes], top: Votes) -> list[Votes]:
    """A user interface that the repository declares beside its backend, or the other way round."""
    found: list[Votes] = []
    for role in (Role.BACKEND, Role.UI):
        if role is top.role or top.role is Role.MCP:
            continue
        other = next((votes for votes in strong if votes.role is role and votes.declared), None)
        if other is not None:
            found.append(other)
    return found


def _settle(votes: Votes) -> str:
    lines = f'[services.{votes.role}] entry = "{votes.target.entry}"'
    return f"put into devtool.toml: {lines}"


# --- the phase ---------------------------------------------------------------------------------


def _phase(found: Findings, signals: set[str], projects: Sequence[Project]) -> tuple[Phase, str]:
    """The phase of a tree: where each phase has its folder, that of the one furthest on."""
    whole = phase_of(signals)
    if not phase_folders(found.tree):
        return whole
    each = [(Phase(project.phase), project.summary) for project in projects if project.phase]
    return max([whole, *each], key=lambda found: found[0])


def _signals(found: Findings) -> tuple[set[str], list[Evidence]]:
    signals: set[str] = set()
    proofs: list[Evidence] = []
    for name, evidence in _layers(found):
        if evidence:
            signals.add(name)
            proofs += evidence[:5]
    return signals, proofs


def _layers(found: Findings) -> Iterator[tuple[str, list[Evidence]]]:
    resolver = found.resolver
    web = _facts(found.serving, Role.BACKEND)
    yield "web", web or found.ballot.stale_servers()
    yield "web-library", [] if web else web_imports(resolver)
    yield "ui", _facts(found.serving, Role.UI)
    yield "frontend", [fact for page in found.pages for fact in page.evidence[:1]]
    if not _is_heap(found):
        yield "ai", ai_evidence(resolver)
    # The layers of samples side by side are each one's own, not the collection's.
    if found.group is None or found.group.is_system or phase_folders(found.tree):
        kubernetes = kubernetes_evidence(resolver)
        yield "kubernetes", kubernetes
        # Charts whose applications are elsewhere, or in a language that is not read here.
        has_code = found.pages or any(not is_aside(path) for path in found.tree.python_files)
        yield "deployment-only", [] if has_code else kubernetes[:1]
        yield "events", event_evidence(resolver)
        yield "queue", queue_evidence(resolver)
    yield (
        "python",
        [Evidence("is Python", path, 1, Strength.HINT) for path in found.tree.python_files[:1]],
    )
    programs = [console.evidence for console in found.consoles[:1]]
    yield "console", programs + _facts(found.ranked, Role.CONSOLE)


def _facts(ranked: Sequence[Votes], role: Role) -> list[Evidence]:
    return [fact for votes in ranked if votes.role is role for fact in votes.evidence[:2]][:4]


def _with_toolchain(tree: SourceTree, component: Component) -> Component:
    if component.role is Role.FRONTEND and component.framework != "static":
        toolchain = javascript_toolchain(tree, component.root)
        return component._replace(toolchain=toolchain)
    toolchain = python_toolchain(tree, component.root, os.environ)
    start = component.start
    if component.role is Role.BACKEND:
        start = start._replace(env=(*start.env, *origin_variables(tree, component.root)))
    return component._replace(toolchain=toolchain, start=start)


# --- components --------------------------------------------------------------------------------


def _components(found: Findings, choice: Choice) -> tuple[Component, ...]:
    if choice.refusal is not None:
        return ()
    chosen = choice.chosen
    programs = [] if chosen else _console_component(found)
    if not chosen and (found.pages or not programs):
        chosen = _alone(found)
    components = [_component(found, votes) for votes in chosen]
    if components:
        components += _static(found, components)
        components += [_component(found, v, optional=True) for v in _on_request(found, chosen)]
    return tuple([*components, *found.pages[:1]] or programs)


def _alone(found: Findings) -> tuple[Votes, ...]:
    """The one application of a tree that starts nothing else: it has no rival to be weighed with."""
    serving = found.serving
    return tuple(serving) if len(serving) == 1 and not serving[0].target.problems else ()


def _on_request(found: Findings, chosen: Sequence[Votes]) -> list[Votes]:
    """Workers, and servers for agents: those need more than the project, or run in its process."""
    return [
        votes
        for votes in found.ranked
        if votes not in chosen
        and (votes.role is Role.WORKER or (votes.role is Role.MCP and votes.weight >= ENOUGH))
    ]


def _static(found: Findings, components: Sequence[Component]) -> list[Component]:
    own_pages = ("django", "static")
    backends = [c for c in components if c.role is Role.BACKEND and c.framework not in own_pages]
    if found.pages or not backends:
        return []
    page = static_site(found.tree, next(f for f in found.table if f.slug == "static"))
    return [page] if page is not None and page.root in ("frontend", "web", "client") else []


def _console_component(found: Findings) -> list[Component]:
    named = [v for v in found.ranked if v.role is Role.CONSOLE and not v.target.problems]
    named.sort(key=lambda v: not (v.declared and not v.target.cwd))
    best = next((c for c in found.consoles if c.score > _enough(found)), None)
    if named and (best is None or named[0].weight >= ENOUGH) and not _is_heap(found):
        return [_component(found, named[0])]
    if best is None or best.target.problems or (_is_heap(found) and "/" in best.target.file):
        return []
    return [_component(found, Votes(best.target, evidence=[best.evidence]))]


def _enough(found: Findings) -> float:
    """How sure an entry must be: surer in a library, or among many unrelated scripts."""
    unsure = found.resolver.roots.is_packaged("") or _is_heap(found)
    return SURE_CONSOLE if unsure else ENOUGH_CONSOLE


def _is_heap(found: Findings) -> bool:
    """Whether a tree is many unrelated scripts: none of them is what it is for."""
    return len(found.consoles) >= MANY_SCRIPTS and not found.resolver.roots.is_packaged("")


def _component(found: Findings, votes: Votes, *, optional: bool = False) -> Component:
    target = votes.target
    role = target.framework.role
    start = start_of(target, listening(found.resolver.index, target))
    if target.kind == "manage" and target.framework.slug == "django":
        # Read where it is needed and nowhere else.
        from devtool.detection.django import start_of_manage

        start = start_of_manage(found.resolver.index.tree, target.file, start)
    return Component(
        role=role,
        framework=target.framework.slug,
        root=target.cwd,
        entry=target.entry,
        start=start,
        evidence=tuple(votes.evidence),
        optional=optional,
    )


def start_of(target: Target, where: Listening) -> Start:
    """How a target is started: its framework's way, or by path, module or name."""
    framework = target.framework
    start = framework.start
    if target.kind in ("app", "ui", "langgraph", "reflex") or (
        target.kind == "manage" and framework.slug == "django"
    ):
        extra = framework.factory if target.factory else ()
        argv = (*start.argv, *extra)
        # A port of an image below 1024 is not for everyone to listen on.
        port = target.port if (target.port or 0) >= FREE_TO_ALL else start.port
        return start._replace(argv=argv, cwd=target.cwd, port=port)
    if target.kind == "command":
        argv = ("{bin}/{entry}", *target.words)
    elif target.kind == "task":
        argv = (*target.words, "run", "{entry}")
    elif target.kind == "module":
        argv = ("{python}", "-m", "{entry}", *target.words)
    else:
        argv = ("{python}", "{entry}", *target.words)
    if where.stdio:
        return Start(argv=argv, cwd=target.cwd, http=False, tty=True)
    env = (*start.env, *((("PORT", "{port}"),) if where.moves else ()))
    # The server is found by the file that starts it; what else is started so brings one of its own.
    warm = start.warm if (target.kind, start.warm) == ("script", "script") else ""
    return Start(argv=argv, cwd=target.cwd, env=env, port=where.port, warm=warm)


def _candidate(votes: Votes) -> Candidate:
    target = votes.target
    return Candidate(
        name=f"{votes.role}: {target.entry or target.file}",
        root=target.cwd,
        entry=target.entry,
        command=f"devtool run -C {target.cwd}" if target.cwd else "devtool run",
        settle=f'[services.{votes.role}]\nentry = "{target.entry}"\ncwd = "{target.cwd}"',
        evidence=tuple(votes.evidence),
    )


def _page_candidate(page: Component) -> Candidate:
    manager = page.toolchain.manager if page.toolchain else "npm"
    return Candidate(
        name=f"frontend: {page.framework}",
        root=page.root,
        entry=page.entry,
        command=f"devtool run -C {page.root}",
        settle=f'[services.frontend]\ncommand = ["{manager}", "run", "{page.entry}"]\ncwd = "{page.root}"',
        evidence=page.evidence,
    )


def _projects(found: Findings) -> tuple[Project, ...]:
    if found.group is None:
        return ()
    folders = found.group.folders
    if len(folders) > MANY_PROJECTS:
        return tuple(Project(path=folder, phase=0, summary="") for folder in folders)
    return tuple(_project(found.tree, folder, found.table) for folder in folders)


def _project(tree: SourceTree, folder: str, table: tuple[Framework, ...]) -> Project:
    """What one of several projects is; the tree's own budget bounds how much is read for it."""
    part = _find(tree.part(folder), table, ())
    phase, description = phase_of(_signals(part)[0])
    return Project(path=folder, phase=int(phase), summary=description)
