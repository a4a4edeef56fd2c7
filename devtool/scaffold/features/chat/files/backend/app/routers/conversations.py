"""The routes of conversations: HTTP on one side, `app.services.conversation` on the other."""

from typing import Annotated

from fastapi import APIRouter, Query

from app.ai.uimessages import shown, summary
from app.current_user import USER_RESPONSES, CurrentUser
from app.errors import documented
from app.schemas.chat import (
    ConversationCreate,
    ConversationId,
    ConversationPage,
    ConversationPatch,
    ConversationRead,
    MessagePage,
    PageQuery,
)
from app.services import conversation as conversations

router = APIRouter(prefix="/conversations", tags=["chat"], responses=USER_RESPONSES)
PageOf = Annotated[PageQuery, Query()]


@router.get("")
async def list_conversations(user: CurrentUser, query: PageOf) -> ConversationPage:
    """List your conversations, newest first, a page at a time."""
    page = await conversations.list_conversations(user, query)
    return ConversationPage(items=list(map(summary, page.items)), next_cursor=page.next_cursor)


@router.post("", status_code=201, responses=documented(409))
async def create_conversation(user: CurrentUser, data: ConversationCreate) -> ConversationRead:
    """Create a conversation; saying something in a new one does that too."""
    return summary(await conversations.create_conversation(user, data))


@router.get("/{conversation_id}", responses=documented(404))
async def get_conversation(user: CurrentUser, conversation_id: ConversationId) -> ConversationRead:
    """Read one of your conversations, without its messages."""
    return summary(await conversations.get_conversation(user, conversation_id))


@router.patch("/{conversation_id}", responses=documented(404))
async def rename_conversation(
    user: CurrentUser, conversation_id: ConversationId, data: ConversationPatch
) -> ConversationRead:
    """Give a conversation another title."""
    return summary(await conversations.rename_conversation(user, conversation_id, data.title))


@router.delete("/{conversation_id}", status_code=204, responses=documented(404))
async def delete_conversation(user: CurrentUser, conversation_id: ConversationId) -> None:
    """Delete a conversation and all that was said in it."""
    await conversations.delete_conversation(user, conversation_id)


@router.get(
    "/{conversation_id}/messages", responses=documented(404), response_model_exclude_unset=True
)
async def list_messages(
    user: CurrentUser, conversation_id: ConversationId, query: PageOf
) -> MessagePage:
    """List what was said, a page at a time, from the newest back; each page oldest first."""
    page = await conversations.list_messages(user, conversation_id, query)
    items = [message for item in page.items for message in shown(item)]
    return MessagePage(items=items, next_cursor=page.next_cursor)
