"""What a tool is: one definition, which the MCP server and the chat both offer."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from inspect import getdoc, signature
from typing import Any, TypeVar, get_type_hints

from pydantic import BaseModel

from app.ai.caller import Caller
from app.schemas.base import Input

# Names and descriptions of schemas: those of the tool say it, and every model pays for each word.
SAID_ELSEWHERE = {"title", "description", "examples"}


class Effect(StrEnum):
    """What a call does to what is stored."""

    READ = "read"
    ADD = "add"
    SET = "set"
    DELETE = "delete"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """Something an assistant can do for the user who is signed in.

    Attributes:
        name: How assistants call it.
        description: What it does, for them to choose by.
        effect: What it does to what is stored; before one that deletes, the chat asks the user.
        arguments: What it takes. What it does not know it refuses, such as the id of a user.
        result: What it gives back.
        run: What happens, with arguments that were checked (`app/ai/calls.py`).
    """

    name: str
    description: str
    effect: Effect
    arguments: type[Input]
    result: type[BaseModel]
    run: Callable[[Caller, Any], Awaitable[BaseModel]]

    @property
    def needs_confirmation(self) -> bool:
        """Whether the user has to agree before a model may run it."""
        return self.effect is Effect.DELETE

    def input_schema(self) -> dict[str, Any]:
        """The JSON schema of its arguments, without what models need not read."""
        schema = self.arguments.model_json_schema()
        return {key: schema[key] for key in schema if key not in SAID_ELSEWHERE}

    def output_schema(self) -> dict[str, Any]:
        """The JSON schema of what it gives back."""
        schema = self.result.model_json_schema(mode="serialization")
        return {key: schema[key] for key in schema if key not in SAID_ELSEWHERE}


A = TypeVar("A", bound=Input)
R = TypeVar("R", bound=BaseModel)


def tool(effect: Effect, run: Callable[[Caller, A], Awaitable[R]]) -> Tool:
    """The tool of a function: its name, first paragraph, arguments and result are the tool's."""
    hints = get_type_hints(run)
    _, asked = signature(run).parameters
    return Tool(
        name=getattr(run, "__name__", ""),
        description=(getdoc(run) or "").partition("\n\n")[0].replace("\n", " "),
        effect=effect,
        arguments=hints[asked],
        result=hints["return"],
        run=run,
    )


def by_name(toolsets: Iterable[tuple[Tool, ...]]) -> dict[str, Tool]:
    """All tools by their names.

    Raises:
        ValueError: If two have the same name.
    """
    tools: dict[str, Tool] = {}
    for each in (each for tools_ in toolsets for each in tools_):
        if each.name in tools:
            raise ValueError(f"two tools are called {each.name}")
        tools[each.name] = each
    return tools
