"""What the next phase needs, and which of it a project has already: a list to be worked through."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from typing import NamedTuple

from devtool.model.detection import Component

MOST_FILES = 5000
MOST_BYTES = 500_000
LEFT_OUT = {"node_modules", "__pycache__", "dist", "build", "site-packages", "venv", "env"}
EVOLVE = "devtool evolve"
# What tests say of a thing is worth less than the thing.
TEST = re.compile(r"(^|/)(tests?/|test_|conftest\.)")


class Look(NamedTuple):
    """Where something shows: files by their name or path, and a text in them."""

    files: str
    text: str = ""


class Need(NamedTuple):
    """One thing that a phase needs.

    Attributes:
        phase: The phase.
        name: What it is, in a few words.
        looks: Where it shows; one of them is enough.
        advice: What brings it.
        role: A component of this role is enough, too.
    """

    phase: int
    name: str
    looks: tuple[Look, ...]
    advice: str
    role: str = ""


class Item(NamedTuple):
    """One line of a checklist.

    Attributes:
        name: What it is.
        path: Where it shows.
        line: In which line; 0 for the file itself.
        fact: What stands there.
        done: Whether the project has it.
        advice: What brings it, where it is not there.
    """

    name: str
    path: str = ""
    line: int = 0
    fact: str = ""
    done: bool = False
    advice: str = ""


class Checklist(NamedTuple):
    """What stands between a project and its next phase.

    Attributes:
        phase: The phase it is in.
        next: The phase after it; 0 where there is none.
        ready: Whether nothing is missing.
        items: What it needs.
    """

    phase: int
    next: int
    ready: bool
    items: tuple[Item, ...]


NEEDS = (
    Need(
        2,
        "classes to keep in a database",
        (
            Look("*.py", r"^@(dataclasses\.)?dataclass|^@(attrs?\.)?(define|frozen|s)\b"),
            Look("*.py", r"^class \w+\(.*\b(BaseModel|NamedTuple|TypedDict|SQLModel)\b"),
            Look("*.py", r"^    def __init__\(self, \w+\s*:"),
        ),
        "give each thing a class with typed fields, such as a dataclass",
    ),
    Need(
        2,
        "tests of what it does today",
        (Look("test_*.py"), Look("*_test.py")),
        "write a test: it shows later that nothing was lost",
    ),
    Need(2, "a web backend", (), EVOLVE, role="backend"),
    Need(
        2,
        "a database with migrations",
        (Look("alembic.ini"), Look("*/migrations/0001_*.py")),
        EVOLVE,
    ),
    Need(
        2,
        "settings from the environment",
        (Look("*.py", r"\bBaseSettings\b|os\.environ|getenv\("), Look(".env.example")),
        EVOLVE,
    ),
    Need(
        2,
        "requests that know their user",
        (Look("*.py", r"\b(current_user|get_current_user|OAuth2PasswordBearer|HTTPBearer)\b"),),
        EVOLVE,
    ),
    Need(
        3,
        "services that are no routes",
        (Look("*/services/*.py", r"^(async )?def \w+"), Look("*.py", r"^class \w+Service\b")),
        "move what routes do into functions: tools call the same",
    ),
    Need(
        3,
        "the user out of the token",
        (Look("*.py", r"\b(current_user|get_current_user|CurrentUser)\b"),),
        "a tool must never take the user as an argument: devtool evolve --to 2 --with auth",
    ),
    Need(
        3,
        "tools over MCP",
        (Look("*.py", r"^\s*(from|import) (mcp|fastmcp)\b"),),
        EVOLVE,
    ),
    Need(
        3,
        "an agent behind a chat",
        (Look("*.py", r"^\s*(from|import) (pydantic_ai|agents|openai|anthropic|langchain\w*)\b"),),
        EVOLVE,
    ),
    Need(
        4,
        "a container image",
        (Look("Dockerfile"), Look("*.dockerfile"), Look("Containerfile")),
        EVOLVE,
    ),
    Need(
        4,
        "health routes for probes",
        (Look("*.py", r"""["']/?(health|ready|live)\w*(/\w+)?["']"""),),
        "answer at /health/live and /health/ready",
    ),
    Need(4, "a deployment", (Look("*.y*ml", r"^kind: Deployment"),), EVOLVE),
    Need(4, "a service and a way in", (Look("*.y*ml", r"^kind: (Ingress|HTTPRoute)"),), EVOLVE),
    Need(
        4,
        "scaling by load",
        (Look("*.y*ml", r"^kind: (HorizontalPodAutoscaler|ScaledObject)"),),
        EVOLVE,
    ),
    Need(4, "a disruption budget", (Look("*.y*ml", r"^kind: PodDisruptionBudget"),), EVOLVE),
    Need(4, "a network policy", (Look("*.y*ml", r"^kind: NetworkPolicy"),), EVOLVE),
    Need(
        4,
        "migrations as a job of their own",
        (Look("*.y*ml", r"""["']?alembic["']?[, ]+["']?upgrade"""),),
        EVOLVE,
    ),
    Need(
        4,
        "secrets by reference only",
        (Look("*.y*ml", r"\b(secretRef|secretKeyRef):"),),
        EVOLVE,
    ),
    Need(
        5,
        "an outbox table",
        (Look("*.py", r"(?i)^class \w*outbox\w*|__tablename__.*outbox|Table\(\s*[\"']\w*outbox"),),
        EVOLVE,
    ),
    Need(
        5,
        "a worker that publishes",
        (
            Look(
                "*.py",
                r"^\s*(from|import) (aiokafka|confluent_kafka|redis|faststream|nats|aio_pika|dapr)\b",
            ),
        ),
        EVOLVE,
    ),
    Need(
        5,
        "consumers that may hear twice",
        (
            Look(
                "*.py",
                r"(?i)\b(idempoten\w+|already_(seen|handled)|processed_events?|handled_events?)\b",
            ),
        ),
        "record the id of each event in the transaction that handles it",
    ),
)


def checklist(
    root: Path, phase: int, components: Sequence[Component] = (), *, needs: Iterable[Need] = NEEDS
) -> Checklist:
    """What the phase after this one needs, and what of it is there.

    Args:
        root: The project's folder.
        phase: The phase it is in.
        components: What was detected in it.
        needs: The table.
    """
    wanted = [need for need in needs if need.phase == phase + 1]
    if not wanted:
        return Checklist(phase, 0, ready=True, items=())
    texts = _Texts(root)
    items = tuple(_item(need, texts, components) for need in wanted)
    return Checklist(phase, phase + 1, all(item.done for item in items), items)


def _item(need: Need, texts: _Texts, components: Sequence[Component]) -> Item:
    for component in components:
        if need.role and component.role == need.role and component.evidence:
            fact = component.evidence[0]
            return Item(need.name, fact.path, fact.line, fact.fact, done=True)
    for look in need.looks:
        found = texts.find(look)
        if found is not None:
            return Item(need.name, *found, done=True)
    return Item(need.name, advice=need.advice)


class _Texts:
    """The files of a project; each is read once, and only if something is looked for in it."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._paths = sorted(
            _walk(root), key=lambda path: (bool(TEST.search(path)), path.count("/"), path)
        )
        self._read = cache(self._text)

    def find(self, look: Look) -> tuple[str, int, str] | None:
        """The first place where something shows."""
        text = re.compile(look.text, re.MULTILINE)
        for path in self._paths:
            if not fnmatch(path if "/" in look.files else path.rpartition("/")[2], look.files):
                continue
            if not look.text:
                return path, 0, "it is there"
            found = text.search(self._read(path))
            if found:
                content = self._read(path)
                line = content.count("\n", 0, found.start()) + 1
                return path, line, content.splitlines()[line - 1].strip()[:80]
        return None

    def _text(self, path: str) -> str:
        try:
            with (self._root / path).open(encoding="utf-8", errors="replace") as file:
                return file.read(MOST_BYTES)
        except OSError:
            return ""  # what cannot be read shows nothing


def _walk(root: Path) -> Iterator[str]:
    count = 0
    for folder, names, files in os.walk(root):
        names[:] = [
            name
            for name in names
            if name not in LEFT_OUT and (not name.startswith(".") or name == ".github")
        ]
        for name in files:
            count += 1
            if count > MOST_FILES:
                return
            yield (Path(folder) / name).relative_to(root).as_posix()
