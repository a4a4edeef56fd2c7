"""The chat: a message in, an answer out, and the calls that were made for it."""

import json
from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, FastAPI, HTTPException, Request
from pydantic import BaseModel, Field

from . import local
from .calls import Outcome, call
from .operations import is_protected, operations
from .settings import LONGEST_MESSAGE, get_settings

RULES = "local rules"
MOST_SHOWN = 20


class Call(BaseModel):
    """One call of a tool."""

    tool: str
    arguments: dict[str, Any] = Field(default_factory=dict)


class Message(BaseModel):
    """What somebody says, or the call that they agree to."""

    message: str = Field(default="", max_length=LONGEST_MESSAGE)
    confirm: Call | None = None


class Answer(BaseModel):
    """What the assistant says."""

    answer: str
    assistant: str = Field(description="Who answers: a model's name, or `local rules`.")
    calls: list[Call] = Field(default_factory=list)
    confirm: Call | None = Field(
        default=None, description="Send this back to have it done."
    )


def router(app: FastAPI) -> APIRouter:
    """The routes of the chat with one application's tools."""
    routes = APIRouter(prefix="/ai", tags=["assistant"])

    @routes.post("/chat")
    async def chat(message: Message, request: Request) -> Answer:
        """Talk to the assistant, which acts with your own rights."""
        if is_protected(app) and not {"authorization", "cookie"} & set(request.headers):
            raise HTTPException(401, "sign in first", {"WWW-Authenticate": "Bearer"})
        return await _answer(app, message, request)

    return routes


async def _answer(app: FastAPI, message: Message, request: Request) -> Answer:
    tools = operations(app)
    settings = get_settings()
    calls: list[Call] = []

    async def run(name: str, arguments: Mapping[str, Any]) -> Outcome:
        calls.append(Call(tool=name, arguments=dict(arguments)))
        return await call(app, tools[name], arguments, request.scope)

    if message.confirm is not None:
        if message.confirm.tool not in tools:
            raise HTTPException(422, "there is no such tool")
        outcome = await run(message.confirm.tool, message.confirm.arguments)
        return Answer(answer=_said(outcome), assistant=RULES, calls=calls)
    wish = local.understood(message.message, tools)
    if wish is not None and wish.operation.is_destructive:
        confirm = Call(tool=wish.operation.name, arguments=wish.arguments)
        text = (
            f"This deletes for good: {wish.operation.path}. Confirm it to have it done."
        )
        return Answer(answer=text, assistant=RULES, confirm=confirm)
    if settings.model:
        from .agent import answer

        text = await answer(message.message, tools, run, settings)
        return Answer(answer=text, assistant=settings.model, calls=calls)
    if wish is None:
        return Answer(answer=local.ABOUT, assistant=RULES)
    outcome = await run(wish.operation.name, wish.arguments)
    return Answer(answer=_said(outcome), assistant=RULES, calls=calls)


def _said(outcome: Outcome) -> str:
    """An outcome in words."""
    value = outcome.value()
    if outcome.is_error:
        return f"That was refused ({outcome.status}): {json.dumps(value, ensure_ascii=False)}"
    if isinstance(value, dict):
        lists = [item for item in value.values() if isinstance(item, list)]
        value = lists[0] if len(lists) == 1 else value
    if isinstance(value, list):
        shown = [json.dumps(item, ensure_ascii=False) for item in value[:MOST_SHOWN]]
        more = (
            f"\n... and {len(value) - MOST_SHOWN} more"
            if len(value) > MOST_SHOWN
            else ""
        )
        return "\n".join(shown) + more if shown else "There is nothing."
    return json.dumps(value, ensure_ascii=False) if value is not None else "Done."
