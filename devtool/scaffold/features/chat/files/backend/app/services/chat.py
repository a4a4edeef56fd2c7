"""What a conversation needs while an answer is written: begin, save, go on, end.

One answer at a time is written in a conversation, whichever process writes it: the row of the
conversation names it, and is changed only where it names nothing, or something that has not been
heard of for a while.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, NamedTuple

from sqlalchemy import bindparam, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.ai.budget import Spending
from app.ai.parts import Call, CallState, Message, Part, Role, Text
from app.ai.settings import AISettings
from app.database import get_database
from app.errors import ConflictError, TooManyRequestsError
from app.models.base import new_id, now
from app.services.conversation import (
    CALLS,
    CONVERSATIONS,
    MESSAGES,
    ConversationRecord,
    MessageRecord,
    find,
    insert_conversation,
    not_found,
    said,
)

# An answer that was not saved for so long is written by nobody: its process is gone.
LOST_AFTER = timedelta(seconds=20)
LOST = "The answer was interrupted."
TITLE_LENGTH = 80
# An answer that somebody follows is among the last few messages.
RECENT = 10


class Open(NamedTuple):
    """An answer that may be written now.

    Attributes:
        owner: Whose conversation it is.
        conversation: Its id.
        number: The answer's number.
        id: The answer's id.
        seen: What the user has seen of it, where it goes on after a confirmation.
        parts: The same, with what the user said to the calls that asked.
        history: What was said before it.
    """

    owner: str
    conversation: str
    number: int
    id: str
    seen: tuple[Part, ...]
    parts: tuple[Part, ...]
    history: tuple[Message, ...]


WHOSE = select(CONVERSATIONS.c.user_id).where(CONVERSATIONS.c.id == bindparam("conversation"))
IN_CONVERSATION = (
    MESSAGES.c.user_id == bindparam("owner"),
    MESSAGES.c.conversation_id == bindparam("conversation"),
)
LOCK = (
    update(CONVERSATIONS)
    .where(
        CONVERSATIONS.c.user_id == bindparam("owner"),
        CONVERSATIONS.c.id == bindparam("conversation"),
        or_(CONVERSATIONS.c.running.is_(None), CONVERSATIONS.c.beat_at < bindparam("lost")),
    )
    .values(
        running=bindparam("answer"), beat_at=bindparam("moment"), updated_at=bindparam("moment")
    )
    .returning(CONVERSATIONS.c.id)
)
UNLOCK = (
    update(CONVERSATIONS)
    .where(
        CONVERSATIONS.c.user_id == bindparam("owner"),
        CONVERSATIONS.c.id == bindparam("conversation"),
        CONVERSATIONS.c.running == bindparam("answer"),
    )
    .values(running=None, updated_at=bindparam("moment"))
)
BEAT = (
    update(CONVERSATIONS)
    .where(
        CONVERSATIONS.c.id == bindparam("conversation"),
        CONVERSATIONS.c.running == bindparam("answer"),
    )
    .values(beat_at=bindparam("moment"))
    .returning(CONVERSATIONS.c.id)
)
# What an answer left behind whose process is gone.
FORGET_LOST = (update(MESSAGES).where(*IN_CONVERSATION, MESSAGES.c.state == "running")).values(
    state="failed", error=LOST
)
DENY_WAITING = (
    update(CALLS)
    .where(
        CALLS.c.state == CallState.WAITING,
        CALLS.c.message_number.in_(select(MESSAGES.c.number).where(*IN_CONVERSATION)),
    )
    .values(state=CallState.DENIED, ended_at=bindparam("moment"))
)
END_WAITING = (
    update(MESSAGES).where(*IN_CONVERSATION, MESSAGES.c.state == "waiting").values(state="done")
)
SAY = insert(MESSAGES).returning(MESSAGES.c.number)
GO_ON = (
    update(MESSAGES)
    .where(
        *IN_CONVERSATION,
        MESSAGES.c.number == bindparam("its_number"),
        MESSAGES.c.state == "waiting",
    )
    .values(state="running", known=bindparam("its_known"))
)
SAVE = (
    update(MESSAGES)
    .where(MESSAGES.c.number == bindparam("its_number"))
    .values(parts=bindparam("new_parts", type_=MESSAGES.c.parts.type))
    .returning(MESSAGES.c.number)
)
END = SAVE.where(MESSAGES.c.state == "running").values(
    state=bindparam("new_state"),
    error=bindparam("new_error"),
    input_tokens=MESSAGES.c.input_tokens + bindparam("more_input"),
    output_tokens=MESSAGES.c.output_tokens + bindparam("more_output"),
)
ASKED = select(func.count(), func.min(MESSAGES.c.created_at)).where(
    MESSAGES.c.user_id == bindparam("owner"),
    MESSAGES.c.role == Role.USER,
    MESSAGES.c.created_at > bindparam("minute"),
)
SPENT = select(
    func.coalesce(func.sum(MESSAGES.c.input_tokens + MESSAGES.c.output_tokens), 0)
).where(MESSAGES.c.user_id == bindparam("owner"), MESSAGES.c.created_at > bindparam("day"))
PACE = ASKED.add_columns(SPENT.scalar_subquery())


async def begin(owner: str, name: str, message: str, text: str, settings: AISettings) -> Open:
    """An answer to what the user says now; the conversation is made if it is new.

    Calls that still wait for a confirmation are denied: the user went on without them.

    Raises:
        TooManyRequestsError: If the user asks too often, or has spent too much.
        NotFoundError: If the conversation is somebody else's.
        ConflictError: If an answer is being written, or the message is there already.
    """
    await _check_pace(owner, settings)
    answer = new_id()
    told = {"text": text, "step": 0}
    async with get_database().transaction() as connection:
        try:
            is_new = await _enter(connection, owner, name, text, answer)
            await _say(connection, owner, name, message, Role.USER, "done", [told], settings)
        except IntegrityError as error:
            raise ConflictError("That message is there already.") from error
        number = await _say(
            connection, owner, name, answer, Role.ASSISTANT, "running", [], settings
        )
        earlier: tuple[Message, ...] = (Message(Role.USER, (Text(text),)),)
        if not is_new:
            most = settings.ai_history_messages
            earlier = history(await said(connection, owner, name, most, number))
    return Open(owner, name, number, answer, (), (), earlier)


async def go_on(owner: str, name: str, approvals: Mapping[str, bool], settings: AISettings) -> Open:
    """The answer that waited for the user to confirm its calls, with what the user said to each.

    Which calls wait, and with which arguments, is what the database says, never the client.

    Raises:
        NotFoundError: If the owner has no such conversation.
        ConflictError: If nothing waits for that, or an answer is being written.
    """
    async with get_database().transaction() as connection:
        await find(connection, owner, name)
        found = await said(connection, owner, name, settings.ai_history_messages)
        answer = found[-1] if found else None
        if answer is None or answer.state != "waiting":
            raise ConflictError("Nothing waits for a confirmation.")
        parts = _decided(answer.parts, approvals)
        await _lock(connection, owner, name, answer.id)
        values = {"owner": owner, "conversation": name, "its_number": answer.number}
        await connection.execute(GO_ON, values | {"its_known": len(parts)})
        await _save_calls(connection, answer.number, answer.parts, parts)
    return Open(owner, name, answer.number, answer.id, answer.parts, parts, history(found[:-1]))


async def save(opened: Open, before: tuple[Part, ...], parts: tuple[Part, ...]) -> bool:
    """Keep what an answer holds so far; False if it shall not be written any more."""
    async with get_database().transaction() as connection:
        await _save_parts(connection, opened, before, parts, SAVE, {})
        values = {"conversation": opened.conversation, "answer": opened.id, "moment": now()}
        return (await connection.execute(BEAT, values)).first() is not None


async def end(
    opened: Open,
    before: tuple[Part, ...],
    parts: tuple[Part, ...],
    spent: Spending,
    *,
    state: str,
    error: str = "",
) -> None:
    """Keep an answer as it is in the end, and let the conversation go on."""
    about = {
        "new_state": state,
        "new_error": error,
        "more_input": spent.input_tokens,
        "more_output": spent.output_tokens,
    }
    async with get_database().transaction() as connection:
        await _save_parts(connection, opened, before, parts, END, about)
        await _unlock(connection, opened.owner, opened.conversation, opened.id)


async def cancel(owner: str, name: str) -> None:
    """Let nobody write on: whoever does notices when it saves.

    Raises:
        NotFoundError: If the owner has no such conversation.
    """
    async with get_database().statements() as connection:
        conversation = await find(connection, owner, name)
        if conversation.running is not None:
            await _unlock(connection, owner, name, conversation.running)


async def running(owner: str, name: str) -> MessageRecord | None:
    """The answer that is being written in a conversation, if there is one.

    Raises:
        NotFoundError: If the owner has no such conversation.
    """
    async with get_database().statements() as connection:
        conversation = await find(connection, owner, name)
        if conversation.running is None:
            return None
        last = (await said(connection, owner, name, 1))[-1]
    return last if last.id == conversation.running and not _is_lost(conversation) else None


async def find_message(owner: str, name: str, message: str) -> MessageRecord:
    """One of the last messages of a conversation.

    Raises:
        NotFoundError: If there is no such message.
    """
    async with get_database().statements() as connection:
        for record in await said(connection, owner, name, RECENT):
            if record.id == message:
                return record
    raise not_found()


def history(messages: list[MessageRecord]) -> tuple[Message, ...]:
    """Messages as a model is told them."""
    return tuple(Message(Role(each.role), each.parts) for each in messages if each.parts)


def _is_lost(conversation: ConversationRecord) -> bool:
    return conversation.beat_at < now() - LOST_AFTER


async def _check_pace(owner: str, settings: AISettings) -> None:
    moment = now()
    since = {"minute": moment - timedelta(minutes=1), "day": moment - timedelta(days=1)}
    (row,) = await get_database().all(PACE, {"owner": owner, **since})
    asked, first, spent = row
    if asked >= settings.ai_messages_per_minute:
        wait = max(1, round((first - since["minute"]).total_seconds()))
        raise TooManyRequestsError("Too many messages. Wait a while.", retry_after=wait)
    if spent >= settings.ai_day_tokens:
        raise TooManyRequestsError("That is enough for one day.", retry_after=3600)


async def _enter(
    connection: AsyncConnection, owner: str, name: str, text: str, answer: str
) -> bool:
    """Let an answer be written in a conversation; whether that had to be made."""
    there = (await connection.execute(WHOSE, {"conversation": name})).scalar_one_or_none()
    if there is None:
        title = " ".join(text.split())[:TITLE_LENGTH]
        await insert_conversation(connection, owner, name, title, running=answer)
        return True
    if there != owner:
        raise not_found()
    await _lock(connection, owner, name, answer)
    values = {"owner": owner, "conversation": name, "moment": now()}
    for statement in (FORGET_LOST, DENY_WAITING, END_WAITING):
        await connection.execute(statement, values)
    return False


async def _lock(connection: AsyncConnection, owner: str, name: str, answer: str) -> None:
    moment = now()
    values = {
        "owner": owner,
        "conversation": name,
        "answer": answer,
        "moment": moment,
        "lost": moment - LOST_AFTER,
    }
    if (await connection.execute(LOCK, values)).first() is None:
        raise ConflictError("An answer is still being written here.")


async def _unlock(connection: AsyncConnection, owner: str, name: str, answer: str) -> None:
    values = {"owner": owner, "conversation": name, "answer": answer, "moment": now()}
    await connection.execute(UNLOCK, values)


async def _say(
    connection: AsyncConnection,
    owner: str,
    name: str,
    message: str,
    role: Role,
    state: str,
    parts: list[dict[str, Any]],
    settings: AISettings,
) -> int:
    values = {
        "id": message,
        "conversation_id": name,
        "user_id": owner,
        "role": role,
        "state": state,
        "parts": parts,
        "known": 0,
        "error": "",
        "model": settings.model_name,
        "offline": settings.is_offline,
        "input_tokens": 0,
        "output_tokens": 0,
        "created_at": now(),
    }
    number: int = (await connection.execute(SAY, values)).scalar_one()
    return number


async def _save_parts(
    connection: AsyncConnection,
    opened: Open,
    before: tuple[Part, ...],
    parts: tuple[Part, ...],
    statement: Any,
    about: Mapping[str, Any],
) -> None:
    kept = [
        {"text": part.text, "step": part.step} if isinstance(part, Text) else {"call": part.id}
        for part in parts
    ]
    values = {"its_number": opened.number, "new_parts": kept}
    row = (await connection.execute(statement, {**values, **about})).first()
    # A conversation may be deleted while an answer is written in it.
    if row is not None:
        await _save_calls(connection, opened.number, before, parts)


async def _save_calls(
    connection: AsyncConnection, number: int, before: tuple[Part, ...], parts: tuple[Part, ...]
) -> None:
    """Write the calls that are new or have ended since."""
    known = {part.id: part for part in before if isinstance(part, Call)}
    for part in parts:
        if not isinstance(part, Call) or known.get(part.id) == part:
            continue
        ended = part.state not in (CallState.RUNNING, CallState.WAITING)
        state = {"state": part.state, "output": part.output, "ended_at": now() if ended else None}
        if part.id in known:
            own = (CALLS.c.message_number == number, CALLS.c.id == part.id)
            await connection.execute(update(CALLS).where(*own).values(state))
        else:
            about = {"name": part.name, "arguments": part.arguments, "step": part.step}
            row = {"message_number": number, "id": part.id, "created_at": now()}
            await connection.execute(insert(CALLS).values(row | about | state))


def _decided(parts: tuple[Part, ...], approvals: Mapping[str, bool]) -> tuple[Part, ...]:
    """The parts, each call that waited with what the user said to it.

    Raises:
        ConflictError: If nothing was said to one of them.
    """
    waiting = {each.id for each in parts if isinstance(each, Call) and _waits(each)}
    if not waiting <= set(approvals):
        raise ConflictError("Some calls still wait for a confirmation.")
    return tuple(
        replace(part, state=CallState.RUNNING if approvals[part.id] else CallState.DENIED)
        if isinstance(part, Call) and part.id in waiting
        else part
        for part in parts
    )


def _waits(call: Call) -> bool:
    return call.state is CallState.WAITING
