"""What to do when something happens: events in, decisions out, no effect and no clock of its own.

The loop (`devtool.runner.loop`) turns children, probes and signals into events, and decisions into
deeds. Everything here can be replayed with a list of events and a few numbers.
"""

from __future__ import annotations

import signal
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from devtool.model.launch import ReloadMode, RestartPolicy, Service
from devtool.model.state import Status
from devtool.runner.events import (
    Abandoned,
    Announce,
    Answered,
    CannotStart,
    Decision,
    Ended,
    Event,
    Family,
    Health,
    Interrupt,
    Look,
    Mutable,
    OfService,
    OutputGone,
    Probe,
    Reload,
    Rest,
    RestartService,
    Say,
    Send,
    ShowLast,
    Silent,
    Spawn,
    Started,
    StopService,
    Tick,
    Watch,
)

SIGKILL = getattr(signal, "SIGKILL", 9)

# What ends a process that nobody wanted to end: out of memory, or a fault of its own.
ACCIDENTS = frozenset({SIGKILL, getattr(signal, "SIGBUS", 10), signal.SIGABRT, signal.SIGSEGV})

# A service that lives this long has started well: what came before is forgotten.
SETTLED_SECONDS = 10.0
MAX_QUICK_DEATHS = 5
FIRST_PAUSE = 0.5
LAST_PAUSE = 10.0

# What SIGKILL has not ended by then waits in the kernel, and nothing ends that.
GIVE_UP_SECONDS = 5.0

# How often to look whether a family that was asked to stop is gone.
LOOK_EVERY = 0.05

# A second signal within this time is the echo of the first: a terminal that closes sends several.
ECHO_SECONDS = 0.3


class Step(NamedTuple):
    """One rung of the stop ladder: when, as a share of the grace, and which signal."""

    after: float
    signum: int


LADDER = (Step(0.0, signal.SIGINT), Step(0.5, signal.SIGTERM), Step(1.0, SIGKILL))


class Unit(Mutable):
    """One service and where it is in its life. Times are those of the loop's monotonic clock."""

    service: Service
    inherits: bool = False
    status: Status = Status.PENDING
    life: int = 0
    pid: int | None = None
    pid_started: float | None = None
    began: float = 0.0
    ready_after: float | None = None
    exit_code: int | None = None
    restarts: int = 0
    reloads: int = 0
    reload_ms: float | None = None
    last_error: str = ""
    leader: bool = False
    relatives: bool = False
    stop_since: float | None = None
    step: int = 0
    look_at: float | None = None
    again_at: float | None = None
    quick_deaths: int = 0
    overdue: bool = False
    held: bool = False
    comes_back: bool = False

    @property
    def name(self) -> str:
        """The service's name."""
        return self.service.name

    @property
    def is_down(self) -> bool:
        """True if nothing of it lives."""
        return not self.leader and not self.relatives

    @property
    def is_at_rest(self) -> bool:
        """True if nothing of it lives, and time alone will not start it."""
        return self.is_down and self.again_at is None

    @property
    def is_done(self) -> bool:
        """True for a one-shot service that has done its work."""
        return self.service.one_shot and self.exit_code == 0 and not self.leader

    @property
    def satisfies(self) -> bool:
        """True if what needs it may start."""
        if self.service.one_shot:
            return self.is_done
        answers = {Status.READY, Status.UNHEALTHY, Status.RELOADING}
        return self.status in answers or self.overdue

    def next_deadline(self) -> float | None:
        """When time alone will change something."""
        times = [self.look_at, self.again_at, self._next_step_at()]
        return min((each for each in times if each is not None), default=None)

    def _next_step_at(self) -> float | None:
        if self.stop_since is None or self.is_down or self.step >= len(LADDER):
            return None
        return self.stop_since + LADDER[self.step].after * self.service.grace

    def is_stuck(self, now: float) -> bool:
        """True if it lives though SIGKILL was sent long ago."""
        if self.stop_since is None or self.step < len(LADDER):
            return False
        return now > self.stop_since + self.service.grace + GIVE_UP_SECONDS

    def next_signal(self, now: float) -> int | None:
        """The strongest signal whose turn has come, or None while it may still work."""
        due = None
        while (at := self._next_step_at()) is not None and now >= at:
            due = LADDER[self.step].signum
            self.step += 1
        return due


class _Ending(Mutable):
    """Why the whole run ends, and with which code."""

    code: int
    since: float
    urgent: bool = False


class Supervisor:
    """Every service of a run.

    Args:
        services: In starting order.
        inherits: True if the only service has the terminal to itself.
    """

    def __init__(self, services: Sequence[Service], *, inherits: bool = False) -> None:
        self.services = services
        self.inherits = inherits
        self.units = {each.name: Unit(each, inherits=inherits) for each in services}
        self._ending: _Ending | None = None

    @property
    def exit_code(self) -> int | None:
        """What the run ends with, once it is decided."""
        return None if self._ending is None else self._ending.code

    @property
    def is_over(self) -> bool:
        """True once the run ends and nothing of it lives."""
        return self._ending is not None and all(unit.is_down for unit in self.units.values())

    def deadline(self) -> float | None:
        """When to send a `Tick` at the latest."""
        times = [unit.next_deadline() for unit in self.units.values()]
        return min((each for each in times if each is not None), default=None)

    def handle(self, event: Event, now: float) -> list[Decision]:
        """Take an event in, and say what to do."""
        decisions = [*self._react(event, now)]
        decisions += self._advance(now)
        return decisions

    def _react(self, event: Event, now: float) -> Iterable[Decision]:
        match event:
            case Interrupt():
                return self._interrupt(event, now)
            case Abandoned():
                return self._end(128 + SIGKILL, now, urgent=True)
            case OutputGone():
                return self._end(event.code, now)
            case Tick():
                return ()
            case StopService() | RestartService():
                return self._ask(self.units[event.name], event, now)
            case _:
                unit = self.units[event.name]
                return self._live(unit, event, now) if event.life == unit.life else ()

    def _live(self, unit: Unit, event: OfService, now: float) -> Iterable[Decision]:
        match event:
            case Started():
                return self._started(unit, event)
            case CannotStart():
                return self._cannot_start(unit, event, now)
            case Answered():
                return self._answered(unit, now)
            case Silent():
                return self._silent(unit)
            case Health():
                return self._health(unit, answers=event.answers)
            case Ended():
                return self._ended(unit, event.code, now)
            case Family():
                return self._counted(unit, event.alive, now)
            case Reload():
                from devtool.runner.reload_news import react

                return react(unit, event.news)

    # Starting

    def _advance(self, now: float) -> list[Decision]:
        """Whatever the time and the state of the others allow by now."""
        decisions: list[Decision] = []
        for unit in self.units.values():
            decisions += self._advance_stop(unit, now)
            if self._ending is None and self._may_start(unit, now):
                decisions += self._start(unit, now)
        if self._ending is None and all(unit.is_at_rest for unit in self.units.values()):
            self._ending = _Ending(0, since=now)
        return decisions

    def _may_start(self, unit: Unit, now: float) -> bool:
        if unit.status is not Status.PENDING or unit.held or not unit.is_down:
            return False
        if unit.again_at is not None and now < unit.again_at:
            return False
        needs = (self.units[name] for name in unit.service.needs if name in self.units)
        return all(need.satisfies for need in needs)

    def _start(self, unit: Unit, now: float) -> list[Decision]:
        unit.life += 1
        unit.status = Status.STARTING
        unit.began = now
        unit.leader = unit.relatives = True
        unit.ready_after = unit.exit_code = unit.again_at = unit.stop_since = unit.look_at = None
        unit.step = 0
        unit.overdue = unit.comes_back = False
        return [Spawn(unit.name, unit.life)]

    def _started(self, unit: Unit, event: Started) -> list[Decision]:
        unit.pid, unit.pid_started = event.pid, event.pid_started
        if unit.stop_since is not None:
            return []
        return [Probe(unit.name, unit.life)]

    def _cannot_start(self, unit: Unit, event: CannotStart, now: float) -> list[Decision]:
        unit.leader = unit.relatives = False
        unit.status = Status.FAILED
        unit.last_error = event.reason
        return [Say(event.reason, complaint=True), *self._end(event.exit_code, now)]

    def _answered(self, unit: Unit, now: float) -> list[Decision]:
        if unit.status is not Status.STARTING and not unit.overdue:
            return []
        unit.status = Status.READY
        unit.ready_after = now - unit.began
        return [Announce(unit.name, unit.ready_after), Watch(unit.name, unit.life)]

    def _silent(self, unit: Unit) -> list[Decision]:
        if unit.status is not Status.STARTING:
            return []
        unit.status = Status.UNHEALTHY
        unit.overdue = True
        seconds = f"{unit.service.probe.timeout:g} s"
        unit.last_error = f"has not answered within {seconds}"
        where = f" at {unit.service.url}" if unit.service.url else ""
        return [
            Say(f"{unit.name} runs, but nothing has answered{where} for {seconds}", complaint=True)
        ]

    def _health(self, unit: Unit, *, answers: bool) -> list[Decision]:
        if unit.status not in {Status.READY, Status.UNHEALTHY}:
            return []
        unit.status = Status.READY if answers else Status.UNHEALTHY
        unit.last_error = "" if answers else "stopped answering"
        return [
            Say(f"{unit.name} answers again" if answers else f"{unit.name} has stopped answering")
        ]

    # Ending

    def _ended(self, unit: Unit, code: int, now: float) -> list[Decision]:
        was_asked = unit.stop_since is not None
        unit.leader = False
        unit.exit_code = shell_code(code)
        unit.pid = unit.pid_started = None
        unit.status = Status.EXITED if was_asked or code == 0 else Status.FAILED
        decisions: list[Decision] = [Rest(unit.name), Look(unit.name, unit.life)]
        if unit.comes_back and self._ending is None:
            unit.status = Status.PENDING
            return decisions
        if was_asked or self._ending is not None or unit.is_done:
            return decisions
        return decisions + self._died(unit, code, now)

    def _died(self, unit: Unit, code: int, now: float) -> list[Decision]:
        """React to a service that ended though nobody had asked it to."""
        how = describe_end(unit.name, code)
        unit.last_error = how.removeprefix(unit.name).strip() if code else ""
        typed = unit.inherits and code == -signal.SIGINT
        told: list[Decision] = []
        if not typed and (code or len(self.units) > 1):
            told = [ShowLast(unit.name), Say(how, complaint=code != 0)]
        if not self._is_wanted_again(unit, code):
            return told + self._end(shell_code(code), now)
        if now - unit.began >= SETTLED_SECONDS:
            unit.quick_deaths = 0
        unit.quick_deaths += 1
        if unit.quick_deaths >= MAX_QUICK_DEATHS:
            unit.status = Status.FAILED
            unit.last_error = (
                f"crash loop: ended {MAX_QUICK_DEATHS} times within {SETTLED_SECONDS:g} s each"
            )
            verdict = f"{unit.name} is in a crash loop: {MAX_QUICK_DEATHS} quick deaths in a row"
            return [*told, Say(verdict, complaint=True), *self._end(shell_code(code) or 5, now)]
        pause = min(FIRST_PAUSE * 2 ** (unit.quick_deaths - 1), LAST_PAUSE)
        unit.status = Status.PENDING
        unit.again_at = now + pause
        unit.restarts += 1
        return [*told, Say(f"{unit.name} is started again in {pause:g} s")]

    @staticmethod
    def _is_wanted_again(unit: Unit, code: int) -> bool:
        policy = unit.service.restart
        if -code in ACCIDENTS and unit.service.reload is not ReloadMode.OFF:
            return True  # not the service has ended, but what keeps it on the code that is on disk
        return policy is RestartPolicy.ALWAYS or (policy is RestartPolicy.ON_FAILURE and code != 0)

    def _counted(self, unit: Unit, alive: int, now: float) -> list[Decision]:
        """Note what is left of a family; what outlives its leader is asked to stop as well."""
        unit.look_at = None
        if alive:
            unit.look_at = now + LOOK_EVERY
            if unit.stop_since is None:
                unit.stop_since = now
            return []
        unit.relatives = unit.leader
        if unit.relatives:
            unit.look_at = now + LOOK_EVERY
        return []

    def _end(self, code: int, now: float, *, urgent: bool = False) -> list[Decision]:
        """End the run: ask every service to stop, or kill it if that is urgent."""
        if self._ending is None:
            self._ending = _Ending(code, since=now)
        self._ending.urgent = self._ending.urgent or urgent
        return [each for unit in self.units.values() for each in self._stop(unit, now)]

    def _stop(self, unit: Unit, now: float) -> list[Decision]:
        unit.again_at = None
        if unit.is_down:
            return []
        urgent = self._ending is not None and self._ending.urgent
        if unit.stop_since is None:
            unit.stop_since = now
            if unit.leader:
                unit.status = Status.STOPPING
        if urgent and unit.step < len(LADDER):
            unit.step = len(LADDER) - 1
            unit.stop_since = now - unit.service.grace
        return [Rest(unit.name)]

    def _advance_stop(self, unit: Unit, now: float) -> list[Decision]:
        if unit.is_down:
            return []
        decisions: list[Decision] = []
        if unit.is_stuck(now):
            unit.leader = unit.relatives = False
            return [Say(f"{unit.name} could not be ended, not even by SIGKILL", complaint=True)]
        signum = unit.next_signal(now)
        if signum is not None:
            decisions.append(Send(unit.name, signum))
            unit.look_at = now
        if unit.look_at is not None and now >= unit.look_at and unit.relatives:
            unit.look_at = now + LOOK_EVERY
            decisions.append(Look(unit.name, unit.life))
        return decisions

    def _interrupt(self, event: Interrupt, now: float) -> list[Decision]:
        if event.typed and any(unit.service.tty and unit.inherits for unit in self.units.values()):
            return []  # the program on the terminal has it already, and may go on
        if self._ending is None:
            decisions = self._end(128 + event.signum, now)
            if event.typed and self.inherits:
                for unit in self.units.values():
                    unit.step = 1  # the terminal has sent SIGINT itself
            return decisions
        if event.signum == getattr(signal, "SIGHUP", None):
            return []
        return self._end(0, now, urgent=now - self._ending.since > ECHO_SECONDS)

    # Asked for from outside

    def _ask(self, unit: Unit, event: StopService | RestartService, now: float) -> list[Decision]:
        """Stop one service and leave the others; a restart lets it come back."""
        unit.held = isinstance(event, StopService)
        unit.comes_back = not unit.held
        unit.again_at = None
        unit.quick_deaths = 0
        if unit.comes_back:
            unit.restarts += 1
            if unit.is_down:
                unit.status = Status.PENDING
        elif unit.status is Status.PENDING:
            unit.status = Status.EXITED
        return self._stop(unit, now)


def shell_code(code: int) -> int:
    """The exit code a shell would show: 128+n for signal n."""
    return 128 - code if code < 0 else code


def describe_end(name: str, code: int) -> str:
    """How a service ended, in words."""
    if code >= 0:
        return f"{name} exited with code {code}"
    return f"{name} was killed by {signal_name(-code)} (exit code {shell_code(code)})"


def signal_name(signum: int) -> str:
    """The name of a signal, such as SIGKILL."""
    try:
        return signal.Signals(signum).name
    except ValueError:
        return f"signal {signum}"
