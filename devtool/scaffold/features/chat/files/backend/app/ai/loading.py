"""The agents, loaded the first time somebody chats and kept for their connections."""

import asyncio
from importlib import import_module

from app.ai.local_agent import LocalAgent
from app.ai.settings import AISettings
from app.ai.turn import Agent, Connection

_agents: dict[Connection, Agent] = {}


async def get_agent(settings: AISettings) -> Agent:
    """The agent of this process for the model of the settings.

    Its library takes longer to import than the rest of the application, so that is done late, and
    in a thread: others are to be answered meanwhile.
    """
    connection = settings.connection()
    if connection not in _agents:
        made = await asyncio.to_thread(_load, connection)
        _agents.setdefault(connection, made)
    return _agents[connection]


async def close() -> None:
    """Hang up."""
    while _agents:
        _, agent = _agents.popitem()
        await agent.close()


def _load(connection: Connection) -> Agent:
    if connection.is_offline:
        return LocalAgent()
    agent: Agent = import_module("app.ai.agent").agent(connection)
    return agent
