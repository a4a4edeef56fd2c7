"""What a message consists of: the same for every agent library, and in the database."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import groupby
from typing import Any


class Role(StrEnum):
    """Who said something."""

    USER = "user"
    ASSISTANT = "assistant"


class CallState(StrEnum):
    """How far a call of a tool is."""

    RUNNING = "running"
    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"
    DENIED = "denied"


@dataclass(frozen=True, slots=True)
class Text:
    """Something that was said, in the step of the answer it belongs to."""

    text: str
    step: int = 0


@dataclass(frozen=True, slots=True)
class Call:
    """A tool that the model called, and what came of it.

    A step is one answer of the model: its text and its calls. What the calls give back starts
    the next one.
    """

    id: str
    name: str
    arguments: dict[str, Any]
    step: int = 0
    state: CallState = CallState.RUNNING
    output: dict[str, Any] = field(default_factory=dict)

    def told(self) -> dict[str, Any]:
        """What a model is told about it: what came of it, or why nothing did."""
        return NOTHING_CAME.get(self.state, self.output)


NOTHING_CAME = {
    CallState.DENIED: {"error": "denied: the user did not agree to this"},
    CallState.WAITING: {"error": "denied: the user has not agreed to this"},
    CallState.RUNNING: {"error": "interrupted: whether it was done is not known"},
}

Part = Text | Call


@dataclass(frozen=True, slots=True)
class Message:
    """What one side said, in order."""

    role: Role
    parts: tuple[Part, ...]

    @property
    def text(self) -> str:
        """Its text, without what tools gave back."""
        return "".join(part.text for part in self.parts if isinstance(part, Text))

    @property
    def calls(self) -> tuple[Call, ...]:
        """Its calls of tools, in order."""
        return tuple(part for part in self.parts if isinstance(part, Call))

    def steps(self) -> Iterator[tuple[Part, ...]]:
        """Its parts, one group a step."""
        for _, parts in groupby(self.parts, key=lambda part: part.step):
            yield tuple(parts)


@dataclass(frozen=True, slots=True)
class Wrote:
    """The model wrote more text."""

    text: str


@dataclass(frozen=True, slots=True)
class Called:
    """The model called a tool."""

    id: str
    name: str
    arguments: dict[str, Any]
    waits: bool = False


@dataclass(frozen=True, slots=True)
class Returned:
    """A call ended."""

    id: str
    output: dict[str, Any]
    state: CallState = CallState.DONE


@dataclass(frozen=True, slots=True)
class Spent:
    """The model was asked once more, for this many tokens."""

    input_tokens: int
    output_tokens: int


Event = Wrote | Called | Returned | Spent


def grown(parts: tuple[Part, ...], event: Event) -> tuple[Part, ...]:
    """The parts of an answer after one more event."""
    match event:
        case Wrote(text):
            return _written(parts, text)
        case Called(id_, name, arguments, waits):
            state = CallState.WAITING if waits else CallState.RUNNING
            return (*parts, Call(_unique(parts, id_), name, arguments, _step(parts), state))
        case Returned(id_, output, state):
            return _returned(parts, id_, output, state)
        case Spent():
            return parts


def _unique(parts: tuple[Part, ...], id_: str) -> str:
    """The id of a new call: some models number theirs anew in every step."""
    again = sum(isinstance(part, Call) and _is(part, id_) for part in parts)
    return f"{id_}~{again}" if again else id_


def _returned(
    parts: tuple[Part, ...], id_: str, output: dict[str, Any], state: CallState
) -> tuple[Part, ...]:
    for place, part in enumerate(parts):
        if isinstance(part, Call) and _is(part, id_) and part.state is CallState.RUNNING:
            ended = replace(part, state=state, output=output)
            return (*parts[:place], ended, *parts[place + 1 :])
    return parts


def _is(call: Call, id_: str) -> bool:
    return call.id.partition("~")[0] == id_.partition("~")[0]


def _written(parts: tuple[Part, ...], text: str) -> tuple[Part, ...]:
    if parts and isinstance(last := parts[-1], Text):
        return (*parts[:-1], Text(last.text + text, last.step))
    return (*parts, Text(text, _step(parts)))


def _step(parts: tuple[Part, ...]) -> int:
    """The step of whatever comes next: a new one once a call of the last has ended."""
    if not parts:
        return 0
    last = parts[-1].step
    ended = (
        isinstance(part, Call) and part.state not in (CallState.RUNNING, CallState.WAITING)
        for part in parts
        if part.step == last
    )
    return last + 1 if any(ended) else last
