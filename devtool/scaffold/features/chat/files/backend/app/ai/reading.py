"""Follow an answer: as it is written here, or through the database where another process writes."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any

from app.ai.answers import Answer, Ending
from app.ai.parts import Call, CallState, Part
from app.ai.settings import AISettings
from app.ai.uistream import BEAT, DONE, UIStream, encoded
from app.services import chat
from app.services.conversation import MessageRecord

# How often something is sent though nothing happens, so that nobody takes the stream for dead.
PATIENCE_SECONDS = 10.0
POLL_SECONDS = 0.3


async def live(
    answer_id: str, known: tuple[Part, ...], answer: Answer, settings: AISettings
) -> AsyncIterator[str]:
    """The events of an answer that this process writes."""
    stream = UIStream(known)
    about = {"model": settings.model_name, "offline": settings.is_offline}
    yield _all(stream.start(answer_id, about))
    async for parts in answer.follow(PATIENCE_SECONDS):
        yield _all(stream.advance(parts)) or BEAT
    ending = answer.ending or Ending("done")
    yield _end(stream, ending.state, ending.error)


async def stored(owner: str, conversation: str, first: MessageRecord) -> AsyncIterator[str]:
    """The events of an answer that another process writes, as far as it was saved."""
    stream = UIStream(unsettled(first))
    yield _all(stream.start(first.id, {"model": first.model, "offline": first.offline}))
    message: MessageRecord | None = first
    while message is not None and message.id == first.id and message.state == "running":
        yield _all(stream.advance(message.parts)) or BEAT
        await asyncio.sleep(POLL_SECONDS)
        message = await chat.running(owner, conversation)
    last = await chat.find_message(owner, conversation, first.id)
    yield _all(stream.advance(last.parts))
    yield _end(stream, "failed" if last.state == "running" else last.state, last.error)


def unsettled(message: MessageRecord) -> tuple[Part, ...]:
    """What the user saw of an answer before it went on: what came of its calls is told again."""
    return tuple(
        replace(part, state=CallState.WAITING) if isinstance(part, Call) else part
        for part in message.parts[: message.known]
    )


def _end(stream: UIStream, state: str, error: str) -> str:
    return _all(stream.finish(error, aborted=state == "cancelled", state=state)) + DONE


def _all(chunks: Iterator[dict[str, Any]]) -> str:
    return "".join(map(encoded, chunks))
