"""Draws a run on the terminal and does what keys say, until the run is over."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from rich.console import Console, Group
from rich.live import Live

from devtool.api_control import ask_run, show_page
from devtool.api_run import STOPPED
from devtool.errors import DevtoolError
from devtool.feed import Feed
from devtool.model.state import ProcessState, RunState
from devtool.ui.frame import Scene, Size, fits, frame, room_for_lines
from devtool.ui.keys import Keyboard
from devtool.ui.terminal import Bell, heeding, keys_one_by_one
from devtool.ui.view import Act, Deed, View, press

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rich.text import Text

    from devtool.api_run import Attended

TICK = 1.0
LOOK_EVERY = 0.02
SAID_SECONDS = 3.0
LAST_LINES = 12


class Outcome(NamedTuple):
    """How a run ended, and what is worth reading where the view has been."""

    exit_code: int
    lines: tuple[str, ...]


def show(start: Callable[[], Attended], root: Path, title: str) -> Outcome:
    """Start a run and show it until it ends.

    Args:
        start: Starts it.
        root: The project's folder.
        title: What stands above everything.

    Raises:
        DevtoolError: The run refused to start.
    """
    since = time.time()
    with contextlib.closing(start()) as run, contextlib.closing(Bell()) as bell:
        feed = Feed(root, pid=run.pid, since=since, on_change=bell.ring)
        code = _until_it_began(run, feed)
        if code is None:
            feed.start()
            try:
                code = Screen(run, feed, title, bell).until_it_ends()
            finally:
                feed.close()
                feed.join()
        feed.look()
        return Outcome(code, tuple(_last_words(feed, code)))


def _until_it_began(run: Attended, feed: Feed) -> int | None:
    """Wait until the run has a state; its exit code if it has ended instead."""
    while (code := run.code()) is None and not feed.report.runs:
        time.sleep(LOOK_EVERY)
        feed.look()
    return code


class Screen:
    """The terminal while the view has it.

    Args:
        run: What is shown.
        feed: What is known of it.
        title: What stands above everything.
        bell: Rung when something has changed.
    """

    def __init__(self, run: Attended, feed: Feed, title: str, bell: Bell) -> None:
        self._run = run
        self._feed = feed
        self._title = title
        self._bell = bell
        self._view = View()
        self._keyboard = Keyboard()
        self._last_entry = 0
        self._said = ("", 0.0)
        self._was_left = False

    def until_it_ends(self) -> int:
        """Draw and obey until the run is over; its exit code."""
        console = Console()
        live = Live(
            console=console,
            screen=True,
            auto_refresh=False,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        with heeding(self._bell, self._end), keys_one_by_one(), live:
            while (code := self._run.code()) is None:
                lines = self._draw(Size(*console.size))
                live.update(Group(*lines), refresh=True)
                self._wait()
        return 0 if self._was_left and code in STOPPED else code

    def _wait(self) -> None:
        """Wait for a key, for news or for a second to pass."""
        readable, _, _ = select.select([0, self._bell.fd], [], [], TICK)
        if self._bell.fd in readable:
            self._bell.hush()
        if 0 not in readable:
            return
        sent = os.read(0, 4096)
        if not sent:
            self._end(signal.SIGHUP)
        for key in self._keyboard.keys(sent):
            self._view, deed = press(self._view, key, self._services())
            if deed is not None:
                self._do(deed)

    def _draw(self, size: Size) -> list[Text]:
        scene = self._scene()
        room = room_for_lines(self._view, scene, size)
        self._view = self._view._replace(lines=max(1, room - 1))
        self._keep_place(scene, room)
        return frame(self._view, scene, size)

    def _scene(self) -> Scene:
        entries, _ = self._feed.lines_after(0)
        run = self._state()
        return Scene(
            title=self._title,
            services=self._services(),
            entries=entries,
            moments=self._feed.moments_after(0),
            started_at=run.started_at if run else None,
            said=self._said[0] if time.monotonic() < self._said[1] else "",
            now=time.time(),
        )

    def _keep_place(self, scene: Scene, room: int) -> None:
        """Who reads older lines keeps them before his eyes as more come."""
        view, entries = self._view, scene.entries
        new = [each for each in entries if each.number > self._last_entry]
        self._last_entry = entries[-1].number if entries else self._last_entry
        if not view.scroll:
            return
        fitting = sum(fits(view, each, scene.services) for each in entries)
        came = sum(fits(view, each, scene.services) for each in new)
        self._view = view._replace(scroll=min(view.scroll + came, max(0, fitting - room)))

    def _state(self) -> RunState | None:
        report = self._feed.report
        return report.runs[0] if report.runs else report.last

    def _services(self) -> tuple[ProcessState, ...]:
        state = self._state()
        return state.processes if state else ()

    def _do(self, deed: Deed) -> None:
        if deed.act in (Act.QUIT, Act.INTERRUPT):
            self._was_left = deed.act is Act.QUIT
            self._end(signal.SIGINT)
            return
        if deed.act is Act.OPEN:
            show_page(deed.url)
            self._say(f"asked the desktop to open {deed.url}")
            return
        try:
            ask_run(self._feed.root, self._run.pid, deed.service, deed.act)
        except DevtoolError as error:
            self._say(error.message)
        else:
            self._say(f"asked {deed.service} to {deed.act}")

    def _end(self, signum: int) -> None:
        self._view = self._view._replace(ending=True, typing=False, help=False)
        self._run.ask_to_end(signum)

    def _say(self, text: str) -> None:
        self._said = (text, time.monotonic() + SAID_SECONDS)


def _last_words(feed: Feed, code: int) -> Iterator[str]:
    """What was printed last by a run that has failed, and which service did."""
    if code in STOPPED:
        return
    entries, _ = feed.lines_after(0)
    yield from (f"{entry.service} | {entry.text}" for entry in entries[-LAST_LINES:])
    for process in feed.report.last.processes if feed.report.last else ():
        if process.status == "failed":
            yield f"devtool: {process.name} failed: {process.last_error or 'it ended'}"
