"""What somebody asks for, checked once, here."""

from __future__ import annotations

import keyword
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import replace as dataclass_replace
from typing import Any

from devtool.errors import ConfigError

NAME = re.compile(r"[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*", re.ASCII)
LONGEST_NAME = 64
LONGEST_TITLE = 64
LONGEST_LABEL = 50
# Device names of Windows: no file or folder may have them there.
RESERVED = {"con", "prn", "aux", "nul"} | {f"{d}{n}" for d in ("com", "lpt") for n in range(1, 10)}
# Names that would hide a package the generated code imports, or a folder of its own.
TAKEN = {"app", "backend", "frontend", "pytest", "rich", "src", "test", "tests", "typer"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectSpec:
    """A project to generate.

    Args:
        name: Its folder and distribution name.
        phase: The phase it starts in; that of its features where None.
        features: What it has beyond the features every project of its phase has; None for the
            usual ones.
        title: Its name for people; made from `name` when empty.
        version: Its first version.
        extra: Features it has as well; `frontend=vite` is an answer to a choice.
        without: Usual features it does not have.
        resources: What `devtool generate resource` added, as `scaffold.resource.recorded` says it.
        development: What the backend's tests need beside what its features ask for.

    Raises:
        ConfigError: If the name cannot be a folder, a distribution and a module.
    """

    name: str
    phase: int | None = None
    features: tuple[str, ...] | None = None
    title: str = ""
    version: str = "0.1.0"
    extra: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    resources: tuple[Mapping[str, Any], ...] = ()
    development: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        problem = name_problem(self.name)
        if problem:
            raise ConfigError(
                f"{self.name!r} cannot be the name of a project: {problem}",
                hint="use lower case letters, digits and single hyphens, such as todo-api",
            )
        if not self.title:
            words = re.split("[-_]", self.name)
            object.__setattr__(self, "title", " ".join(word.capitalize() for word in words))
        elif not self.title.isprintable() or set(self.title) & set("\"'\\`<>{}"):
            raise ConfigError(
                f"{self.title!r} cannot be the title of a project",
                hint="use printable characters without quotes, brackets and backslashes",
            )
        if len(self.title) > LONGEST_TITLE:
            raise ConfigError(
                f"the title of a project has at most {LONGEST_TITLE} characters,"
                f" not {len(self.title)}",
                hint="it stands in lines of code; use a shorter one",
            )
        if not re.fullmatch(r"\d+(\.\d+){1,2}", self.version, re.ASCII):
            raise ConfigError(f"{self.version!r} is not a version of numbers", hint="such as 1.0.0")

    @property
    def module(self) -> str:
        """The name as a word, for what allows no hyphen: a database, a Python name."""
        return self.name.replace("-", "_")

    @property
    def label(self) -> str:
        """The name as a cluster takes it, which has no underscores and adds words behind it."""
        return self.name.replace("_", "-")[:LONGEST_LABEL].rstrip("-")

    def replace(self, **values: Any) -> ProjectSpec:
        """The same project but for these."""
        return dataclass_replace(self, **values)


def name_for(title: str) -> str:
    """The name that a title suggests: `todo-api` for "Todo API"."""
    import unicodedata

    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode("ascii")
    return "-".join(re.findall(r"[a-z0-9]+", plain.lower()))


def name_problem(name: str) -> str:
    """Why a name cannot be a project's, or an empty string."""
    if not NAME.fullmatch(name):
        return "it has other characters, or starts or ends with one that may not stand there"
    if len(name) > LONGEST_NAME:
        return f"it is longer than {LONGEST_NAME} characters"
    module = name.replace("-", "_")
    if keyword.iskeyword(module) or keyword.issoftkeyword(module):
        return "it is a word of the Python language"
    if module in sys.stdlib_module_names:
        return "a module of Python's standard library has that name"
    if name in RESERVED:
        return "it is a device on Windows"
    if module in TAKEN:
        return "a package or folder that generated projects use has that name"
    return ""
