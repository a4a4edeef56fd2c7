"""What can happen in a run, and what can be done about it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Started:
    """A service has a process."""

    name: str
    life: int
    pid: int
    pid_started: float


@dataclass(frozen=True, slots=True)
class CannotStart:
    """A service could not be given a process."""

    name: str
    life: int
    reason: str
    exit_code: int = 5


@dataclass(frozen=True, slots=True)
class Answered:
    """The readiness probe of a life of a service has succeeded."""

    name: str
    life: int


@dataclass(frozen=True, slots=True)
class Silent:
    """The readiness probe's time has passed without an answer."""

    name: str
    life: int


@dataclass(frozen=True, slots=True)
class Health:
    """A ready service stopped answering, or answers again."""

    name: str
    life: int
    answers: bool


@dataclass(frozen=True, slots=True)
class Ended:
    """The process of a service has ended; `code` is negative for a signal, as in `subprocess`."""

    name: str
    life: int
    code: int


@dataclass(frozen=True, slots=True)
class Family:
    """How many processes of a service's family still live."""

    name: str
    life: int
    alive: int


@dataclass(frozen=True, slots=True)
class Interrupt:
    """devtool was asked to stop. `typed` if the terminal has sent the signal to its programs too."""

    signum: int
    typed: bool = False


@dataclass(frozen=True, slots=True)
class Abandoned:
    """Nobody is left to serve: the guardian was killed."""


@dataclass(frozen=True, slots=True)
class OutputGone:
    """Nobody reads what we write; `code` is what to exit with."""

    code: int


@dataclass(frozen=True, slots=True)
class StopService:
    """Someone asks for one service to be stopped."""

    name: str


@dataclass(frozen=True, slots=True)
class RestartService:
    """Someone asks for one service to be restarted."""

    name: str


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed."""


# Events of one life of one service: late ones, about a former life, mean nothing.
OfService = Started | CannotStart | Answered | Silent | Health | Ended | Family

Event = OfService | Interrupt | Abandoned | OutputGone | StopService | RestartService | Tick


@dataclass(frozen=True, slots=True)
class Spawn:
    """Start a process for a service."""

    name: str
    life: int


@dataclass(frozen=True, slots=True)
class Probe:
    """Ask until the service answers."""

    name: str
    life: int


@dataclass(frozen=True, slots=True)
class Watch:
    """Keep asking a ready service whether it answers."""

    name: str
    life: int


@dataclass(frozen=True, slots=True)
class Rest:
    """Stop asking a service anything."""

    name: str


@dataclass(frozen=True, slots=True)
class Send:
    """Signal a service's family; SIGKILL until nothing of it is left."""

    name: str
    signum: int


@dataclass(frozen=True, slots=True)
class Look:
    """Report how much of a service's family lives."""

    name: str
    life: int


@dataclass(frozen=True, slots=True)
class Announce:
    """Show that a service answers, and after how long."""

    name: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Say:
    """Show a line; a complaint goes to the error stream."""

    text: str
    complaint: bool = False


@dataclass(frozen=True, slots=True)
class ShowLast:
    """Show the last lines of a service again."""

    name: str


OnProcess = Spawn | Probe | Watch | Send | Look

Decision = OnProcess | Rest | Announce | Say | ShowLast
