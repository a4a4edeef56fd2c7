"""What a run writes down of itself: its state, and what its services print."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable

from devtool.model.state import ProcessState, RunState
from devtool.runner import family
from devtool.runner.bursts import BurstLog
from devtool.runner.logs import OWN_NAME, LogFile
from devtool.runner.state import Slot, make_private

TYPE_CHECKING = False
if TYPE_CHECKING:
    from devtool.runner.supervisor import Unit


class Recording:
    """The state file and the logs of one run.

    Args:
        slot: Where they lie; nothing is written down if None.
        root: The project's folder.
        run: The id of the run.
        pid: The process that the user started.
        complain: Called with a sentence about what cannot be written, once for each of the two.
    """

    def __init__(
        self,
        slot: Slot | None,
        *,
        root: str,
        run: str,
        pid: int,
        complain: Callable[[str], None],
    ) -> None:
        self.slot = slot
        self._complain = complain
        self._logs: dict[str, BurstLog] = {}
        self._has_log_trouble = self._has_state_trouble = False
        self._written: RunState | None = None
        self._wall = time.time() - time.monotonic()
        self._run = RunState(
            root=root, run=run, supervisor_pid=pid, supervisor_started=0.0, started_at=time.time()
        )

    def log_of(self, name: str) -> Callable[[bytes], None]:
        """What keeps the output of a service, one file for all its lives."""
        if self.slot is None:
            return lambda _: None
        if name not in self._logs:
            with contextlib.suppress(OSError):
                make_private(self.slot.logs)
            self._logs[name] = BurstLog(LogFile(self.slot.logs, name, on_trouble=self._log_trouble))
        return self._logs[name].write

    def note(self, line: bytes) -> None:
        """Keep one of devtool's own lines."""
        # Not before the first line: that a log cannot be opened is itself something to say.
        self.log_of(OWN_NAME)(line)

    def write(self, units: Iterable[Unit], *, ended_at: float | None = None) -> None:
        """Write the state of these services down if it has changed."""
        if self.slot is None:
            return
        processes = tuple(self._process(unit) for unit in units)
        if self._written is None:
            started = family.started(self._run.supervisor_pid) or 0.0
            self._run = self._run._replace(supervisor_started=started)
        state = self._run._replace(processes=processes, ended_at=ended_at)
        if state == self._written:
            return
        try:
            self.slot.write(state)
        except OSError as error:
            # There may be room again for the next one.
            self._state_trouble(error)
        else:
            self._written = state

    def close(self) -> None:
        """Leave the files to readers."""
        for log in self._logs.values():
            log.close()

    def _process(self, unit: Unit) -> ProcessState:
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

    def _state_trouble(self, error: OSError) -> None:
        if not self._has_state_trouble:
            self._has_state_trouble = True
            text = "the state cannot be written, so `devtool status` cannot see this run"
            self._complain(f"{text}: {error}")

    def _log_trouble(self, error: OSError) -> None:
        if not self._has_log_trouble:
            self._has_log_trouble = True
            self._complain(f"the logs cannot be kept: {error}")
