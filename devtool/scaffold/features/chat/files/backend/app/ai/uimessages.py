"""Stored messages as the messages of the AI SDK's `useChat`."""

from collections.abc import Iterator

from app.ai.parts import Call, CallState, Part, Text
from app.schemas.chat import (
    ConversationRead,
    MessageMetadata,
    MessageRead,
    StepPart,
    TextPart,
    ToolPart,
)
from app.services.conversation import ConversationRecord, MessageRecord

STATES = {
    CallState.RUNNING: "input-available",
    CallState.WAITING: "approval-requested",
    CallState.DONE: "output-available",
    CallState.FAILED: "output-error",
    CallState.DENIED: "output-denied",
}


def summary(record: ConversationRecord) -> ConversationRead:
    """A conversation without its messages."""
    return ConversationRead(
        id=record.id,
        title=record.title,
        running=record.running is not None,
        created_at=record.created_at,
        updated_at=record.updated_at,
    )


def shown(record: MessageRecord) -> Iterator[MessageRead]:
    """A message; of an answer that is being written, what there was before it went on.

    What is new is for `GET /chat/{id}/stream` to tell, which would tell it twice otherwise.
    """
    parts = record.parts[: record.known] if record.state == "running" else record.parts
    if record.role == "assistant" and record.state == "running" and not parts:
        return
    metadata = MessageMetadata.model_validate(record._asdict())
    told = list(_parts(parts, first_step=0 if record.role == "user" else -1))
    yield MessageRead.model_validate(
        {"id": record.id, "role": record.role, "parts": told, "metadata": metadata}
    )


def _parts(parts: tuple[Part, ...], first_step: int) -> Iterator[TextPart | StepPart | ToolPart]:
    """The parts as the client has them, with a mark where a step begins after the first one."""
    step = first_step
    for part in parts:
        if part.step != step:
            step = part.step
            yield StepPart(type="step-start")
        yield _text(part) if isinstance(part, Text) else _tool(part)


def _text(part: Text) -> TextPart:
    return TextPart(type="text", text=part.text, state="done")


def _tool(call: Call) -> ToolPart:
    about = {
        "type": f"tool-{call.name}",
        "tool_call_id": call.id,
        "state": STATES[call.state],
        "input": call.arguments,
    }
    match call.state:
        case CallState.WAITING:
            about["approval"] = {"id": call.id}
        case CallState.DENIED:
            about["approval"] = {"id": call.id, "approved": False}
        case CallState.DONE:
            about["output"] = call.output
        case CallState.FAILED:
            about["errorText"] = call.output.get("error", "")
        case CallState.RUNNING:
            pass
    return ToolPart.model_validate(about)
