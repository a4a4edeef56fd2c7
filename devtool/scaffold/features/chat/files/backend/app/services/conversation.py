"""What can be done with conversations. Every statement names the owner, as for tasks."""

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import SQLModel

from app.ai.parts import Call, CallState, Part, Text
from app.database import get_database
from app.errors import ConflictError, NotFoundError
from app.models import conversation  # noqa: F401  (fills the metadata)
from app.models.base import new_id, now
from app.schemas.chat import ConversationCreate, PageQuery

CONVERSATIONS = SQLModel.metadata.tables["conversations"]
MESSAGES = SQLModel.metadata.tables["chat_messages"]
CALLS = SQLModel.metadata.tables["tool_calls"]


class ConversationRecord(NamedTuple):
    """A conversation as the database holds it."""

    number: int
    id: str
    title: str
    running: str | None
    beat_at: datetime
    created_at: datetime
    updated_at: datetime


class ConversationList(NamedTuple):
    """A page of conversations."""

    items: list[ConversationRecord]
    next_cursor: int | None


class MessageRecord(NamedTuple):
    """A message as the database holds it; `parts` with the calls in their places."""

    number: int
    id: str
    role: str
    state: str
    parts: tuple[Part, ...]
    known: int
    error: str
    model: str
    offline: bool
    input_tokens: int
    output_tokens: int
    created_at: datetime


class MessageList(NamedTuple):
    """A page of messages, oldest first."""

    items: list[MessageRecord]
    next_cursor: int | None


COLUMNS = tuple(CONVERSATIONS.c[name] for name in ConversationRecord._fields)
MESSAGE_COLUMNS = tuple(MESSAGES.c[name] for name in MessageRecord._fields)
OWN = CONVERSATIONS.c.user_id == bindparam("owner")
ONE = (OWN, CONVERSATIONS.c.id == bindparam("conversation"))

LIST = select(*COLUMNS).where(OWN).order_by(CONVERSATIONS.c.number.desc()).limit(bindparam("limit"))
LIST_BEFORE = LIST.where(CONVERSATIONS.c.number < bindparam("before"))
GET = select(*COLUMNS).where(*ONE)
CREATE = insert(CONVERSATIONS).returning(*COLUMNS)
RENAME = update(CONVERSATIONS).where(*ONE).values(title=bindparam("new_title")).returning(*COLUMNS)
DELETE = delete(CONVERSATIONS).where(*ONE).returning(CONVERSATIONS.c.id)
SAID = (
    select(*MESSAGE_COLUMNS)
    .where(
        MESSAGES.c.user_id == bindparam("owner"),
        MESSAGES.c.conversation_id == bindparam("conversation"),
    )
    .order_by(MESSAGES.c.number.desc())
    .limit(bindparam("limit"))
)
SAID_BEFORE = SAID.where(MESSAGES.c.number < bindparam("before"))
CALLED = select(CALLS).where(CALLS.c.message_number.in_(bindparam("messages", expanding=True)))


async def list_conversations(owner: str, query: PageQuery) -> ConversationList:
    """A page of the owner's conversations, newest first."""
    values = {"owner": owner, "limit": query.limit + 1, "before": query.cursor}
    statement = LIST if query.cursor is None else LIST_BEFORE
    async with get_database().statements() as connection:
        rows = (await connection.execute(statement, values)).all()
    items = [ConversationRecord._make(row) for row in rows[: query.limit]]
    return ConversationList(items, items[-1].number if len(rows) > query.limit else None)


async def get_conversation(owner: str, name: str) -> ConversationRecord:
    """One of the owner's conversations.

    Raises:
        NotFoundError: If the owner has no such conversation.
    """
    async with get_database().statements() as connection:
        return await find(connection, owner, name)


async def create_conversation(owner: str, data: ConversationCreate) -> ConversationRecord:
    """A new conversation.

    Raises:
        ConflictError: If there is one of that id.
    """
    async with get_database().statements() as connection:
        try:
            return await insert_conversation(connection, owner, data.id or new_id(), data.title)
        except IntegrityError as error:
            raise ConflictError("There is a conversation of that id.") from error


async def rename_conversation(owner: str, name: str, title: str) -> ConversationRecord:
    """A conversation with another title; raises as `get_conversation` does."""
    values = {"owner": owner, "conversation": name, "new_title": title}
    async with get_database().statements() as connection:
        row = (await connection.execute(RENAME, values)).first()
    if row is None:
        raise not_found()
    return ConversationRecord._make(row)


async def delete_conversation(owner: str, name: str) -> None:
    """Delete a conversation and all that was said in it; raises as `get_conversation` does."""
    async with get_database().statements() as connection:
        row = (await connection.execute(DELETE, {"owner": owner, "conversation": name})).first()
    if row is None:
        raise not_found()


async def list_messages(owner: str, name: str, query: PageQuery) -> MessageList:
    """A page of a conversation, from the newest message back; raises as `get_conversation` does."""
    async with get_database().statements() as connection:
        await find(connection, owner, name)
        found = await said(connection, owner, name, query.limit + 1, query.cursor)
    items = found[-query.limit :]
    return MessageList(items, items[0].number if len(found) > query.limit else None)


async def find(connection: AsyncConnection, owner: str, name: str) -> ConversationRecord:
    """As `get_conversation`, on a connection."""
    row = (await connection.execute(GET, {"owner": owner, "conversation": name})).first()
    if row is None:
        raise not_found()
    return ConversationRecord._make(row)


async def insert_conversation(
    connection: AsyncConnection, owner: str, name: str, title: str, running: str | None = None
) -> ConversationRecord:
    """A new conversation, on a connection; maybe one in which an answer is written already."""
    moment = now()
    values = {"id": name, "user_id": owner, "title": title, "running": running}
    times = {"beat_at": moment, "created_at": moment, "updated_at": moment}
    return ConversationRecord._make((await connection.execute(CREATE, values | times)).one())


async def said(
    connection: AsyncConnection, owner: str, name: str, limit: int, before: int | None = None
) -> list[MessageRecord]:
    """The last messages before one, oldest first, with their calls."""
    values = {"owner": owner, "conversation": name, "limit": limit, "before": before}
    statement = SAID if before is None else SAID_BEFORE
    rows = (await connection.execute(statement, values)).all()
    numbers = [row.number for row in rows if row.role == "assistant"]
    calls: dict[tuple[int, str], Any] = {}
    if numbers:
        for call in await connection.execute(CALLED, {"messages": numbers}):
            calls[call.message_number, call.id] = call
    return [_message(row, calls) for row in reversed(rows)]


def not_found() -> NotFoundError:
    """What a caller is told of a conversation that is not there, or is not theirs."""
    return NotFoundError("There is no such conversation.")


def _message(row: Any, calls: dict[tuple[int, str], Any]) -> MessageRecord:
    parts = tuple(
        _call(calls[row.number, part["call"]])
        if "call" in part
        else Text(part["text"], part["step"])
        for part in row.parts
    )
    return MessageRecord._make(row)._replace(parts=parts)


def _call(row: Any) -> Call:
    state = CallState(row.state)
    return Call(row.id, row.name, row.arguments, row.step, state, row.output)
