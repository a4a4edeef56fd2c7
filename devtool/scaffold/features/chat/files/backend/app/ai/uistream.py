"""An answer as the UI message stream, version 1, that `useChat` of the AI SDK reads.

Whatever the client has seen so far and whatever the answer holds now give the chunks in between, so
the same lines serve somebody who listens from the start and somebody who comes back later.
"""

import json
from collections.abc import Iterator
from typing import Any

from app.ai.parts import Call, CallState, Part, Text

HEADERS = {
    "x-vercel-ai-ui-message-stream": "v1",
    "cache-control": "no-cache",
    # Proxies that buffer would hold the words back until the end.
    "x-accel-buffering": "no",
}
DONE = "data: [DONE]\n\n"
# A comment line: keeps proxies from closing a stream on which nothing happens.
BEAT = ": waiting\n\n"
Chunk = dict[str, Any]


def encoded(chunk: Chunk) -> str:
    """A chunk as a server-sent event."""
    return f"data: {json.dumps(chunk, ensure_ascii=False, separators=(',', ':'))}\n\n"


class UIStream:
    """What a client has seen of one answer.

    Args:
        known: The parts that the client held before: those of the answer that a confirmation
            continues.
    """

    def __init__(self, known: tuple[Part, ...] = ()) -> None:
        self._texts = {i: len(p.text) for i, p in enumerate(known) if isinstance(p, Text)}
        self._calls = {p.id: p.state for p in known if isinstance(p, Call)}
        self._known = len(known)
        self._open = ""
        self._step = -1

    def start(self, message_id: str, metadata: dict[str, Any]) -> Iterator[Chunk]:
        """The chunks before everything else."""
        yield {"type": "start", "messageId": message_id, "messageMetadata": metadata}

    def advance(self, parts: tuple[Part, ...]) -> Iterator[Chunk]:
        """The chunks from what was seen to these parts."""
        for place, part in enumerate(parts):
            if isinstance(part, Text):
                yield from self._text(place, part)
            else:
                yield from self._call(place, part)

    def finish(self, error: str = "", *, aborted: bool = False, **metadata: Any) -> Iterator[Chunk]:
        """The chunks after everything else."""
        yield from self._close()
        if self._step >= 0:
            yield {"type": "finish-step"}
        if error:
            yield {"type": "error", "errorText": error}
        if aborted:
            yield {"type": "abort"}
        yield {"type": "finish", "messageMetadata": metadata}

    def _text(self, place: int, part: Text) -> Iterator[Chunk]:
        seen = self._texts.get(place)
        if seen == len(part.text):
            return
        name = f"text-{place}"
        if seen is None:
            yield from self._enter(place, part.step)
            yield {"type": "text-start", "id": name}
            self._open = name
        yield {"type": "text-delta", "id": name, "delta": part.text[seen or 0 :]}
        self._texts[place] = len(part.text)

    def _call(self, place: int, part: Call) -> Iterator[Chunk]:
        seen = self._calls.get(part.id)
        if seen is part.state:
            return
        self._calls[part.id] = part.state
        if seen is None:
            yield from self._enter(place, part.step)
            yield {
                "type": "tool-input-available",
                "toolCallId": part.id,
                "toolName": part.name,
                "input": part.arguments,
            }
        yield from _outcome(part)

    def _enter(self, place: int, step: int) -> Iterator[Chunk]:
        """Close what was open, and begin the step of a part that is new."""
        yield from self._close()
        if place >= self._known and step != self._step:
            if self._step >= 0:
                yield {"type": "finish-step"}
            yield {"type": "start-step"}
            self._step = step

    def _close(self) -> Iterator[Chunk]:
        if self._open:
            yield {"type": "text-end", "id": self._open}
            self._open = ""


def _outcome(part: Call) -> Iterator[Chunk]:
    match part.state:
        case CallState.RUNNING:
            return
        case CallState.WAITING:
            yield {
                "type": "tool-approval-request",
                "approvalId": part.id,
                "toolCallId": part.id,
            }
        case CallState.DONE:
            yield {
                "type": "tool-output-available",
                "toolCallId": part.id,
                "output": part.output,
            }
        case CallState.FAILED:
            yield {
                "type": "tool-output-error",
                "toolCallId": part.id,
                "errorText": part.output.get("error", ""),
            }
        case CallState.DENIED:
            yield {"type": "tool-output-denied", "toolCallId": part.id}
