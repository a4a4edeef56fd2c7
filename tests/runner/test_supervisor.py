"""The rules of supervision, replayed: events in, decisions out, no process and no clock."""

from __future__ import annotations

import signal

import pytest

from devtool.model.detection import Role
from devtool.model.launch import Probe as ProbeSpec
from devtool.model.launch import ProbeKind, ReloadMode, RestartPolicy, Service
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
    OutputGone,
    Probe,
    RestartService,
    Say,
    Send,
    Silent,
    Spawn,
    Started,
    StopService,
    Tick,
)
from devtool.runner.supervisor import MAX_QUICK_DEATHS, Supervisor


def service(name: str, **changes: object) -> Service:
    given: dict[str, object] = {"probe": ProbeSpec(kind=ProbeKind.PORT, target="127.0.0.1:1")}
    return Service(
        name=name,
        role=Role.BACKEND,
        argv=(name,),
        cwd="/",
        grace=4.0,
        **(given | changes),  # type: ignore[arg-type]
    )


class Replay:
    """A supervisor, and a clock that the test sets."""

    def __init__(self, *services: Service, inherits: bool = False) -> None:
        self.supervisor = Supervisor(services, inherits=inherits)
        self.now = 0.0
        self.spawned: list[str] = []
        self.said: list[str] = []

    def take(self, event: Event) -> list[Decision]:
        decisions = self.supervisor.handle(event, self.now)
        self.spawned += [each.name for each in decisions if isinstance(each, Spawn)]
        self.said += [each.text for each in decisions if isinstance(each, Say)]
        return decisions

    def start(self, name: str) -> None:
        """The process of a service is there."""
        self.take(Started(name, self.life(name), pid=1, pid_started=0.0))

    def ready(self, name: str) -> list[Decision]:
        self.start(name)
        return self.take(Answered(name, self.life(name)))

    def end(self, name: str, code: int) -> list[Decision]:
        """The process of a service and its family are gone."""
        decisions = self.take(Ended(name, self.life(name), code))
        return decisions + self.take(Family(name, self.life(name), 0))

    def life(self, name: str) -> int:
        return self.supervisor.units[name].life

    def exit_code(self) -> int | None:
        return self.supervisor.exit_code

    def is_over(self) -> bool:
        return self.supervisor.is_over

    def status(self, name: str) -> Status:
        return self.supervisor.units[name].status

    def sleep(self, seconds: float) -> list[Decision]:
        self.now += seconds
        return self.take(Tick())

    def signals(self, decisions: list[Decision]) -> list[tuple[str, int]]:
        return [(each.name, each.signum) for each in decisions if isinstance(each, Send)]


def test_what_is_needed_is_ready_first() -> None:
    run = Replay(service("db"), service("web", needs=("db",)), service("ui", needs=("web",)))
    run.take(Tick())
    assert run.spawned == ["db"]
    run.start("db")
    assert run.spawned == ["db"]
    run.ready("db")
    assert run.spawned == ["db", "web"]
    run.ready("web")
    assert run.spawned == ["db", "web", "ui"]


def test_a_started_service_is_asked_and_its_answer_announced() -> None:
    run = Replay(service("web"))
    run.take(Tick())
    assert Probe("web", 1) in run.take(Started("web", 1, pid=1, pid_started=0.0))
    run.now = 0.41
    assert Announce("web", 0.41) in run.take(Answered("web", 1))
    assert run.status("web") is Status.READY


def test_silence_lets_the_others_start() -> None:
    run = Replay(service("web"), service("ui", needs=("web",)))
    run.take(Tick())
    run.start("web")
    run.take(Silent("web", 1))
    assert run.status("web") is Status.UNHEALTHY
    assert run.spawned == ["web", "ui"]
    assert "nothing has answered" in run.said[0]
    assert any(isinstance(each, Announce) for each in run.take(Answered("web", 1)))
    assert run.status("web") is Status.READY


def test_health_is_kept_after_ready() -> None:
    run = Replay(service("web"))
    run.take(Tick())
    run.ready("web")
    run.take(Health("web", 1, answers=False))
    assert run.status("web") is Status.UNHEALTHY
    run.take(Health("web", 1, answers=True))
    assert run.status("web") is Status.READY
    assert run.said == ["web has stopped answering", "web answers again"]


def test_the_ladder_climbs_with_the_grace() -> None:
    run = Replay(service("web"))
    run.take(Tick())
    run.ready("web")
    assert run.signals(run.take(Interrupt(signal.SIGTERM))) == [("web", signal.SIGINT)]
    assert run.status("web") is Status.STOPPING
    assert run.signals(run.sleep(1.9)) == []
    assert run.signals(run.sleep(0.1)) == [("web", signal.SIGTERM)]
    assert run.signals(run.sleep(1.9)) == []
    assert run.signals(run.sleep(0.1)) == [("web", signal.SIGKILL)]
    assert not run.is_over()
    run.end("web", -9)
    assert run.is_over()
    assert run.exit_code() == 143


def test_a_ladder_that_was_slept_through_sends_the_strongest_signal_only() -> None:
    run = Replay(service("web"))
    run.take(Tick())
    run.ready("web")
    run.take(Interrupt(signal.SIGINT))
    assert run.signals(run.sleep(100)) == [("web", signal.SIGKILL)]


def test_what_sigkill_does_not_end_is_given_up() -> None:
    run = Replay(service("web"))
    run.take(Tick())
    run.ready("web")
    run.take(Interrupt(signal.SIGINT))
    run.sleep(4)
    run.sleep(5.1)
    assert run.is_over()
    assert "could not be ended" in run.said[-1]


def test_a_second_interrupt_kills_but_an_echo_does_not() -> None:
    run = Replay(service("web"))
    run.take(Tick())
    run.ready("web")
    run.take(Interrupt(signal.SIGINT))
    run.now = 0.1
    assert run.signals(run.take(Interrupt(signal.SIGINT))) == []
    run.now = 1.0
    assert run.signals(run.take(Interrupt(signal.SIGHUP))) == []
    assert run.signals(run.take(Interrupt(signal.SIGINT))) == [("web", signal.SIGKILL)]
    run.end("web", -9)
    assert run.exit_code() == 130


def test_a_typed_interrupt_is_the_business_of_a_console_program() -> None:
    run = Replay(service("app", tty=True), inherits=True)
    run.take(Tick())
    run.ready("app")
    assert run.take(Interrupt(signal.SIGINT, typed=True)) == []
    assert run.exit_code() is None
    run.end("app", -signal.SIGINT)
    assert run.exit_code() == 130
    assert run.said == []


def test_a_typed_interrupt_is_not_sent_twice_to_a_server_on_the_terminal() -> None:
    run = Replay(service("web"), inherits=True)
    run.take(Tick())
    run.ready("web")
    assert run.signals(run.take(Interrupt(signal.SIGINT, typed=True))) == []
    assert run.signals(run.sleep(2)) == [("web", signal.SIGTERM)]


def test_without_a_guardian_everything_is_killed_at_once() -> None:
    run = Replay(service("one"), service("two"))
    run.take(Tick())
    run.ready("one")
    run.ready("two")
    sent = run.signals(run.take(Abandoned()))
    assert sent == [("one", signal.SIGKILL), ("two", signal.SIGKILL)]


def test_a_reader_that_went_away_ends_the_run() -> None:
    run = Replay(service("web"))
    run.take(Tick())
    run.ready("web")
    assert run.signals(run.take(OutputGone(141))) == [("web", signal.SIGINT)]
    assert run.exit_code() == 141


@pytest.mark.parametrize(("code", "passed_on"), [(0, 0), (3, 3), (-9, 137), (-15, 143)])
def test_the_code_of_the_first_to_end_is_passed_on(code: int, passed_on: int) -> None:
    run = Replay(service("one"), service("two"))
    run.take(Tick())
    run.ready("one")
    run.ready("two")
    assert ("two", signal.SIGINT) in run.signals(run.end("one", code))
    run.end("two", -signal.SIGINT)
    assert run.is_over()
    assert run.exit_code() == passed_on


def test_relatives_that_outlive_their_leader_are_asked_to_stop() -> None:
    run = Replay(service("web"))
    run.take(Tick())
    run.ready("web")
    decisions = run.take(Ended("web", 1, 0))
    assert Look("web", 1) in decisions
    assert run.signals(decisions) == [("web", signal.SIGINT)]
    run.take(Family("web", 1, alive=2))
    assert not run.is_over()
    run.now = 0.05
    assert Look("web", 1) in run.take(Tick())
    run.take(Family("web", 1, alive=0))
    assert run.is_over()


def test_what_cannot_start_ends_the_run() -> None:
    run = Replay(service("one"), service("two", needs=("one",)))
    run.take(Tick())
    run.take(CannotStart("one", 1, "there is no program one"))
    assert run.is_over()
    assert run.exit_code() == 5
    assert run.spawned == ["one"]


def test_a_one_shot_service_must_succeed_first() -> None:
    run = Replay(service("migrate", one_shot=True), service("web", needs=("migrate",)))
    run.take(Tick())
    run.ready("migrate")
    assert run.spawned == ["migrate"]
    run.end("migrate", 0)
    assert run.spawned == ["migrate", "web"]
    assert run.exit_code() is None


def test_a_run_of_finished_one_shot_services_is_over() -> None:
    run = Replay(service("migrate", one_shot=True), service("codegen", one_shot=True))
    run.take(Tick())
    run.start("migrate")
    run.start("codegen")
    run.end("migrate", 0)
    assert not run.is_over()
    run.end("codegen", 0)
    assert run.is_over()
    assert run.exit_code() == 0


def test_a_failing_service_comes_back_later_and_later() -> None:
    run = Replay(service("web", restart=RestartPolicy.ON_FAILURE))
    run.take(Tick())
    run.start("web")
    run.end("web", 1)
    assert run.spawned == ["web"]
    run.sleep(0.5)
    assert run.spawned == ["web", "web"]
    run.start("web")
    run.end("web", 1)
    run.sleep(0.5)
    assert len(run.spawned) == 2
    run.sleep(0.5)
    assert len(run.spawned) == 3


@pytest.mark.parametrize(
    ("reload", "code", "again"),
    [
        (ReloadMode.WARM, -signal.SIGKILL, True),
        (ReloadMode.COLD, -signal.SIGSEGV, True),
        (ReloadMode.WARM, -signal.SIGTERM, False),
        (ReloadMode.WARM, 1, False),
        (ReloadMode.OFF, -signal.SIGKILL, False),
    ],
)
def test_a_reloader_that_was_killed_comes_back(
    reload: ReloadMode, code: int, *, again: bool
) -> None:
    run = Replay(service("web", reload=reload))
    run.take(Tick())
    run.ready("web")
    run.end("web", code)
    run.sleep(0.5)
    assert len(run.spawned) == (2 if again else 1)


def test_quick_deaths_in_a_row_are_a_crash_loop() -> None:
    run = Replay(service("web", restart=RestartPolicy.ALWAYS))
    run.take(Tick())
    for _ in range(MAX_QUICK_DEATHS):
        run.start("web")
        run.end("web", 3)
        run.sleep(10)
    assert len(run.spawned) == MAX_QUICK_DEATHS
    assert run.is_over()
    assert run.exit_code() == 3
    assert run.status("web") is Status.FAILED
    assert "crash loop" in run.said[-1]


def test_a_long_life_forgives_quick_deaths() -> None:
    run = Replay(service("web", restart=RestartPolicy.ALWAYS))
    run.take(Tick())
    for _ in range(3 * MAX_QUICK_DEATHS):
        run.start("web")
        run.now += 60
        run.end("web", 3)
        run.sleep(0.5)
    assert run.exit_code() is None


def test_success_is_no_failure() -> None:
    run = Replay(service("web", restart=RestartPolicy.ON_FAILURE))
    run.take(Tick())
    run.ready("web")
    run.end("web", 0)
    assert run.is_over()


def test_news_of_a_former_life_mean_nothing() -> None:
    run = Replay(service("web", restart=RestartPolicy.ALWAYS))
    run.take(Tick())
    run.start("web")
    run.end("web", 1)
    run.sleep(1)
    assert run.life("web") == 2
    assert run.take(Answered("web", 1)) == []
    assert run.take(Ended("web", 1, 0)) == []
    assert run.status("web") is Status.STARTING


def test_one_service_is_stopped_and_the_others_stay() -> None:
    run = Replay(service("one"), service("two"))
    run.take(Tick())
    run.ready("one")
    run.ready("two")
    assert run.signals(run.take(StopService("one"))) == [("one", signal.SIGINT)]
    run.end("one", -2)
    assert run.status("one") is Status.EXITED
    assert run.status("two") is Status.READY
    run.sleep(100)
    assert run.spawned == ["one", "two"]
    run.take(RestartService("one"))
    assert run.spawned == ["one", "two", "one"]


def test_one_service_is_restarted() -> None:
    run = Replay(service("one"), service("two"))
    run.take(Tick())
    run.ready("one")
    run.ready("two")
    run.take(RestartService("one"))
    run.end("one", -2)
    assert run.spawned == ["one", "two", "one"]
    assert run.exit_code() is None
    assert run.supervisor.units["one"].restarts == 1


def test_the_last_service_that_is_stopped_ends_the_run() -> None:
    run = Replay(service("one"))
    run.take(Tick())
    run.ready("one")
    run.take(StopService("one"))
    run.end("one", -2)
    assert run.is_over()
    assert run.exit_code() == 0
