"""The questions asked of a tree, in order, and the answer with its reasons.

What to start is decided by agreement of independent sources that the files bear out; where
rivals are as well supported, or nothing is, the answer is a refusal that lists them.
"""

from __future__ import annotations

from typing import NamedTuple

from devtool.detection.consoles import Console, consoles
from devtool.detection.declaration import Declaration, Pin, pinned
from devtool.detection.declared import declarations
from devtool.detection.frameworks import FRAMEWORKS, SCRIPT, Framework
from devtool.detection.frontends import frontends, static_site
from devtool.detection.layers import (
    ai_evidence,
    event_evidence,
    kubernetes_evidence,
    queue_evidence,
    web_imports,
)
from devtool.detection.phases import DEFAULT_DESCRIPTION, phase_of
from devtool.detection.projects import (
    Collection,
    collection,
    phase_folders,
    project_folder,
    template_reason,
)
from devtool.detection.pysource import PythonIndex
from devtool.detection.targets import Resolver, Target
from devtool.detection.tree import SourceTree
from devtool.detection.votes import Ballot, Votes, near_misses
from devtool.model.detection import (
    Candidate,
    Component,
    Detection,
    Evidence,
    Project,
    Role,
    Start,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

SERVING = (Role.BACKEND, Role.UI, Role.MCP)
ENOUGH = 1.0
SURE = 2.0
RIVAL_SHARE = 0.8
TWIN_SHARE = 0.97
ENOUGH_CONSOLE = -2.0


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


def examine(
    tree: SourceTree, frameworks: Sequence[Framework] = (), pins: Sequence[Pin] = ()
) -> Detection:
    """Everything that devtool knows of a tree."""
    table = (*frameworks, *FRAMEWORKS)
    resolver = Resolver(PythonIndex(tree), table)
    found = [*map(pinned, pins), *declarations(tree)]
    ballot = Ballot(resolver)
    ballot.add_declarations(found)
    ballot.add_apps(resolver.apps.code_apps())
    ballot.add_pages(resolver.code_pages())
    ballot.join_commands()
    ranked = ballot.ranked()
    serving = [votes for votes in ranked if votes.role in SERVING]
    console = consoles(resolver, found, SCRIPT)
    pages = frontends(tree, table)
    group = collection(tree, serving or ranked)
    choice = _choose(tree, ballot, serving or ranked, group)
    # The layers of samples side by side are each one's own, not the collection's.
    samples = group is not None and not phase_folders(tree)
    signals, proofs = _signals(resolver, ballot, serving, pages, console, ranked, samples=samples)
    phase, description = phase_of(signals)
    components = _components(tree, resolver, choice, console, pages, table, signals, ranked)
    refusal = choice.refusal
    if refusal is None and not components:
        refusal = Refusal("undetected", "nothing here starts", _pin_hint())
    shown = components if refusal is None else ()
    return Detection(
        root=str(tree.root),
        phase=phase,
        description=description,
        components=shown,
        evidence=tuple(proofs),
        layers=tuple(sorted(signals)),
        projects=_projects(group),
        candidates=tuple(_candidate(votes) for votes in choice.rivals),
        near_misses=tuple(near_misses(ballot)),
        notes=tuple(tree.notes),
        default=description == DEFAULT_DESCRIPTION,
        refusal=refusal.kind if refusal else "",
        refusal_reason=refusal.reason if refusal else "",
        refusal_hint=refusal.hint if refusal else "",
    )


def _by_slug(table: Sequence[Framework], slug: str) -> Framework:
    return next(framework for framework in table if framework.slug == slug)


# --- what to start -----------------------------------------------------------------------------


def _choose(
    tree: SourceTree, ballot: Ballot, serving: Sequence[Votes], group: Collection | None
) -> Choice:
    if ballot.broken:
        return Choice((), refusal=_broken(ballot.broken[0]))
    reason = template_reason(tree)
    if reason:
        return Choice((), refusal=Refusal("undetected", reason, "generate a project from it first"))
    settled = [votes for votes in serving if "devtool.toml" in votes.sources]
    if settled:
        return Choice(tuple(settled))
    if group is not None:
        return Choice((), tuple(serving), _several(group))
    strong = [votes for votes in serving if votes.role in SERVING and votes.claimed >= ENOUGH]
    if (
        strong
        and not strong[0].declared
        and strong[0].weight < SURE
        and _has_declared_program(ballot)
    ):
        strong = []
    if not strong:
        return Choice(())
    top = strong[0]
    rivals = _rivals(tree, strong, top)
    if rivals:
        reason = f"{len(rivals) + 1} targets are equally well supported"
        return Choice((), (top, *rivals), Refusal("ambiguous", reason, _settle(top)))
    if top.target.problems:
        return Choice((), (top,), _unimportable(top))
    return Choice((top, *_companions(strong, top)))


def _has_declared_program(ballot: Ballot) -> bool:
    """Whether something else is said to be started: a stray application then decides nothing."""
    return any(
        votes.role is Role.CONSOLE
        and votes.target.kind in ("script", "command")
        and votes.claimed >= SURE
        for votes in ballot.by_identity.values()
    )


def _broken(declaration: Declaration) -> Refusal:
    where = f"{declaration.path}:{declaration.line}"
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


def _rivals(tree: SourceTree, strong: Sequence[Votes], top: Votes) -> list[Votes]:
    """Targets of the same role with as much support: in another project, or all but equal in it."""
    home = project_folder(tree, top.target)
    found = []
    for votes in strong[1:]:
        if votes.role is not top.role or votes.target.file == top.target.file:
            continue
        elsewhere = project_folder(tree, votes.target) != home
        share = RIVAL_SHARE if elsewhere else TWIN_SHARE
        if votes.weight >= share * top.weight:
            found.append(votes)
    return found


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


def _pin_hint() -> str:
    return 'name it in devtool.toml: [services.backend] entry = "module:app"'


# --- the phase ---------------------------------------------------------------------------------


def _signals(
    resolver: Resolver,
    ballot: Ballot,
    serving: Sequence[Votes],
    pages: Sequence[Component],
    console: Sequence[Console],
    ranked: Sequence[Votes],
    *,
    samples: bool,
) -> tuple[set[str], list[Evidence]]:
    signals: set[str] = set()
    proofs: list[Evidence] = []
    web = [fact for v in serving if v.role is Role.BACKEND for fact in v.evidence[:2]][:4]
    for name, found in (
        ("web", web or ballot.stale_servers()),
        ("web-library", [] if web else web_imports(resolver)),
        ("ui", [fact for v in serving if v.role is Role.UI for fact in v.evidence[:1]]),
        ("frontend", [fact for page in pages for fact in page.evidence[:1]]),
        ("ai", ai_evidence(resolver)),
        ("kubernetes", [] if samples else kubernetes_evidence(resolver)),
        ("events", [] if samples else event_evidence(resolver)),
        ("queue", queue_evidence(resolver)),
        (
            "console",
            [c.evidence for c in console[:1]]
            + [fact for v in ranked if v.role is Role.CONSOLE for fact in v.evidence[:1]],
        ),
    ):
        if found:
            signals.add(name)
            proofs += found[:5]
    return signals, proofs


# --- components --------------------------------------------------------------------------------


def _components(
    tree: SourceTree,
    resolver: Resolver,
    choice: Choice,
    console: Sequence[Console],
    pages: Sequence[Component],
    table: Sequence[Framework],
    signals: set[str],
    ranked: Sequence[Votes],
) -> tuple[Component, ...]:
    programs = [] if choice.chosen or choice.refusal else _console_component(ranked, console)
    if not (choice.chosen or choice.refusal or programs):
        choice = choice._replace(chosen=_alone(ranked))
    found = [_component(votes) for votes in choice.chosen]
    if found:
        found += _static(tree, table, found, pages)
        found += [_component(v, optional=True) for v in _mcp_servers(ranked, choice)]
        found += [_component(v, optional=True) for v in ranked if v.role is Role.WORKER]
    found += pages[:1]
    return tuple(found or programs)


def _alone(ranked: Sequence[Votes]) -> tuple[Votes, ...]:
    """The one application of a tree that starts nothing else: it has no rival to be weighed with."""
    serving = [votes for votes in ranked if votes.role in SERVING]
    return tuple(serving) if len(serving) == 1 and not serving[0].target.problems else ()


def _mcp_servers(ranked: Sequence[Votes], choice: Choice) -> list[Votes]:
    """Servers for agents beside a backend: often in process or over stdio, so started on request."""
    return [
        v for v in ranked if v.role is Role.MCP and v not in choice.chosen and v.weight >= ENOUGH
    ]


def _static(
    tree: SourceTree,
    table: Sequence[Framework],
    found: Sequence[Component],
    pages: Sequence[Component],
) -> list[Component]:
    if pages or not any(c.role is Role.BACKEND and c.framework != "django" for c in found):
        return []
    page = static_site(tree, _by_slug(table, "static"))
    return [page] if page is not None and page.root in ("frontend", "web", "client") else []


def _console_component(ranked: Sequence[Votes], console: Sequence[Console]) -> list[Component]:
    named = [v for v in ranked if v.role is Role.CONSOLE and not v.target.problems]
    named.sort(key=lambda v: not (v.declared and not v.target.cwd))
    best = console[0] if console and console[0].score > ENOUGH_CONSOLE else None
    if named and (best is None or named[0].weight >= ENOUGH):
        return [_component(named[0])]
    if best is None or best.target.problems:
        return []
    votes = Votes(best.target, evidence=[best.evidence])
    return [_component(votes)]


def _component(votes: Votes, *, optional: bool = False) -> Component:
    target = votes.target
    role = target.framework.role
    return Component(
        role=role,
        framework=target.framework.slug,
        root=target.cwd,
        entry=target.entry,
        start=start_of(target),
        evidence=tuple(votes.evidence),
        optional=optional,
    )


def start_of(target: Target) -> Start:
    """How a target is started: its framework's way, or by path, module or name."""
    framework = target.framework
    start = framework.start
    port = target.port or start.port
    if target.kind in ("app", "ui", "langgraph", "reflex") or (
        target.kind == "manage" and framework.slug == "django"
    ):
        extra = framework.factory if target.factory else ()
        return Start(
            argv=(*start.argv, *extra),
            cwd=target.cwd,
            address=start.address,
            reload=start.reload,
            no_reload=start.no_reload,
            env=start.env,
            port=port,
            http=start.http,
            tty=start.tty,
        )
    if target.kind == "command":
        argv: tuple[str, ...] = ("{bin}/{entry}", *target.words)
    elif target.kind == "task":
        argv = (target.words[0], "run", "{entry}") if target.words else ("{entry}",)
    elif target.kind == "module":
        argv = ("{python}", "-m", "{entry}", *target.words)
    else:
        argv = ("{python}", "{entry}", *target.words)
    stdio = framework.role is Role.CONSOLE
    return Start(
        argv=argv,
        cwd=target.cwd,
        env=start.env,
        port=None if stdio else port,
        http=not stdio,
        tty=stdio,
    )


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


def _projects(group: Collection | None) -> tuple[Project, ...]:
    if group is None:
        return ()
    return tuple(Project(path=folder, phase=0, summary="") for folder in group.folders)
