"""The local assistant as an agent: the same tools and the same events, but no library to load.

Through an agent library a turn of its rules takes four times as long, and the first one a second.
"""

from collections.abc import AsyncGenerator
from dataclasses import replace

from app.ai.calls import call
from app.ai.local import next_step
from app.ai.parts import Call, Called, CallState, Event, Message, Returned, Role, Wrote
from app.ai.toolbox import TOOLS
from app.ai.turn import LimitReachedError, Turn


class LocalAgent:
    """What answers while no model is connected."""

    async def answer(self, turn: Turn) -> AsyncGenerator[Event, None]:
        """What happens as the rules answer."""
        asked, calls = _asked(turn.messages)
        for _ in range(turn.steps):
            step = next_step(asked, calls)
            if not isinstance(step, Called):
                yield Wrote(step)
                return
            if TOOLS[step.name].needs_confirmation:
                yield replace(step, waits=True)
                return
            yield step
            outcome = await call(step.name, step.arguments, turn.caller)
            state = CallState.FAILED if outcome.failed else CallState.DONE
            yield Returned(step.id, outcome.output, state)
            ended = Call(step.id, step.name, step.arguments, state=state, output=outcome.output)
            calls = (*calls, ended)
        raise LimitReachedError("This took more steps than one answer may.")

    async def close(self) -> None:
        """Nothing is open."""


def _asked(messages: tuple[Message, ...]) -> tuple[Message, tuple[Call, ...]]:
    """The user's last message, and the calls made for it."""
    place = max(n for n, message in enumerate(messages) if message.role is Role.USER)
    calls = (each for message in messages[place + 1 :] for each in message.calls)
    return messages[place], tuple(calls)
