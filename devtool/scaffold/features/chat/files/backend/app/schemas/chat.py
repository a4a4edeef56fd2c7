"""What goes over the wire about conversations: the messages of the AI SDK's `useChat`."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from app.schemas.base import NO_NUL, NOT_BLANK, Input, Output

LONGEST_MESSAGE = 4000
NAME = r"^[A-Za-z0-9_-]{1,64}$"

Name = Annotated[str, StringConstraints(pattern=NAME)]
ConversationId = Annotated[str, Path(pattern=NAME, examples=["k3Vn8sQ0bXc1LmZp"])]
Title = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=100, pattern=NOT_BLANK),
]


class Approval(BaseModel):
    """What the user said to a tool that asked for confirmation."""

    id: Annotated[str, StringConstraints(max_length=128)]
    approved: bool | None = None


class SentPart(BaseModel):
    """A part of a message as the client holds it. All but texts and answers is left unread."""

    type: Annotated[str, StringConstraints(max_length=100)]
    text: Annotated[str, StringConstraints(max_length=LONGEST_MESSAGE, pattern=NO_NUL)] = ""
    approval: Approval | None = None


class SentMessage(BaseModel):
    """A message as the client holds it."""

    id: Name
    role: Literal["user", "assistant"]
    parts: Annotated[list[SentPart], Field(max_length=500)]

    @property
    def text(self) -> str:
        """What it says."""
        return "".join(part.text for part in self.parts if part.type == "text").strip()

    @property
    def approvals(self) -> dict[str, bool]:
        """What was said to each call that asked."""
        said = (part.approval for part in self.parts if part.approval is not None)
        return {each.id: each.approved for each in said if each.approved is not None}


class ChatRequest(BaseModel):
    """What `useChat` sends. Only the last message counts: the others are in the database."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "k3Vn8sQ0bXc1LmZp",
                    "messages": [
                        {
                            "id": "m1",
                            "role": "user",
                            "parts": [{"type": "text", "text": "add buy milk"}],
                        }
                    ],
                }
            ]
        }
    )

    id: Name = Field(description="The conversation; it is made when it is new.")
    messages: Annotated[list[SentMessage], Field(min_length=1, max_length=200)]
    trigger: Literal["submit-message"] = "submit-message"

    @model_validator(mode="after")
    def check_text(self) -> Self:
        """Refuse what there is nothing to answer to."""
        last = self.messages[-1]
        if last.role == "user" and not last.text:
            raise ValueError("the last message has no text")
        return self


class ConversationCreate(Input):
    """A new conversation."""

    id: Name | None = Field(default=None, description="Chosen here when left out.")
    title: Title = "New conversation"


class ConversationPatch(Input):
    """Another title."""

    title: Title


class ConversationRead(Output):
    """A conversation, without its messages."""

    id: str = Field(examples=["k3Vn8sQ0bXc1LmZp"])
    title: str
    running: bool = Field(description="Whether an answer is being written: it can be followed.")
    created_at: datetime
    updated_at: datetime


class ConversationPage(Output):
    """Some conversations, newest first, and how to get at the next ones."""

    items: list[ConversationRead]
    next_cursor: int | None = Field(description="Pass it as `cursor`; null on the last page.")


class TextPart(BaseModel):
    """Text."""

    type: Literal["text"] = "text"
    text: str
    state: Literal["done"] = "done"


class StepPart(BaseModel):
    """The beginning of a step: what follows was written after the tools before it ended."""

    type: Literal["step-start"] = "step-start"


class ApprovalRead(BaseModel):
    """What a tool asks the user to confirm, or what was said to it."""

    id: str
    approved: bool | None = None


class ToolPart(BaseModel):
    """A call of a tool."""

    model_config = ConfigDict(populate_by_name=True)

    type: str = Field(pattern=r"^tool-", examples=["tool-add_task"])
    tool_call_id: str = Field(alias="toolCallId")
    state: Literal[
        "input-available",
        "approval-requested",
        "output-available",
        "output-error",
        "output-denied",
    ]
    input: dict[str, Any]
    output: dict[str, Any] | None = None
    error_text: str | None = Field(default=None, alias="errorText")
    approval: ApprovalRead | None = None


class MessageMetadata(BaseModel):
    """Who answered, and what became of it."""

    model_config = ConfigDict(populate_by_name=True)

    created_at: datetime = Field(alias="createdAt")
    state: Literal["done", "running", "waiting", "failed", "cancelled"]
    error: str = ""
    model: str = Field(examples=["local-rules"])
    offline: bool = Field(description="Whether the local assistant of rules answered, not a model.")
    input_tokens: int = Field(alias="inputTokens")
    output_tokens: int = Field(alias="outputTokens")


class MessageRead(BaseModel):
    """A message, as `useChat` takes it."""

    id: str
    role: Literal["user", "assistant"]
    parts: list[TextPart | StepPart | ToolPart]
    metadata: MessageMetadata


class MessagePage(BaseModel):
    """Some messages, oldest first; the pages go from the newest back."""

    items: list[MessageRead]
    next_cursor: int | None = Field(description="Pass it as `cursor` for what was said before.")


class PageQuery(Input):
    """Which page to list."""

    limit: Annotated[int, Field(ge=1, le=100)] = 50
    cursor: Annotated[int, Field(ge=1, le=2**53 - 1)] | None = None


class ModelStatus(BaseModel):
    """Which model answers."""

    name: str = Field(examples=["local-rules"])
    provider: str = Field(examples=["local"])
    offline: bool = Field(description="Whether the local assistant of rules answers, not a model.")
    hint: str = Field(description="How to connect a model, where there is none.")


class ToolStatus(BaseModel):
    """A tool that the assistant has."""

    name: str
    effect: Literal["read", "add", "set", "delete"]
    confirmed: bool = Field(description="Whether the user is asked before it runs.")


class ChatStatus(BaseModel):
    """What the assistant is and can do."""

    model: ModelStatus
    tools: list[ToolStatus]
    mcp: str = Field(description="Where MCP clients find the same tools.", examples=["/mcp"])
    running: int = Field(description="Answers that this process is writing.")
