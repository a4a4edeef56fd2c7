"""Run a tool: check what it was called with, do it, and say what came of it."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
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


async def call(name: str, arguments: Mapping[str, Any], caller: Caller) -> Outcome:
    """Run a tool for a user, and log that it ran: neither what with nor what came back."""
    tool = TOOLS.get(name)
    if tool is None:
        return _failed(f"there is no tool {name!r}")
    began = time.perf_counter()
    outcome = await _outcome(tool, arguments, caller)
    logger.info(
        "tool call",
        extra={
            "tool": name,
            "effect": tool.effect.value,
            "failed": outcome.failed,
            "user_id": caller.user_id,
            "milliseconds": round((time.perf_counter() - began) * 1000, 1),
        },
    )
    return outcome


async def _outcome(tool: Tool, arguments: Mapping[str, Any], caller: Caller) -> Outcome:
    try:
        result = await tool.run(caller, tool.arguments.model_validate(arguments))
    except ValidationError as error:
        return _failed(_complaint(error))
    except ApiError as error:
        return _failed(error.detail)
    except Exception:
        # A tool is code of this application: its faults are ours to read, not the model's.
        logger.exception("tool failed", extra={"tool": tool.name})
        return _failed(UNEXPECTED)
    return Outcome(result.model_dump(mode="json"))


def _failed(error: str) -> Outcome:
    return Outcome({"error": error}, failed=True)


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
