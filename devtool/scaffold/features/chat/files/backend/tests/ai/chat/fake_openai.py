"""A server that speaks OpenAI's protocol, and says what a test has told it to say."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route


@dataclass(frozen=True)
class Says:
    """The model writes."""

    text: str
    # Seconds before each word.
    pause: float = 0
    tokens: tuple[int, int] = (10, 5)


@dataclass(frozen=True)
class Calls:
    """The model calls tools: names and arguments, as JSON or as the text of something broken."""

    calls: tuple[tuple[str, dict[str, Any] | str], ...]
    text: str = ""
    tokens: tuple[int, int] = (10, 5)


@dataclass(frozen=True)
class Fails:
    """The provider refuses."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Breaks:
    """The provider sends something that is not its protocol."""

    text: str


Step = Says | Calls | Fails | Breaks


class FakeOpenAI:
    """The server and its script; what nobody has told it, it answers with `otherwise`."""

    def __init__(self) -> None:
        self.script: list[Step] = []
        self.otherwise: Step = Says("Hello.")
        self.seen: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.app = Starlette(
            routes=[Route("/v1/chat/completions", self._complete, methods=["POST"])]
        )

    def will(self, *steps: Step) -> None:
        """Answer the next requests so."""
        self.script.extend(steps)

    def roles(self, request: int = -1) -> list[str]:
        """Who said something, as the model was told."""
        return [message["role"] for message in self.seen[request]["messages"]]

    async def _complete(self, request: Request) -> Response:
        self.seen.append(await request.json())
        self.keys.append(request.headers.get("authorization", ""))
        step = self.script.pop(0) if self.script else self.otherwise
        match step:
            case Fails(status, headers):
                error = {"message": "refused", "type": "error", "code": None}
                return JSONResponse({"error": error}, status, headers)
            case Breaks(text):
                return Response(text, media_type="text/event-stream")
            case Says() | Calls():
                return StreamingResponse(_events(step), media_type="text/event-stream")


async def _events(step: Says | Calls) -> AsyncIterator[str]:
    for word in step.text.split(" ") if step.text else ():
        if isinstance(step, Says) and step.pause:
            await asyncio.sleep(step.pause)
        yield _chunk({"role": "assistant", "content": f"{word} "})
    if isinstance(step, Calls):
        yield _chunk({"role": "assistant", "tool_calls": list(_tool_calls(step))})
    yield _chunk({}, "tool_calls" if isinstance(step, Calls) else "stop")
    read, written = step.tokens
    usage = {
        "prompt_tokens": read,
        "completion_tokens": written,
        "total_tokens": read + written,
    }
    yield _event({"choices": [], "usage": usage})
    yield "data: [DONE]\n\n"


def _tool_calls(step: Calls) -> list[dict[str, Any]]:
    return [
        {
            "index": place,
            "id": f"call_{name}_{place}",
            "type": "function",
            "function": {
                "name": name,
                "arguments": arguments if isinstance(arguments, str) else json.dumps(arguments),
            },
        }
        for place, (name, arguments) in enumerate(step.calls)
    ]


def _chunk(delta: dict[str, Any], finish: str | None = None) -> str:
    return _event({"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})


def _event(body: dict[str, Any]) -> str:
    about = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "fake"}
    return f"data: {json.dumps(about | body)}\n\n"
