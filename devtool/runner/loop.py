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
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from types import FrameType

from devtool.errors import ServiceError
from devtool.model.launch import LaunchPlan, ProbeKind, ReloadMode, Service
from devtool.model.state import ProcessState, RunState
from devtool.runner import events, family
from devtool.runner.bursts import BurstLog
from devtool.runner.environment import environment
from devtool.runner.guard import TERMINAL_INTERRUPT, Guardian, Terminal
from devtool.runner.logs import OWN_NAME, LogFile
from devtool.runner.output import Pump, Sink, Voice, drain, lanes, shows_colour
from devtool.runner.process import Child, Streams
from devtool.runner.state import Slot, make_private
from devtool.runner.supervisor import SIGKILL, Supervisor, Unit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from devtool.runner.cold_service import ColdService
    from devtool.runner.control import Control
    from devtool.runner.readiness import Health, Readiness
    from devtool.runner.reload import News
    from devtool.runner.warm_service import WarmService
    from devtool.runner.watchdog import Watchdog

LAST_LINES = 10
TRACEBACK_LINES = 60
REAP_AFTER = 2.0

_CHILD_SIGNAL = getattr(signal, "SIGCHLD", None)


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
        self._ended_at: float | None = None
        self._wall = time.time() - time.monotonic()
        self._written: RunState | None = None
        self._colour = shows_colour(options.out, options.env)
        self._sink = Sink(options.out, on_gone=self._output_gone)
        self._lanes = lanes(list(self._services), colour=self._colour)
        self._has_log_trouble = False
        self._logs: dict[str, BurstLog] = {}
        self._control: Control | None = None
        self._watchdog: Watchdog | None = None
        self._voice = Voice(
            self._sink, Sink(options.err), record=self._record_own, quiet=options.quiet
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
                alive = len(self._children[decision.name].family())
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
        return environment(service, given, piped=not self._inherits, colour=self._colour)

    def _pump(self, service: Service, life: int, fd: int) -> None:
        awaited = None
        if service.probe.kind is ProbeKind.LOG:
            found = partial(self.put, events.Answered(service.name, life))
            awaited = (service.probe.target, found)
        lane = self._lanes[service.name]
        pump = Pump(fd, self._sink, lane, awaited=awaited, record=self._record(service.name))
        self._pumps[service.name] = pump
        pump.start()

    def _record(self, name: str) -> Callable[[bytes], None]:
        """What keeps the output of a service, one file for all its lives."""
        slot = self._options.slot
        if slot is None:
            return lambda _: None
        if name not in self._logs:
            with contextlib.suppress(OSError):
                make_private(slot.logs)
            log = LogFile(slot.logs, name, on_trouble=self._log_trouble)
            self._logs[name] = BurstLog(log)
        return self._logs[name].write

    def _record_own(self, line: bytes) -> None:
        # Not before the first line: that a log cannot be opened is itself something to say.
        self._record(OWN_NAME)(line)

    def _log_trouble(self, error: OSError) -> None:
        if not self._has_log_trouble:
            self._has_log_trouble = True
            self._voice.complain(f"devtool: the logs cannot be kept: {error}")

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
        child = self._children[decision.name]
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
            self._voice.complain(f"devtool: {decision.text}")
        elif not self._has_tty:
            self._voice.say(decision.text)

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

    def _write_state(self) -> None:
        slot = self._options.slot
        if slot is None:
            return
        state = self._state()
        if state == self._written:
            return
        self._written = state
        try:
            slot.write(state)
        except OSError as error:
            self._options.slot = None
            self._voice.complain(
                f"devtool: the state cannot be written, so `devtool status` cannot see this run: {error}"
            )

    def _state(self) -> RunState:
        pid = self._options.guardian.pid if self._options.guardian else os.getpid()
        before = self._written
        return RunState(
            root=self._plan.root,
            supervisor_pid=pid,
            supervisor_started=before.supervisor_started if before else family.started(pid) or 0.0,
            started_at=before.started_at if before else time.time(),
            run=self.run_id,
            ended_at=self._ended_at,
            processes=tuple(self._process_state(unit) for unit in self._supervisor.units.values()),
        )

    def _process_state(self, unit: Unit) -> ProcessState:
        return ProcessState(
            name=unit.name,
            role=unit.service.role,
            status=unit.status,
            pid=unit.pid,
            pid_started=unit.pid_started,
            url=unit.service.url,
            port=unit.service.port,
            started_at=self._wall + unit.began if unit.life else None,
            ready_ms=None if unit.ready_after is None else round(unit.ready_after * 1000, 1),
            exit_code=unit.exit_code,
            restarts=unit.restarts,
            reloads=unit.reloads,
            reload_ms=unit.reload_ms,
            last_error=unit.last_error,
        )

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
        if self._options.slot is None or not hasattr(socket, "AF_UNIX"):
            return
        from devtool.runner.control import Control

        try:
            self._control = Control(self._options.slot.socket, list(self._services), self.put)
        except OSError as error:
            self._voice.complain(f"devtool: services cannot be stopped one by one: {error}")
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

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        """Signals become events; in a thread that may not handle them they stay as they are."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        signums = _handled()
        if self._options.guardian is not None and _CHILD_SIGNAL is not None:
            signums.append(_CHILD_SIGNAL)
        # A signal that comes just before the loop goes to sleep does not wake it, and its handler
        # would run no sooner than the next event. The byte in the pipe is always seen.
        near, far = os.pipe()
        os.set_blocking(far, False)
        threading.Thread(target=self._listen, args=(near,), name="signals", daemon=True).start()
        former = signal.set_wakeup_fd(far, warn_on_full_buffer=False)
        before = {signum: signal.signal(signum, _do_nothing) for signum in signums}
        try:
            yield
        finally:
            for signum, handler in before.items():
                signal.signal(signum, handler)
            signal.set_wakeup_fd(former)
            os.close(far)

    def _listen(self, near: int) -> None:
        with os.fdopen(near, "rb", buffering=0) as received:
            while signums := received.read(64):
                for signum in signums:
                    self._on_signal(signum)

    def _on_signal(self, signum: int) -> None:
        if signum == _CHILD_SIGNAL:
            self._reap_at = time.monotonic() + REAP_AFTER
            self.put(events.Tick())
            return
        if signum not in _handled():
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
            self._voice.complain(f"devtool: {self._sink.lost} bytes of output could not be written")
        self._voice.close(1.0)
        self._ended_at = time.time()
        self._write_state()
        for log in self._logs.values():
            log.close()


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


def _do_nothing(_: int, __: FrameType | None) -> None:
    """What is to be done with a signal is read from the pipe that wakes the loop."""


def _handled() -> list[int]:
    names = ("SIGINT", "SIGTERM", "SIGQUIT", "SIGBREAK", "SIGHUP")
    found = [getattr(signal, name) for name in names if hasattr(signal, name)]
    if TERMINAL_INTERRUPT is not None:
        found.append(TERMINAL_INTERRUPT)
    # nohup ignores SIGHUP for its child.
    return [signum for signum in found if not _is_ignored_hangup(signum)]


def _is_ignored_hangup(signum: int) -> bool:
    hangup = getattr(signal, "SIGHUP", None)
    return signum == hangup and signal.getsignal(signum) == signal.SIG_IGN
