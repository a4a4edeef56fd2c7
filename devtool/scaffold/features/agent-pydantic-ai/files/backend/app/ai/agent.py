"""The agent, on pydantic-ai: it asks the model, runs the tools and tells what happens.

Only `app.ai.loading` imports this module, the first time somebody chats: the library takes longer
to import than the rest of the application.
"""

from collections.abc import AsyncGenerator, Iterator
from dataclasses import replace
from typing import Any, Literal

from pydantic_ai import Agent as ModelAgent
from pydantic_ai import DeferredToolRequests, RunContext, ToolFailed, UsageLimits
from pydantic_ai import Tool as AgentTool
from pydantic_ai.exceptions import (
    AgentRunError,
    ModelAPIError,
    ModelAuthenticationError,
    ModelQuotaExceededError,
    ModelRateLimitError,
    UsageLimitExceeded,
)
from pydantic_ai.messages import (
    FunctionToolResultEvent,
    ModelMessage,
    ModelRequest,
    ModelResponse,
    PartDeltaEvent,
    PartEndEvent,
    PartStartEvent,
    TextPart,
    TextPartDelta,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.usage import RunUsage

from app.ai.caller import Caller
from app.ai.calls import call
from app.ai.parts import Call, Called, CallState, Event, Message, Returned, Role, Spent, Text, Wrote
from app.ai.prompts import INSTRUCTIONS
from app.ai.providers import model_of
from app.ai.tool import Tool
from app.ai.toolbox import TOOLS
from app.ai.turn import Connection, LimitReachedError, ProviderError, Turn

# What the library says went wrong, the first that fits, and what the user is told.
PROBLEMS: tuple[tuple[type[AgentRunError], str], ...] = (
    (ModelRateLimitError, "The model is asked too often right now. Try again in a minute."),
    (ModelQuotaExceededError, "The account at the model's provider has no quota left."),
    (ModelAuthenticationError, "The model's provider refused the key: see AI_API_KEY."),
    (ModelAPIError, "The model's provider does not answer. Try again later."),
    (AgentRunError, "The model answered in a way that cannot be used. Try again."),
)
# What another turn's answer is read from by a model: how a call ended.
OUTCOMES: dict[CallState, Literal["success", "failed", "denied", "interrupted"]] = {
    CallState.DONE: "success",
    CallState.FAILED: "failed",
    CallState.DENIED: "denied",
    CallState.WAITING: "denied",
    CallState.RUNNING: "interrupted",
}


class PydanticAgent:
    """The model that the settings name, with the tools of this application."""

    def __init__(self, connection: Connection) -> None:
        self._model = model_of(connection)
        self._agent = ModelAgent(
            self._model,
            deps_type=Caller,
            output_type=[str, DeferredToolRequests],
            instructions=INSTRUCTIONS,
            tools=[_offered(tool) for tool in TOOLS.values()],
        )

    async def answer(self, turn: Turn) -> AsyncGenerator[Event, None]:
        """What happens as the model answers, as it happens."""
        spent = RunUsage()
        reported = RunUsage()
        try:
            async with self._agent.run_stream_events(
                message_history=_history(turn.messages),
                deps=turn.caller,
                usage=spent,
                usage_limits=UsageLimits(request_limit=turn.steps),
            ) as events:
                async for event in events:
                    for told in _told(event):
                        yield told
                    if spent.requests > reported.requests:
                        yield _spent(spent, reported)
                        reported = replace(spent)
        except UsageLimitExceeded as error:
            raise LimitReachedError("This took more steps than one answer may.") from error
        except AgentRunError as error:
            text = next(text for kind, text in PROBLEMS if isinstance(error, kind))
            raise ProviderError(text) from error

    async def close(self) -> None:
        """Hang up."""
        if isinstance(self._model, OpenAIChatModel):
            await self._model.client.close()


def agent(connection: Connection) -> PydanticAgent:
    """The agent for a model."""
    return PydanticAgent(connection)


def _offered(tool: Tool) -> AgentTool[Caller]:
    """A tool as the library takes it. What it is called with is checked where it is run."""

    async def run(context: RunContext[Caller], /, **arguments: Any) -> dict[str, Any]:
        outcome = await call(tool.name, arguments, context.deps)
        if outcome.failed:
            raise ToolFailed(outcome.output["error"])
        return outcome.output

    offered = AgentTool[Caller].from_schema(
        run, tool.name, tool.description, tool.input_schema(), takes_ctx=True
    )
    offered.requires_approval = tool.needs_confirmation
    return offered


def _told(event: object) -> Iterator[Event]:
    """An event of the library as one of ours, if it is one that matters."""
    match event:
        case (
            PartStartEvent(part=TextPart(content=text))
            | PartDeltaEvent(delta=TextPartDelta(content_delta=text))
        ) if text:
            yield Wrote(text)
        case PartEndEvent(part=ToolCallPart(tool_name=name, tool_call_id=id_) as part):
            tool = TOOLS.get(name)
            waits = tool is not None and tool.needs_confirmation
            yield Called(id_, name, part.args_as_dict(), waits=waits)
        case FunctionToolResultEvent(part=part):
            yield _returned(part)


def _returned(part: ToolReturnPart) -> Returned:
    if part.outcome == "success":
        return Returned(part.tool_call_id, part.model_response_object())
    told = part.model_response_object()
    error = told.get("error", part.model_response_str())
    return Returned(part.tool_call_id, {"error": str(error)}, CallState.FAILED)


def _spent(now: RunUsage, before: RunUsage) -> Spent:
    return Spent(now.input_tokens - before.input_tokens, now.output_tokens - before.output_tokens)


def _history(messages: tuple[Message, ...]) -> list[ModelMessage]:
    """What was said, as the library keeps it."""
    return [part for message in messages for part in _remembered(message)]


def _remembered(message: Message) -> Iterator[ModelMessage]:
    if message.role is Role.USER:
        yield ModelRequest(parts=[UserPromptPart(message.text)])
        return
    for step in message.steps():
        yield ModelResponse(parts=[_answered(part) for part in step])
        if calls := [part for part in step if isinstance(part, Call)]:
            yield ModelRequest(parts=[_ended(part) for part in calls])


def _answered(part: Text | Call) -> TextPart | ToolCallPart:
    if isinstance(part, Text):
        return TextPart(part.text)
    return ToolCallPart(part.name, part.arguments, part.id)


def _ended(part: Call) -> ToolReturnPart:
    return ToolReturnPart(part.name, part.told(), part.id, outcome=OUTCOMES[part.state])
