"""Stored messages as the messages of the AI SDK's `useChat`."""

from collections.abc import Iterator

from app.ai.parts import Call, CallState, Part, Text
from app.schemas.chat import (
    ApprovalRead,
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
    yield MessageRead.model_validate(
        {"id": record.id, "role": record.role, "parts": list(_parts(parts)), "metadata": metadata}
    )


def _parts(parts: tuple[Part, ...]) -> Iterator[TextPart | StepPart | ToolPart]:
    step = -1
    for part in parts:
        if part.step != step:
            step = part.step
            yield StepPart()
        yield TextPart(text=part.text) if isinstance(part, Text) else _tool(part)


def _tool(call: Call) -> ToolPart:
    asked = {CallState.WAITING: ApprovalRead(id=call.id)}
    asked[CallState.DENIED] = ApprovalRead(id=call.id, approved=False)
    return ToolPart.model_validate(
        {
            "type": f"tool-{call.name}",
            "tool_call_id": call.id,
            "state": STATES[call.state],
            "input": call.arguments,
            "output": call.output if call.state is CallState.DONE else None,
            "error_text": call.output.get("error") if call.state is CallState.FAILED else None,
            "approval": asked.get(call.state),
        }
    )
