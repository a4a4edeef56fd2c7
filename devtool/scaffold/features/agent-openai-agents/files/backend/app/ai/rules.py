"""The local assistant in the place of a model: the same tool loop, other decisions."""

import json
import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

from agents import Model, ModelResponse, Usage
from agents.items import TResponseInputItem, TResponseOutputItem, TResponseStreamEvent
from openai.types.responses import (
    Response,
    ResponseCompletedEvent,
    ResponseFunctionToolCall,
    ResponseOutputMessage,
    ResponseOutputText,
    ResponseTextDeltaEvent,
)

from app.ai.local import NAME, next_step
from app.ai.parts import Call, Called, CallState, Message, Role, Text

ID = "local"


class Rules(Model):
    """The rules, in the words of the library."""

    async def get_response(
        self,
        system_instructions: str | None,
        input: str | list[TResponseInputItem],  # noqa: A002  (the library's name)
        *_: Any,
        **__: Any,
    ) -> ModelResponse:
        """What the rules say, or the tool they call."""
        return ModelResponse([_item(_step(input))], Usage(), None)

    async def stream_response(
        self,
        system_instructions: str | None,
        input: str | list[TResponseInputItem],  # noqa: A002  (the library's name)
        *_: Any,
        **__: Any,
    ) -> AsyncIterator[TResponseStreamEvent]:
        """The same, a word at a time."""
        step = _step(input)
        if isinstance(step, str):
            for number, word in enumerate(re.findall(r"\S+\s*", step)):
                yield _word(word, number)
        yield _end(_item(step))


def _step(said: str | list[TResponseInputItem]) -> str | Called:
    items: list[dict[str, Any]] = [dict(item) for item in said] if isinstance(said, list) else []
    places = [place for place, item in enumerate(items) if item.get("role") == "user"]
    since = items[places[-1] :]
    asked = Message(Role.USER, (Text(str(since[0]["content"])),))
    return next_step(asked, tuple(_calls(since)))


def _calls(items: list[dict[str, Any]]) -> Iterator[Call]:
    asked = {item["call_id"]: item for item in items if item.get("type") == "function_call"}
    for item in items:
        if item.get("type") == "function_call_output":
            call = asked[item["call_id"]]
            output: dict[str, Any] = json.loads(item["output"])
            arguments = json.loads(call["arguments"])
            yield Call(item["call_id"], call["name"], arguments, 0, _state(output), output)


def _state(output: dict[str, Any]) -> CallState:
    if "error" not in output:
        return CallState.DONE
    return CallState.DENIED if output["error"].startswith("denied") else CallState.FAILED


def _item(step: str | Called) -> TResponseOutputItem:
    if isinstance(step, Called):
        return ResponseFunctionToolCall(
            type="function_call",
            call_id=step.id,
            name=step.name,
            arguments=json.dumps(step.arguments),
        )
    text = ResponseOutputText(type="output_text", text=step, annotations=[])
    return ResponseOutputMessage(
        id=ID, type="message", role="assistant", status="completed", content=[text]
    )


def _word(word: str, number: int) -> TResponseStreamEvent:
    return ResponseTextDeltaEvent(
        type="response.output_text.delta",
        delta=word,
        item_id=ID,
        content_index=0,
        output_index=0,
        sequence_number=number,
        logprobs=[],
    )


def _end(item: TResponseOutputItem) -> TResponseStreamEvent:
    response = Response(
        id=ID,
        object="response",
        created_at=0,
        model=NAME,
        output=[item],
        tools=[],
        tool_choice="auto",
        parallel_tool_calls=False,
    )
    return ResponseCompletedEvent(type="response.completed", response=response, sequence_number=0)
