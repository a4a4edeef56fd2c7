"""What views are told: the moments that must lie between two looks."""

from __future__ import annotations

import pytest

from devtool.feed import Moment, _moments
from devtool.model.state import ProcessState, Report, RunState, Status

BEFORE = ProcessState(
    name="web", role="backend", status=Status.READY, pid=7, started_at=100.0, ready_ms=50.0
)


def report(*processes: ProcessState, run: str = "one") -> Report:
    state = RunState(
        root="/shop",
        supervisor_pid=1,
        supervisor_started=1.0,
        started_at=90.0,
        processes=processes,
        run=run,
    )
    return Report(runs=(state,))


def told(after: Report, before: Report | None = None) -> list[tuple[str, str]]:
    """What happened, by kind and text."""
    former = report(BEFORE) if before is None else before
    return [(each.kind, each.text) for each in _moments(former, after)]


@pytest.mark.parametrize(
    ("changes", "moments"),
    [
        ({}, []),
        ({"reloads": 1, "reload_ms": 40.0}, [("reload", "reloaded")]),
        ({"reloads": 3}, [("reload", "reloaded 3 times")]),
        ({"status": Status.RELOADING}, []),
        ({"last_error": "main.py:2: SyntaxError"}, [("error", "main.py:2: SyntaxError")]),
        (
            {"status": Status.UNHEALTHY, "last_error": "stopped answering"},
            [("error", "stopped answering")],
        ),
        ({"status": Status.EXITED, "exit_code": 0}, [("stopped", "ended")]),
        ({"status": Status.FAILED, "exit_code": 3}, [("failed", "failed with exit code 3")]),
        (
            {"restarts": 1, "status": Status.STARTING},
            [("restart", "restarted"), ("start", "starting")],
        ),
        ({"restarts": 2}, [("restart", "restarted (2 times so far)")]),
    ],
)
def test_what_has_changed_is_a_moment(
    changes: dict[str, object], moments: list[tuple[str, str]]
) -> None:
    assert told(report(BEFORE._replace(**changes))) == moments  # type: ignore[arg-type]


def test_a_run_that_is_new_tells_how_far_it_has_come() -> None:
    (moment,) = _moments(Report(), report(BEFORE))
    assert (moment.kind, moment.ms, round(moment.at, 2)) == ("ready", 50.0, 100.05)


def test_a_service_that_answers_again_says_so() -> None:
    unhealthy = report(BEFORE._replace(status=Status.UNHEALTHY))
    assert told(report(BEFORE), before=unhealthy) == [("ready", "answers again")]


def test_the_end_of_a_run_says_how_its_services_ended() -> None:
    failed = report(BEFORE._replace(status=Status.FAILED, exit_code=9)).runs[0]
    assert told(Report(last=failed)) == [("failed", "failed with exit code 9")]
    assert told(Report()) == [("stopped", "the run is over")]


def test_how_long_a_reload_took_is_known() -> None:
    (moment,) = _moments(report(BEFORE), report(BEFORE._replace(reloads=1, reload_ms=84.0)))
    assert isinstance(moment, Moment)
    assert (moment.ms, moment.is_bad) == (84.0, False)
