"""What can happen in a run, and what can be done about it."""

from __future__ import annotations

from typing import ClassVar, dataclass_transform

TYPE_CHECKING = False
if TYPE_CHECKING:
    from devtool.runner.reload import News


class _Fields:
    """Takes the fields that a subclass declares.

    `dataclass` compiles code for every class, half a millisecond each, and loads what inspects code;
    twenty of them would be the largest part of a run's own start.
    """

    _fields: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls) -> None:
        cls._fields = tuple(cls.__annotations__)

    def __init__(self, *args: object, **named: object) -> None:
        fields = self._fields
        given = dict(zip(fields, args, strict=False)) | named
        defaults = {name: vars(type(self))[name] for name in fields if name in vars(type(self))}
        if len(args) > len(fields) or (defaults | given).keys() != set(fields):
            raise TypeError(f"{type(self).__name__} takes {', '.join(fields)}")
        self.__dict__.update(defaults | given)

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={value!r}" for name, value in self.__dict__.items())
        return f"{type(self).__name__}({fields})"


@dataclass_transform(eq_default=False)
class Mutable(_Fields):
    """A record whose fields change."""


@dataclass_transform(frozen_default=True, eq_default=True)
class Record(_Fields):
    """A frozen record."""

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is frozen")

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other.__dict__ == self.__dict__

    def __hash__(self) -> int:
        return hash((type(self), *self.__dict__.values()))


class Started(Record):
    """A service has a process."""

    name: str
    life: int
    pid: int
    pid_started: float


class CannotStart(Record):
    """A service could not be given a process."""

    name: str
    life: int
    reason: str
    exit_code: int = 5


class Answered(Record):
    """The readiness probe of a life of a service has succeeded."""

    name: str
    life: int


class Silent(Record):
    """The readiness probe's time has passed without an answer."""

    name: str
    life: int


class Health(Record):
    """A ready service stopped answering, or answers again."""

    name: str
    life: int
    answers: bool


class Ended(Record):
    """The process of a service has ended; `code` is negative for a signal, as in `subprocess`."""

    name: str
    life: int
    code: int


class Reload(Record):
    """News from the reloader of a service."""

    name: str
    life: int
    news: News


class Family(Record):
    """How many processes of a service's family still live."""

    name: str
    life: int
    alive: int


class Interrupt(Record):
    """devtool was asked to stop. `typed` if the terminal has sent the signal to its programs too."""

    signum: int
    typed: bool = False


class Abandoned(Record):
    """Nobody is left to serve: the guardian was killed."""


class OutputGone(Record):
    """Nobody reads what we write; `code` is what to exit with."""

    code: int


class StopService(Record):
    """Someone asks for one service to be stopped."""

    name: str


class RestartService(Record):
    """Someone asks for one service to be restarted."""

    name: str


class Tick(Record):
    """Time has passed."""


# Events of one life of one service: late ones, about a former life, mean nothing.
OfService = Started | CannotStart | Answered | Silent | Health | Ended | Family | Reload

Event = OfService | Interrupt | Abandoned | OutputGone | StopService | RestartService | Tick


class Spawn(Record):
    """Start a process for a service."""

    name: str
    life: int


class Probe(Record):
    """Ask until the service answers."""

    name: str
    life: int


class Watch(Record):
    """Keep asking a ready service whether it answers."""

    name: str
    life: int


class Rest(Record):
    """Stop asking a service anything."""

    name: str


class Send(Record):
    """Signal a service's family; SIGKILL until nothing of it is left."""

    name: str
    signum: int


class Look(Record):
    """Report how much of a service's family lives."""

    name: str
    life: int


class Announce(Record):
    """Show that a service answers, and after how long."""

    name: str
    seconds: float


class Say(Record):
    """Show a line; a complaint goes to the error stream."""

    text: str
    complaint: bool = False


class ShowLast(Record):
    """Show the last lines of a service again."""

    name: str


OnProcess = Spawn | Probe | Watch | Send | Look

Decision = OnProcess | Rest | Announce | Say | ShowLast
