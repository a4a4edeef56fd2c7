"""The agent, loaded the first time somebody chats."""

import asyncio
from functools import lru_cache
from importlib import import_module

from app.ai.settings import AISettings
from app.ai.turn import Agent, Connection


async def get_agent(settings: AISettings) -> Agent:
    """The agent of this process for the model of the settings.

    Its library takes longer to import than the rest of the application, so that is done late, and
    in a thread: others are to be answered meanwhile.
    """
    return await asyncio.to_thread(load, settings.connection())


@lru_cache(maxsize=4)
def load(connection: Connection) -> Agent:
    """The agent for a model; kept, for its connections."""
    agent: Agent = import_module("app.ai.agent").agent(connection)
    return agent
