"""The agent, on openai-agents: it asks the model, runs the tools and tells what happens.

Only `app.ai.loading` imports this module, the first time somebody chats: the library takes longer
to import than the rest of the application.
"""

import json
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass, field
from typing import Any

import openai
from agents import Agent as ModelAgent
from agents import (
    FunctionTool,
    OpenAIChatCompletionsModel,
    RunConfig,
    Runner,
    set_tracing_disabled,
)
from agents.exceptions import AgentsException, MaxTurnsExceeded
from agents.items import TResponseInputItem
from agents.stream_events import RawResponsesStreamEvent, RunItemStreamEvent, StreamEvent
from agents.tool_context import ToolContext
from openai.types.responses import ResponseCompletedEvent, ResponseTextDeltaEvent

from app.ai.caller import Caller
from app.ai.calls import Outcome, call
from app.ai.parts import Call, Called, CallState, Event, Message, Returned, Role, Spent, Text, Wrote
from app.ai.prompts import INSTRUCTIONS
from app.ai.tool import Tool
from app.ai.toolbox import TOOLS
from app.ai.turn import Connection, LimitReachedError, ProviderError, Turn

# Otherwise the library sends what was said to its vendor, whichever model is asked.
set_tracing_disabled(True)
CONFIG = RunConfig(tracing_disabled=True, trace_include_sensitive_data=False)
# What went wrong, the first that fits, and what the user is told.
PROBLEMS: tuple[tuple[type[Exception], str], ...] = (
    (openai.RateLimitError, "The model is asked too often right now. Try again in a minute."),
    (openai.AuthenticationError, "The model's provider refused the key: see AI_API_KEY."),
    (openai.APIError, "The model's provider does not answer. Try again later."),
    (Exception, "The model answered in a way that cannot be used. Try again."),
)


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the library: for whom, and what came of the calls."""

    caller: Caller
    outcomes: dict[str, Outcome] = field(default_factory=dict)


class OpenAIAgent:
    """The model at the end of a connection, with the tools of this application."""

    def __init__(self, connection: Connection) -> None:
        self._client = _client(connection)
        self._agent = ModelAgent[Run](
            name="assistant",
            instructions=INSTRUCTIONS,
            model=OpenAIChatCompletionsModel(connection.model, self._client),
            tools=[_offered(tool) for tool in TOOLS.values()],
        )

    async def answer(self, turn: Turn) -> AsyncGenerator[Event, None]:
        """What happens as the model answers, as it happens."""
        run = Run(turn.caller)
        items = _history(turn.messages)
        result = Runner.run_streamed(
            self._agent, items, context=run, max_turns=turn.steps, run_config=CONFIG
        )
        try:
            async for event in result.stream_events():
                for told in _told(event, run):
                    yield told
        except MaxTurnsExceeded as error:
            raise LimitReachedError("This took more steps than one answer may.") from error
        except (AgentsException, openai.OpenAIError, ValueError) as error:
            text = next(text for kind, text in PROBLEMS if isinstance(error, kind))
            raise ProviderError(text) from error
        finally:
            result.cancel()

    async def close(self) -> None:
        """Hang up."""
        await self._client.close()


def agent(connection: Connection) -> OpenAIAgent:
    """The agent for a model.

    Raises:
        ProviderError: If the provider does not speak OpenAI's protocol.
    """
    if connection.provider != "openai":
        raise ProviderError("AI_PROVIDER has to be openai here; AI_BASE_URL names another server.")
    return OpenAIAgent(connection)


def _client(connection: Connection) -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(
        # A server on this machine asks for no key, but the client insists on one.
        api_key=connection.key.get_secret_value() or "none",
        base_url=connection.base_url or None,
        max_retries=connection.retries,
        timeout=connection.seconds,
    )


def _offered(tool: Tool) -> FunctionTool:
    """A tool as the library takes it. What it is called with is checked where it is run."""

    async def run(context: ToolContext[Run], arguments: str) -> str:
        outcome = await _outcome(tool, arguments, context.context.caller)
        context.context.outcomes[context.tool_call_id] = outcome
        return json.dumps(outcome.output)

    return FunctionTool(
        name=tool.name,
        description=tool.description,
        params_json_schema=tool.input_schema(),
        on_invoke_tool=run,
        # Strict schemas know no defaults; the tool itself refuses what it does not take.
        strict_json_schema=False,
        needs_approval=tool.needs_confirmation,
    )


async def _outcome(tool: Tool, arguments: str, caller: Caller) -> Outcome:
    try:
        parsed = json.loads(arguments or "{}")
    except ValueError:
        return Outcome({"error": "the arguments are no JSON"}, failed=True)
    if not isinstance(parsed, dict):
        return Outcome({"error": "the arguments are no object"}, failed=True)
    return await call(tool.name, parsed, caller)


def _told(event: StreamEvent, run: Run) -> Iterator[Event]:
    """An event of the library as one of ours, if it is one that matters."""
    match event:
        case RawResponsesStreamEvent(data=ResponseTextDeltaEvent(delta=text)) if text:
            yield Wrote(text)
        case RawResponsesStreamEvent(data=ResponseCompletedEvent(response=response)):
            usage = response.usage
            yield Spent(usage.input_tokens, usage.output_tokens) if usage else Spent(0, 0)
        case RunItemStreamEvent(name="tool_called", item=item):
            yield _called(item.raw_item)
        case RunItemStreamEvent(name="tool_output", item=item):
            yield from _returned(item.raw_item, run)


def _called(item: Any) -> Called:
    tool = TOOLS.get(item.name)
    waits = tool is not None and tool.needs_confirmation
    return Called(item.call_id, item.name, _arguments(item.arguments), waits=waits)


def _arguments(text: str) -> dict[str, Any]:
    """What a tool was called with, as far as it can be shown."""
    try:
        parsed = json.loads(text or "{}")
    except ValueError:
        return {"text": text}
    return parsed if isinstance(parsed, dict) else {"text": text}


def _returned(item: Any, run: Run) -> Iterator[Returned]:
    call_id = item["call_id"]
    outcome = run.outcomes.pop(call_id, None)
    if outcome is not None:
        state = CallState.FAILED if outcome.failed else CallState.DONE
        yield Returned(call_id, outcome.output, state)


def _history(messages: tuple[Message, ...]) -> list[TResponseInputItem]:
    """What was said, as the library keeps it."""
    return [item for message in messages for item in _remembered(message)]


def _remembered(message: Message) -> Iterator[TResponseInputItem]:
    if message.role is Role.USER:
        yield {"role": "user", "content": message.text}
        return
    for step in message.steps():
        for part in step:
            yield _answered(part)
        for part in step:
            if isinstance(part, Call):
                yield {
                    "type": "function_call_output",
                    "call_id": part.id,
                    "output": json.dumps(part.told()),
                }


def _answered(part: Text | Call) -> TResponseInputItem:
    if isinstance(part, Text):
        return {"role": "assistant", "content": part.text}
    return {
        "type": "function_call",
        "call_id": part.id,
        "name": part.name,
        "arguments": json.dumps(part.arguments),
    }
