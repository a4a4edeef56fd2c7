"""Add a tool for assistants to a project: a module, its test, and a line in the list of tools."""

from __future__ import annotations

import builtins
import re
from pathlib import Path

from devtool.errors import ConfigError
from devtool.scaffold import compose
from devtool.scaffold.render import BACKEND
from devtool.scaffold.spec import name_problem
from devtool.scaffold.update import Update, plan_update

LIST = f"{BACKEND}app/ai/tools/__init__.py"
# What the module of a tool, or its class, could not be called beside what it imports.
USED = ("annotated", "caller", "effect", "field", "output", "tool")
EFFECTS = ("read", "add", "set", "delete")
MODULE = '''"""The tool {name}."""

from typing import Annotated

from pydantic import Field

from app.ai.caller import Caller
from app.ai.tool import Effect, tool
from app.schemas.base import NO_NUL, Input, Output


class {Name}(Input):
    """What {name} takes. What is not declared here is refused."""

    text: Annotated[str, Field(max_length=1000, pattern=NO_NUL, description="What about.")]


class {Name}Result(Output):
    """What {name} gives back."""

    text: str


async def {name}(_caller: Caller, asked: {Name}) -> {Name}Result:
    """{Words}: assistants choose the tool by this sentence.

    Whose data it may touch is `_caller.user_id`, which comes from the verified token.
    """
    return {Name}Result(text=asked.text)


TOOLS = (tool(Effect.{EFFECT}, {name}),)
'''
TEST = '''"""The tool {name} does what it says, and takes nothing else."""

import asyncio

from app.ai.caller import Caller
from app.ai.calls import Outcome, call

ADA = Caller("ada")


def test_{name}() -> None:
    outcome = asyncio.run(call("{name}", {{"text": "hello"}}, ADA))
    assert outcome == Outcome({{"text": "hello"}})


def test_{name}_takes_no_user() -> None:
    outcome = asyncio.run(call("{name}", {{"text": "hello", "user_id": "bob"}}, ADA))
    assert outcome.failed
'''


def plan_tool(root: Path, name: str, effect: str = "read") -> Update:
    """What has to happen for a project to have a tool; reads, and writes nothing.

    The files are the user's from the start: later versions of devtool leave them alone.

    Args:
        root: The project's folder.
        name: The tool, such as `count_words`.
        effect: What it does to what is stored: one of `EFFECTS`.

    Raises:
        ConfigError: If the name cannot be one, the project has no tools, or has that one.
    """
    one = _checked(name)
    listed = _listed(root)
    if effect not in EFFECTS:
        raise ConfigError(
            f"{effect!r} is no effect of a tool", hint=f"there are: {', '.join(EFFECTS)}"
        )
    module = f"{BACKEND}app/ai/tools/{one}.py"
    if (root / module).exists():
        raise ConfigError(f"{module} is there already", hint="give the tool another name")
    place = _place_of(root, one)
    if place:
        raise ConfigError(f"{place} has a tool {one}", hint="give the tool another name")
    words = one.replace("_", " ").capitalize()
    text = MODULE.format(name=one, Name=_class(one), Words=words, EFFECT=effect.upper())
    edits = {
        module: text,
        f"{BACKEND}tests/ai/test_{one}.py": TEST.format(name=one),
        LIST: _with(listed, one),
    }
    return plan_update(root, {}, title=f"generate tool {one}", is_whole=False, edits=edits)


def _checked(name: str) -> str:
    one = re.sub(r"[-\s]+", "_", name.strip()).lower()
    problem = name_problem(one)
    if hasattr(builtins, one):
        problem = "it is a word of the Python language"
    elif one in USED:
        problem = "generated code uses it"
    if problem:
        raise ConfigError(
            f"{name!r} cannot be the name of a tool: {problem}",
            hint="use lower case words with underscores, such as count_words",
        )
    return one


def _place_of(root: Path, name: str) -> str:
    """The module that has a tool of that name, or an empty string."""
    folder = root / f"{BACKEND}app/ai/tools"
    offered = re.compile(rf"\btool\(\s*Effect\.\w+,\s*{name}\b")
    return next(
        (
            path.relative_to(root).as_posix()
            for path in sorted(folder.glob("*.py"))
            if offered.search(path.read_text("utf-8", "replace"))
        ),
        "",
    )


def _class(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))


def _listed(root: Path) -> str:
    try:
        return (root / LIST).read_text("utf-8-sig")
    except FileNotFoundError:
        raise ConfigError(
            f"{root} has no tools for assistants: there is no {LIST}", hint="devtool evolve --to 3"
        ) from None


def _with(text: str, name: str) -> str:
    """The list with one module more, whatever else the user wrote into it."""
    from devtool.scaffold import wiring

    before = [item.removesuffix(".TOOLS") for item in compose.listed(text, "TOOLSETS")]
    merged = wiring.merge(text, compose.tools(before), compose.tools([*before, name]))
    if merged is None:
        raise ConfigError(
            f"{LIST} is no list that devtool can read",
            hint=f"add {name}.TOOLS to TOOLSETS yourself, in a file as devtool wrote it",
        )
    return merged
