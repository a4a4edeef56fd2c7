"""How much of a conversation a model is told: the last messages that fit, oldest first.

A conversation is stored for good, but sent to the model only as far as the two limits allow. What
is left out is left out by whole turns: the first message a model sees is always the user's, and no
call is ever shown without its outcome.
"""

import json

from app.ai.parts import Message, Role, Text


def recent(
    messages: tuple[Message, ...], *, most_messages: int, most_characters: int
) -> tuple[Message, ...]:
    """The last turns that fit; the very last one always does."""
    kept: tuple[Message, ...] = ()
    for turn in reversed(_turns(messages)):
        longer = (*turn, *kept)
        fits = len(longer) <= most_messages and sum(map(_size, longer)) <= most_characters
        if kept and not fits:
            break
        kept = longer
    return kept


def _turns(messages: tuple[Message, ...]) -> list[tuple[Message, ...]]:
    """What the user said, each with what was answered to it."""
    starts = [place for place, message in enumerate(messages) if message.role is Role.USER]
    ends = [*starts[1:], len(messages)]
    return [messages[start:end] for start, end in zip(starts, ends, strict=True)]


def _size(message: Message) -> int:
    return sum(
        len(part.text)
        if isinstance(part, Text)
        else len(json.dumps(part.arguments)) + len(json.dumps(part.output))
        for part in message.parts
    )
