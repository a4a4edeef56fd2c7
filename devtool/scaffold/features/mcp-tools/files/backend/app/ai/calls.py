"""Run a tool: check what it was called with, do it, and say what came of it."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import to_json

from app.ai.caller import Caller
from app.ai.tool import Tool
from app.ai.toolbox import TOOLS
from app.errors import ApiError
from app.logs import logger

MOST_PROBLEMS = 10
LONGEST_NAME = 100
UNEXPECTED = "the tool failed; nothing more is known"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a call: the result as JSON, or `{"error": ...}` for the model to read."""

    output: dict[str, Any]
    failed: bool = False

    @property
    def text(self) -> str:
        """The same for models to read."""
        return str(self.output["error"]) if self.failed else to_json(self.output).decode()


class ToolError(Exception):
    """A call that did not work. Its text is for whoever called."""


async def call(name: str, arguments: Mapping[str, Any], caller: Caller) -> Outcome:
    """Run a tool for a user, as `run` does, and give what came of it in any case."""
    try:
        result = await run(name, arguments, caller)
    except ToolError as error:
        return Outcome({"error": str(error)}, failed=True)
    return Outcome(result.model_dump(mode="json"))


async def run(name: str, arguments: Mapping[str, Any], caller: Caller) -> BaseModel:
    """Run a tool for a user, and log that it ran: neither what with nor what came back.

    Raises:
        ToolError: If it did not work.
    """
    tool = TOOLS.get(name)
    if tool is None:
        raise ToolError(f"there is no tool {name!r}")
    began = time.perf_counter()
    failed = True
    try:
        result = await _result(tool, arguments, caller)
        failed = False
    finally:
        logger.info(
            "tool call",
            extra={
                "tool": name,
                "effect": tool.effect.value,
                "failed": failed,
                "user_id": caller.user_id,
                "milliseconds": round((time.perf_counter() - began) * 1000, 1),
            },
        )
    return result


async def _result(tool: Tool, arguments: Mapping[str, Any], caller: Caller) -> BaseModel:
    try:
        return await tool.run(caller, tool.arguments.model_validate(arguments))
    except ValidationError as error:
        raise ToolError(_complaint(error)) from error
    except ApiError as error:
        raise ToolError(error.detail) from error
    except Exception as error:
        # A tool is code of this application: its faults are ours to read, not the model's.
        logger.exception("tool failed", extra={"tool": tool.name})
        raise ToolError(UNEXPECTED) from error


def _complaint(error: ValidationError) -> str:
    """What is wrong with the arguments, without their values, and in no more words than help."""
    found = error.errors(include_url=False, include_input=False, include_context=False)
    told = [f"{_where(problem['loc'])}: {problem['msg']}" for problem in found[:MOST_PROBLEMS]]
    more = len(found) - len(told)
    return "; ".join([*told, f"and {more} more"] if more else told)


def _where(path: tuple[str | int, ...]) -> str:
    """Where the problem is. Names come from whoever calls: short ones only, and encodable."""
    names = (str(part).encode("utf-8", "replace").decode()[:LONGEST_NAME] for part in path)
    return ".".join(names) or "arguments"
