"""The routes of the chat: `useChat` of the AI SDK on one side, `app.ai` on the other."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, TypedDict

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.responses import StreamingResponse

from app.ai import loading, reading
from app.ai.listeners import Listeners
from app.ai.settings import AISettings, get_ai_settings
from app.ai.status import status
from app.ai.uistream import HEADERS
from app.ai.writing import Writer
from app.current_user import USER_RESPONSES, CurrentUser
from app.errors import documented
from app.schemas.chat import ChatRequest, ChatStatus, ConversationId
from app.services import chat


class State(TypedDict):
    """What requests share while the application runs."""

    writer: Writer
    listeners: Listeners


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[State]:
    """Write answers while the application runs, and let them end before it stops."""
    writer = Writer()
    yield {"writer": writer, "listeners": Listeners()}
    await writer.drain(get_ai_settings().ai_drain_seconds)
    await loading.close()


def get_writer(request: Request) -> Writer:
    """Whatever writes answers in this process."""
    writer: Writer = request.state.writer
    return writer


def get_listeners(request: Request) -> Listeners:
    """Whoever listens to answers in this process."""
    listeners: Listeners = request.state.listeners
    return listeners


Writing = Annotated[Writer, Depends(get_writer)]
Listening = Annotated[Listeners, Depends(get_listeners)]
EVENTS = {200: {"content": {"text/event-stream": {}}, "description": "UI message stream, v1."}}

router = APIRouter(prefix="/chat", tags=["chat"], lifespan=lifespan)


@router.post(
    "",
    response_class=StreamingResponse,
    responses=USER_RESPONSES | EVENTS | documented(404, 409, 429),
)
async def send_message(
    user: CurrentUser, data: ChatRequest, writer: Writing, listeners: Listening
) -> Response:
    """Say something, or confirm what a tool asked, and follow the answer as it is written."""
    settings = get_ai_settings()
    listeners.check(user, settings.ai_streams)
    async with writer.entrance:
        opened = await _opened(user, data, settings)
    answer = writer.start(opened, settings)
    events = reading.live(opened.id, opened.seen, answer, settings)
    return _streaming(listeners.heard(user, events))


@router.get("/status", response_model=ChatStatus)
async def chat_status(writer: Writing) -> ChatStatus:
    """Which model answers, and which tools it has."""
    return status(get_ai_settings(), len(writer))


@router.get(
    "/{conversation_id}/stream",
    response_class=StreamingResponse,
    responses=USER_RESPONSES
    | EVENTS
    | documented(404, 429)
    | {204: {"description": "Nothing is being written."}},
)
async def resume_stream(
    user: CurrentUser,
    conversation_id: ConversationId,
    writer: Writing,
    listeners: Listening,
) -> Response:
    """Follow the answer that is being written, from its beginning."""
    settings = get_ai_settings()
    listeners.check(user, settings.ai_streams)
    message = await chat.running(user, conversation_id)
    if message is None:
        return Response(status_code=204)
    answer = writer.find(message.id)
    if answer is None:
        events = reading.stored(user, conversation_id, message)
    else:
        events = reading.live(message.id, reading.unsettled(message), answer, settings)
    return _streaming(listeners.heard(user, events))


@router.post(
    "/{conversation_id}/cancel", status_code=204, responses=USER_RESPONSES | documented(404)
)
async def cancel_answer(
    user: CurrentUser, conversation_id: ConversationId, writer: Writing
) -> None:
    """Stop the answer that is being written; what is written stays."""
    message = await chat.running(user, conversation_id)
    if message is None:
        return
    await writer.cancel(message.id)
    await chat.cancel(user, conversation_id)


async def _opened(user: str, data: ChatRequest, settings: AISettings) -> chat.Open:
    last = data.messages[-1]
    if last.role == "assistant":
        return await chat.go_on(user, data.id, last.approvals, settings)
    return await chat.begin(user, data.id, last.id, last.text, settings)


def _streaming(events: AsyncIterator[str]) -> StreamingResponse:
    return StreamingResponse(events, media_type="text/event-stream", headers=HEADERS)
