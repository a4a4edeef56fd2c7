"""One turn of a conversation, as any agent library runs it."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from pydantic import SecretStr

from app.ai.caller import Caller
from app.ai.parts import Event, Message

# The provider that is this application itself.
LOCAL = "local"


class TurnError(Exception):
    """A turn that ends early. Its text is for the user."""


class LimitReachedError(TurnError):
    """The turn took more steps, time, tokens or money than one turn may."""


class ProviderError(TurnError):
    """The model could not be asked, or did not answer in a way that can be used."""


class Connection(NamedTuple):
    """A model and how it is reached.

    Attributes:
        provider: Who has it; `local` for the assistant of this application.
        model: Its name there.
        key: What the provider asks for.
        base_url: Where it is, if not where its provider has all of its models.
        retries: How often a request that failed is made again.
        seconds: How long a request may take.
    """

    provider: str
    model: str
    key: SecretStr
    base_url: str
    retries: int
    seconds: float

    @property
    def is_offline(self) -> bool:
        """Whether no model is connected, so that the local assistant answers."""
        return self.provider == LOCAL


@dataclass(frozen=True, slots=True)
class Turn:
    """What a model is asked.

    Args:
        caller: Whose tools it may use.
        messages: What was said so far. The last is the user's, or an answer that goes on after
            its calls.
        steps: How often the model may be asked.
    """

    caller: Caller
    messages: tuple[Message, ...]
    steps: int


class Agent(Protocol):
    """An agent library, as `app/ai/agent.py` wraps it."""

    def answer(self, turn: Turn) -> AsyncGenerator[Event, None]:
        """What happens as the model answers, as it happens.

        Raises:
            LimitReachedError: If it takes too many steps.
            ProviderError: If the model cannot be asked.
        """
        ...

    async def close(self) -> None:
        """Hang up."""
        ...
