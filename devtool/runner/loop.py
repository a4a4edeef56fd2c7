"""Turns children, probes and signals into events, and the supervisor's decisions into deeds."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from functools import partial

from devtool.errors import ServiceError
from devtool.model.launch import LaunchPlan, ProbeKind, ReloadMode, Service
from devtool.runner import events, family, signals
from devtool.runner.environment import environment
from devtool.runner.guard import TERMINAL_INTERRUPT, Guardian, Terminal
from devtool.runner.output import Pump, Sink, Voice, drain, lanes, shows_colour
from devtool.runner.process import Child, Streams
from devtool.runner.recording import Recording
from devtool.runner.state import Slot
from devtool.runner.supervisor import SIGKILL, Supervisor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from devtool.runner.cold_service import ColdService
    from devtool.runner.control import Control
    from devtool.runner.readiness import Health, Readiness
    from devtool.runner.reload import News
    from devtool.runner.warm_service import WarmService
    from devtool.runner.watchdog import Watchdog

LAST_LINES = 10
TRACEBACK_LINES = 60
REAP_AFTER = 2.0


class Options(events.Mutable):
    """What varies between runs of one plan.

    Args:
        guardian: The process that keeps watch over this one, if there is one.
        slot: Where to write the state, if it can be written.
        env: The environment that services build on.
        out: The descriptor that lines of services go to.
        err: The descriptor for complaints.
        quiet: Say nothing but complaints.
        onlooker: A descriptor that reaches its end when whoever this run is for is gone.
        on_ready: Called with each service that answers, from the thread of the loop.
        on_reload: Called with each service whose change serves, and with what says a sentence about
            it; from the thread of its reloader.
    """

    env: Mapping[str, str]
    guardian: Guardian | None = None
    slot: Slot | None = None
    out: int = 1
    err: int = 2
    quiet: bool = False
    onlooker: int | None = None
    on_ready: Callable[[Service], None] = lambda _: None
    on_reload: Callable[[Service, Callable[[str], None]], None] = lambda _service, _tell: None


class Loop:
    """One run of a plan, from the first process to the last."""

    def __init__(self, plan: LaunchPlan, options: Options) -> None:
        self.run_id = os.urandom(8).hex()
        self._plan = plan
        self._options = options
        self._services = {service.name: service for service in plan.services}
        self._events: queue.SimpleQueue[events.Event] = queue.SimpleQueue()
        # What a deed gave rise to, before anything that came from elsewhere.
        self._at_once: deque[events.Event] = deque()
        self._inherits = takes_terminal(plan, options.out)
        self._supervisor = Supervisor(plan.services, inherits=self._inherits)
        self._children: dict[str, Child] = {}
        self._reloading: dict[str, WarmService | ColdService] = {}
        self._askers: dict[str, list[Readiness | Health]] = {name: [] for name in self._services}
        self._pumps: dict[str, Pump] = {}
        self._reap_at: float | None = None
        self._interrupted = False
        # What a debugger in one of several services talks to.
        self._terminal = os.ttyname(0) if options.out == 1 and _is_terminal(0) else ""
        self._colour = shows_colour(options.out, options.env)
        self._sink = Sink(options.out, on_gone=self._output_gone)
        self._lanes = lanes(list(self._services), colour=self._colour)
        self._control: Control | None = None
        self._watchdog: Watchdog | None = None
        self._recording = Recording(
            options.slot,
            root=plan.root,
            run=self.run_id,
            pid=options.guardian.pid if options.guardian else os.getpid(),
            complain=self._complain,
        )
        self._voice = Voice(
            self._sink, Sink(options.err), record=self._recording.note, quiet=options.quiet
        )

    def run(self) -> int:
        """Run until every service has ended or was stopped; the exit code to pass on."""
        terminal = Terminal.current()
        with self._signals():
            try:
                if self._options.guardian is None:
                    # Before anything else: this process may be killed a moment later.
                    self._watchdog = _start_watchdog(self.run_id)
                self._take(events.Tick())
                self._after_first_start()
                while not self._supervisor.is_over:
                    self._take(self._next_event())
            except BaseException:
                self._kill_all()
                raise
            finally:
                self._clean_up(terminal)
        return self._supervisor.exit_code or 0

    def put(self, event: events.Event) -> None:
        """Hand an event in, from any thread or signal handler."""
        self._events.put(event)

    def _next_event(self) -> events.Event:
        times = (self._supervisor.deadline(), self._reap_at)
        deadline = min((each for each in times if each is not None), default=None)
        try:
            if deadline is None:
                return self._events.get()
            return self._events.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            self._reap_strangers()
            return events.Tick()

    def _reap_strangers(self) -> None:
        """Let orphans that fell to us and ended leave the process table.

        A child that anything here waits for is gone long before.
        """
        if self._reap_at is None or time.monotonic() < self._reap_at:
            return
        self._reap_at = None
        ours = {child.pid for child in self._children.values()}
        for pid in family.dead_children(os.getpid()) - ours:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)

    def _take(self, event: events.Event) -> None:
        self._at_once.append(event)
        while self._at_once:
            now = time.monotonic()
            for decision in self._supervisor.handle(self._at_once.popleft(), now):
                self._do(decision)
        self._write_state()

    def _do(self, decision: events.Decision) -> None:
        match decision:
            case events.Announce():
                self._announce(self._services[decision.name], decision.seconds)
            case events.Say():
                self._say(decision)
            case events.ShowLast():
                self._show_last(decision.name)
            case events.Rest():
                for asker in self._askers[decision.name]:
                    asker.cancel()
                self._askers[decision.name].clear()
                if decision.name in self._reloading:
                    self._reloading[decision.name].rest()
            case _:
                self._do_to_process(decision)

    def _do_to_process(self, decision: events.OnProcess) -> None:
        service = self._services[decision.name]
        match decision:
            case events.Spawn():
                self._spawn(service, decision.life)
            case events.Probe():
                self._probe(service, decision.life)
            case events.Watch():
                self._watch(service, decision.life)
            case events.Send():
                self._send(decision)
            case events.Look():
                child = self._children.get(decision.name)
                alive = len(child.family()) if child else 0
                self._at_once.append(events.Family(decision.name, decision.life, alive))

    def _spawn(self, service: Service, life: int) -> None:
        try:
            if service.reload in {ReloadMode.WARM, ReloadMode.COLD}:
                self._spawn_reloading(service, life)
            else:
                self._start_child(service, life)
        except ServiceError as error:
            reason = f"{error.message}; {error.hint}" if error.hint else error.message
            self._at_once.append(events.CannotStart(service.name, life, reason, error.exit_code))

    def _spawn_reloading(self, service: Service, life: int) -> None:
        reloading = self._reloading.get(service.name)
        if reloading is None:
            reloading = self._reloading[service.name] = self._reloading_service(service)
        reloading.start(
            lambda argv, fd: self._start_child(service._replace(argv=argv), life, (fd,)),
            lambda news: self._hear(service, life, news),
        )

    def _reloading_service(self, service: Service) -> WarmService | ColdService:
        from devtool.runner.warm_service import WarmService, with_env_files

        root = self._plan.root

        def env() -> dict[str, str]:
            return self._marked(with_env_files(service, root))

        if service.reload is ReloadMode.WARM:
            return WarmService(service, root, env)
        from devtool.runner.cold_service import ColdService

        return ColdService(service, root, env, partial(self._last_lines, service.name))

    def _last_lines(self, name: str) -> str:
        pump = self._pumps.get(name)
        lines = pump.tail.lines(TRACEBACK_LINES) if pump is not None else []
        return "\n".join(line.decode(errors="replace") for line in lines)

    def _hear(self, service: Service, life: int, news: News) -> None:
        """Hand news of a reloader in, from its thread."""
        self.put(events.Reload(service.name, life, news))
        if getattr(news, "file", "") and hasattr(news, "modules"):
            self._options.on_reload(service, lambda text: self._note(service, life, text))
        if service.probe.kind is ProbeKind.PORT and hasattr(news, "modules"):
            self.put(events.Answered(service.name, life))

    def _note(self, service: Service, life: int, text: str) -> None:
        """Have a sentence said about a service, from any thread."""
        from devtool.runner.reload import Notice

        self.put(events.Reload(service.name, life, Notice(text)))

    def _start_child(self, service: Service, life: int, pass_fds: tuple[int, ...] = ()) -> None:
        mark = f"{self.run_id}/{service.name}"
        guardian = self._options.guardian
        child = Child(
            service,
            env=self._marked(service),
            mark=mark,
            streams=Streams(inherit=self._inherits, group=guardian.group if guardian else 0),
            adopts=guardian is not None and guardian.adopts,
            on_end=lambda code: self.put(events.Ended(service.name, life, code)),
            pass_fds=pass_fds,
        )
        self._children[service.name] = child
        if child.output is not None:
            self._pump(service, life, child.output)
        self._at_once.append(events.Started(service.name, life, child.pid, child.started))

    def _marked(self, service: Service) -> dict[str, str]:
        """The environment of a service's processes, by which they are known."""
        mark = f"{self.run_id}/{service.name}"
        return self._environment(service) | {family.RUN_VARIABLE: mark}

    def _environment(self, service: Service) -> dict[str, str]:
        given = self._options.env
        made = environment(service, given, piped=not self._inherits, colour=self._colour)
        if service.warm and not self._inherits:
            from devtool.inproc.devtool_debugger import VARIABLE

            made[VARIABLE] = self._terminal
        return made

    def _pump(self, service: Service, life: int, fd: int) -> None:
        awaited = None
        if service.probe.kind is ProbeKind.LOG:
            found = partial(self.put, events.Answered(service.name, life))
            awaited = (service.probe.target, found)
        lane = self._lanes[service.name]
        pump = Pump(
            fd, self._sink, lane, awaited=awaited, record=self._recording.log_of(service.name)
        )
        self._pumps[service.name] = pump
        pump.start()

    def _probe(self, service: Service, life: int) -> None:
        answered = partial(self.put, events.Answered(service.name, life))
        kind = service.probe.kind
        if kind is ProbeKind.PORT and service.name in self._reloading:
            return  # the port answers before the application does, which says so itself
        if kind is ProbeKind.NONE or (kind is ProbeKind.LOG and self._inherits):
            answered()
            return
        # After the first process was started: it costs as much as starting that.
        from devtool.runner.readiness import Readiness

        asker = Readiness(
            service.probe,
            env=self._environment(service),
            cwd=service.cwd,
            on_ready=answered,
            on_silent=partial(self.put, events.Silent(service.name, life)),
        )
        self._askers[service.name].append(asker)
        asker.start()

    def _watch(self, service: Service, life: int) -> None:
        from devtool.runner.readiness import Health, place_of

        place = place_of(service.probe)
        if place is None:
            return
        asker = Health(
            place,
            on_change=lambda answers: self.put(events.Health(service.name, life, answers)),
        )
        self._askers[service.name].append(asker)
        asker.start()

    def _send(self, decision: events.Send) -> None:
        child = self._children.get(decision.name)
        if child is None:
            return  # it never came to life
        if decision.signum == SIGKILL:
            child.kill()
        else:
            child.signal(decision.signum)

    def _announce(self, service: Service, seconds: float) -> None:
        if service.url:
            self._voice.say(f"{service.url} ready in {seconds:.2f} s")
        elif service.probe.kind is not ProbeKind.NONE:
            self._voice.say(f"{service.name} ready in {seconds:.2f} s")
        self._options.on_ready(service)

    def _say(self, decision: events.Say) -> None:
        if decision.complaint:
            self._complain(decision.text)
        elif not self._has_tty:
            self._voice.say(decision.text)

    def _complain(self, text: str) -> None:
        self._voice.complain(f"devtool: {text}")

    @property
    def _has_tty(self) -> bool:
        return any(service.tty for service in self._services.values())

    def _show_last(self, name: str) -> None:
        """Show the last lines again, where other services may have written over them."""
        pump = self._pumps.get(name)
        if pump is None or len(self._services) == 1:
            return
        pump.join(0.5)
        if lines := pump.tail.lines(LAST_LINES):
            self._voice.say(f"the last lines of {name}:")
            for line in lines:
                self._voice.say("    " + line.decode(errors="replace"))

    # State

    def _write_state(self, *, ended_at: float | None = None) -> None:
        self._recording.write(self._supervisor.units.values(), ended_at=ended_at)

    # Around the loop

    def _after_first_start(self) -> None:
        """What need not be done before the first process runs."""
        self._open_control()
        options = self._options
        if options.guardian is not None:
            self._feel(options.guardian.lifeline, events.Abandoned())
        if options.onlooker is not None:
            self._feel(options.onlooker, events.Interrupt(signal.SIGTERM))

    def _open_control(self) -> None:
        slot = self._recording.slot
        if slot is None or not hasattr(socket, "AF_UNIX"):
            return
        from devtool.runner.control import Control

        try:
            self._control = Control(slot.socket, list(self._services), self.put)
        except OSError as error:
            self._complain(f"services cannot be stopped one by one: {error}")
        else:
            self._control.start()

    def _feel(self, lifeline: int, ended: events.Event) -> None:
        """Hand an event in once a descriptor has reached its end."""

        def wait() -> None:
            while os.read(lifeline, 1):
                pass
            self.put(ended)

        threading.Thread(target=wait, name="lifeline", daemon=True).start()

    def _output_gone(self, number: int) -> None:
        import errno

        # As a shell shows a program that wrote into a closed pipe, or whose terminal went away.
        signum = signal.SIGHUP if number == errno.EIO else getattr(signal, "SIGPIPE", 13)
        self.put(events.OutputGone(128 + signum))

    def _signals(self) -> AbstractContextManager[None]:
        signums = signals.ending()
        if self._options.guardian is not None and signals.CHILD_ENDED is not None:
            signums.append(signals.CHILD_ENDED)
        return signals.heard(signums, self._on_signal)

    def _on_signal(self, signum: int) -> None:
        if signum == signals.CHILD_ENDED:
            self._reap_at = time.monotonic() + REAP_AFTER
            self.put(events.Tick())
            return
        if signum not in signals.ending():
            return
        self._interrupted = True
        typed = signum == TERMINAL_INTERRUPT
        if self._options.guardian is None and self._inherits and signum == signal.SIGINT:
            typed = Terminal.current().fd is not None
        self.put(events.Interrupt(signal.SIGINT if typed else signum, typed=typed))

    def _kill_all(self) -> None:
        for child in self._children.values():
            child.kill()

    def _clean_up(self, terminal: Terminal) -> None:
        for askers in self._askers.values():
            for asker in askers:
                asker.cancel()
        for reloading in self._reloading.values():
            reloading.close()
        if self._options.guardian is not None:
            family.kill_below(os.getpid())
        drain(list(self._pumps.values()), self._sink, patient=not self._interrupted)
        if self._inherits:
            terminal.restore()
        if self._control is not None:
            self._control.close()
        if self._watchdog is not None:
            self._watchdog.release()
        if self._sink.lost:
            self._complain(f"{self._sink.lost} bytes of output could not be written")
        self._voice.close(1.0)
        self._write_state(ended_at=time.time())
        self._recording.close()


def takes_terminal(plan: LaunchPlan, out: int) -> bool:
    """True if the only service gets our own streams: a console program, or anything on a terminal."""
    if len(plan.services) != 1:
        return False
    if plan.services[0].tty:
        return True
    return out == 1 and all(_is_terminal(fd) for fd in (0, 1, 2))


def _is_terminal(fd: int) -> bool:
    with contextlib.suppress(OSError):
        return os.isatty(fd)
    return False


def _start_watchdog(run_id: str) -> Watchdog | None:
    if os.name != "posix":
        return None
    from devtool.runner.watchdog import Watchdog

    return Watchdog(run_id)
