"""The agent, loaded the first time somebody chats."""

import asyncio
from functools import lru_cache
from importlib import import_module

from app.ai.settings import get_ai_settings
from app.ai.turn import Agent


async def get_agent() -> Agent:
    """The agent of this process.

    Its library takes longer to import than the rest of the application, so that is done late, and
    in a thread: others are to be answered meanwhile.
    """
    return await asyncio.to_thread(load)


@lru_cache
def load() -> Agent:
    """The agent for the settings of this process."""
    agent: Agent = import_module("app.ai.agent").agent(get_ai_settings())
    return agent
