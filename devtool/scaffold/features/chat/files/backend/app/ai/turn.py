"""One turn of a conversation, as any agent library runs it."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Protocol

from app.ai.caller import Caller
from app.ai.parts import Event, Message


class TurnError(Exception):
    """A turn that ends early. Its text is for the user."""


class LimitReachedError(TurnError):
    """The turn took more steps, time, tokens or money than one turn may."""


class ProviderError(TurnError):
    """The model could not be asked, or did not answer in a way that can be used."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What a model is asked.

    Args:
        caller: Whose tools it may use.
        messages: What was said so far. The last is the user's, or an answer that goes on after
            its calls.
    """

    caller: Caller
    messages: tuple[Message, ...]


class Agent(Protocol):
    """An agent library, as `app/ai/agent.py` wraps it."""

    def answer(self, turn: Turn) -> AsyncGenerator[Event, None]:
        """What happens as the model answers, as it happens.

        Raises:
            LimitReachedError: If it takes too many steps.
            ProviderError: If the model cannot be asked.
        """
        ...
