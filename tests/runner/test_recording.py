"""What a run writes down, where writing fails for a while."""

from __future__ import annotations

from pathlib import Path

from devtool.model.detection import Role
from devtool.model.launch import Service
from devtool.model.state import RunState, Status
from devtool.runner.recording import Recording
from devtool.runner.state import Slot, read
from devtool.runner.supervisor import Unit

UNIT = Unit(Service(name="web", role=Role.BACKEND, argv=("true",), cwd="/"))


def test_a_disk_that_has_room_again_is_written_to(tmp_path: Path) -> None:
    slot = Slot.take(tmp_path)
    is_full = True

    class Full(Slot):
        def write(self, state: RunState) -> None:
            if is_full:
                raise OSError(28, "No space left on device")
            super().write(state)

    slot.__class__ = Full
    said: list[str] = []
    recording = Recording(slot, root=str(tmp_path), run="r", pid=1, complain=said.append)
    for _ in range(3):
        recording.write([UNIT])
    assert len(said) == 1
    assert "the state cannot be written" in said[0]
    is_full = False
    recording.write([UNIT])
    assert read(slot.path).processes[0].status is Status.PENDING
    recording.close()
    slot.release()


def test_without_a_place_nothing_is_written_and_nothing_said() -> None:
    said: list[str] = []
    recording = Recording(None, root="/", run="r", pid=1, complain=said.append)
    recording.write([UNIT])
    recording.note(b"line\n")
    recording.log_of("web")(b"line\n")
    recording.close()
    assert said == []
