"""The local assistant in the place of a model: the same tool loop, other decisions."""

import json
import re
from collections.abc import AsyncIterator

from pydantic_ai.messages import (
    ModelMessage,
    ModelRequestPart,
    ModelResponsePart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)
from pydantic_ai.models.function import AgentInfo, DeltaToolCall, DeltaToolCalls

from app.ai.local import next_step
from app.ai.parts import Call, Called, CallState, Message, Role, Text

STATES = {"success": CallState.DONE, "denied": CallState.DENIED}


async def stream(
    messages: list[ModelMessage], _info: AgentInfo
) -> AsyncIterator[str | DeltaToolCalls]:
    """What the rules say to the user's last message, a word at a time, or the tool they call."""
    step = next_step(*_asked(messages))
    if isinstance(step, Called):
        yield {0: DeltaToolCall(step.name, json.dumps(step.arguments), tool_call_id=step.id)}
        return
    for word in re.findall(r"\S+\s*", step):
        yield word


def _asked(messages: list[ModelMessage]) -> tuple[Message, tuple[Call, ...]]:
    """The user's last message, and the calls made for it."""
    parts: list[ModelRequestPart | ModelResponsePart] = [
        part for message in messages for part in message.parts
    ]
    prompts = [place for place, part in enumerate(parts) if isinstance(part, UserPromptPart)]
    since = parts[prompts[-1] :]
    calls = {part.tool_call_id: part for part in since if isinstance(part, ToolCallPart)}
    ended = [part for part in since if isinstance(part, ToolReturnPart)]
    asked = Message(Role.USER, (Text(_content(since[0])),))
    return asked, tuple(_call(calls[part.tool_call_id], part) for part in ended)


def _content(part: ModelRequestPart | ModelResponsePart) -> str:
    content = part.content if isinstance(part, UserPromptPart) else ""
    return content if isinstance(content, str) else ""


def _call(asked: ToolCallPart, ended: ToolReturnPart) -> Call:
    output = ended.content if isinstance(ended.content, dict) else {"error": str(ended.content)}
    state = STATES.get(ended.outcome, CallState.FAILED)
    return Call(
        ended.tool_call_id, ended.tool_name, asked.args_as_dict(), state=state, output=output
    )
