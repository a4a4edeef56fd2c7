"""The warm parent: it imports what the project imports from outside, and forks each version from there.

usage: devtool_zygote.py CONTROL_FD KIND WORD...

Every paused process of the tree runs `Node.pause`: the parent, and the checkpoints that importing
children leave behind just before a file that is edited often. A fork of any of them goes on where it
stands. All of them end when devtool hangs up.
"""

from __future__ import annotations

import contextlib
import fcntl
import gc
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
import types
import warnings
from typing import Any

import devtool_asgi
import devtool_channel as words
import devtool_debugger
import devtool_faults
import devtool_imports
import devtool_memory
import devtool_preload
import devtool_programs
import devtool_reads
from devtool_channel import Channel, Message

KINDS = {"uvicorn": devtool_asgi.serve, **devtool_programs.PROGRAMS}


class Node:
    """This process, and what its forks inherit.

    Attributes:
        listeners: The sockets that clients connect to.
        generation: Which version this is, 0 for the warm parent.
        has_banner: Pages tell of a broken save.
    """

    def __init__(self, channel: Channel, kind: str, command: list[str]) -> None:
        self.channel = channel
        self.kind = kind
        self.words = command
        self.imports = devtool_imports.Imports()
        self.reads = devtool_reads.Reads(self.imports.owns)
        self.listeners: list[socket.socket] = []
        self.generation = 0
        self.is_serving = False
        self.has_banner = False
        self._early: list[Message] = []
        self._stops: tuple[str, ...] = ()
        self._told = 0
        self._told_reads = 0
        self.marks: dict[str, tuple[float, float]] = {}
        self._has_entered = False
        self._random: object = None
        self._known: dict[str, None] = {}
        self._descriptors = 0
        self._thresholds = gc.get_threshold()

    def set_up(self) -> None:
        """Take the listening sockets, which come first over the channel."""
        messages = self.channel.receive()
        if not messages:
            os._exit(0)
        self.listeners = [socket.socket(fileno=fd) for fd in messages[0]["fds"]]
        for listener in self.listeners:
            listener.setblocking(False)  # noqa: FBT003
        self._early = messages[1:]
        self.imports.before = self._before
        self.imports.after = self._after
        self.imports.install()

    def listening(self) -> list[socket.socket]:
        """Copies of the listening sockets, to be closed by whoever serves on them.

        `socket.dup` would make them block for a moment, and with them those of all other processes: a
        version that has found a connection there, and lost it to another, would wait for the next.
        """
        return [socket.socket(fileno=os.dup(each.fileno())) for each in self.listeners]

    # Paused

    def pause(self) -> None:
        """Wait for orders; returns where a version goes on: in a fork, or here if none is possible."""
        _ignore_signals()
        gc.disable()  # until a version begins: what is here lives as long as the process
        self.tell(words.EV_PROCESS, pid=os.getpid())
        self.tell(words.EV_PARENT)
        self._obey()

    def _obey(self) -> None:
        messages: list[Message] | None = self._early
        while messages is not None:
            for message in messages:
                if self._do(message):
                    return
            messages = self.channel.receive()
        os._exit(0)

    def _do(self, message: Message) -> bool:
        """Obey one order; True in a child that goes on."""
        order = message["do"]
        if order == words.DO_PRELOAD:
            self._preload(message["names"], message["compile"])
        elif order == words.DO_CHECK:
            self.tell(words.EV_CHECKED, fault=self._check(message["paths"]))
        elif order == words.DO_RENEW:
            self._renew(message["env"])
        elif order == words.DO_GO:
            self._go(message)
            return True
        elif order in {words.DO_FORK, words.DO_TRY}:
            (fd,) = message["fds"]
            self._get_ready_for(message)
            if self._fork() == 0:
                return self._begin(Channel.from_fd(fd), message)
            os.close(fd)
        return False

    def _preload(self, names: list[str], paths: list[str]) -> None:
        failed = devtool_preload.preload(names)
        for path in paths:
            with contextlib.suppress(SyntaxError, ValueError):
                self.imports.compile(path)
        self.tell(words.EV_PRELOADED, failed=failed, modules=len(sys.modules))
        if paths and self._fork() == 0:
            self.channel.close()
            for listener in self.listeners:
                listener.close()
            for path in paths:
                self.imports.keep_for_later_runs(path)
            os._exit(0)

    def _get_ready_for(self, message: Message) -> None:
        """Do before the fork what every child would have to do after it."""
        if not self._has_entered:
            self._note_known()
        if message.get("touched"):
            devtool_memory.load()

    def _note_known(self) -> None:
        if len(self._known) != len(sys.modules):
            self._known = dict.fromkeys(sys.modules)

    def _check(self, paths: list[str]) -> dict[str, object] | None:
        for path in paths:
            try:
                self.imports.compile(path)
            except (SyntaxError, ValueError) as error:
                fault: dict[str, object] = devtool_faults.describe(error, "", self.imports.owns)
                return fault
        return None

    def wait_for_renewal(self) -> None:
        """Stay, though nothing can be forked from here, until the environment is another."""
        while True:
            messages = self.channel.receive()
            if messages is None:
                os._exit(1)
            for message in messages:
                if message["do"] == words.DO_RENEW:
                    self._renew(message["env"])

    def _renew(self, env: dict[str, str]) -> None:
        """Become a new warm parent under the same process id."""
        self.tell(words.EV_RENEWING)
        os.set_inheritable(self.channel.fileno(), True)  # noqa: FBT003
        flags = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined]  # noqa: SLF001
        argv = [
            sys.executable,
            *flags,
            __file__,
            str(self.channel.fileno()),
            self.kind,
            *self.words,
        ]
        os.execve(sys.executable, argv, env)  # noqa: S606

    def _begin(self, channel: Channel, message: Message) -> bool:
        """In a fork: wait on a channel of our own for the word to go."""
        self.channel.close()
        self.channel = channel
        self.tell(words.EV_PROCESS, pid=os.getpid())
        devtool_memory.populate(message.get("touched", []))
        if message["do"] == words.DO_TRY:
            found = devtool_preload.try_out(message["names"])
            self.tell(words.EV_TRIED, **found)
            os._exit(0)
        messages = channel.receive()
        if not messages:
            os._exit(0)
        self._go(messages[0])
        return True

    def _go(self, message: Message) -> None:
        """Be the version that the message tells of."""
        _restore_signals()
        self._end_with_devtool()
        self.marks.clear()
        self.mark("go")
        self.generation = message["generation"]
        self._stops = tuple(message["stops"])
        self.has_banner = message["banner"]
        if not self._has_entered:
            self._enter()
        self.imports.look_again()

    def _enter(self) -> None:
        """Become a process like one that was started just now."""
        self._has_entered = True
        self._note_known()
        self._descriptors = _open_descriptors()
        self.imports.begin()
        self.reads.begin()
        _seed_numpy()
        self._random = random.getstate()
        # Collections during the imports would find nothing; what is there is frozen.
        self._thresholds = gc.get_threshold()
        gc.set_threshold(100_000, 50, 50)
        gc.enable()

    # Importing

    def _before(self, path: str) -> None:
        """Leave a copy of this process behind in front of a file that is edited often."""
        if self.is_serving or path not in self._stops or not self._is_quiet():
            return
        gc.freeze()  # or collections in every fork of this copy write to all that is shared
        near, far = Channel.pair()
        # The version that goes on may be dropped at once; that is not the end of this copy of it.
        self._live_on()
        self.tell(words.EV_CHECKPOINT, (far,), before=path, **self._news())
        pid = self._fork()
        # Whoever keeps the other end of a channel never hears that devtool has hung up.
        far.close()
        if pid == 0:
            near.close()
            self.tell(words.EV_PROCESS, pid=os.getpid())
            self._end_with_devtool()
            return
        self.channel.close()
        self.channel = near
        _ignore_signals()
        self._obey()  # a fork of this copy returns, and imports the file as it is then

    def _fork(self) -> int:
        state = random.getstate()
        with warnings.catch_warnings():
            # The threads of numpy are known to survive it.
            warnings.simplefilter("ignore", DeprecationWarning)
            pid = os.fork()
        if pid == 0 and self._has_entered and state != self._random:
            random.setstate(state)  # seeded by the project; a fork seeds it anew
        return pid

    def _is_quiet(self) -> bool:
        """True if nothing stands in the way of a fork: no thread, no new descriptor."""
        is_alone = threading.active_count() == 1 and self.reads.are_few
        return is_alone and _open_descriptors() == self._descriptors

    def _after(self, path: str) -> None:
        if self.is_serving:
            self.tell(words.EV_IMPORTED, files={path: self.imports.files[path]})

    def _end_with_devtool(self) -> None:
        """Let the kernel end this process if devtool hangs up while it imports, or serves by itself.

        Nothing is said to it in that time, so all that can come is the end of the channel.
        """
        if not sys.platform.startswith("linux"):
            return
        flags = fcntl.fcntl(self.channel.fileno(), fcntl.F_GETFL)
        fcntl.fcntl(self.channel.fileno(), fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(self.channel.fileno(), fcntl.F_SETFL, flags | os.O_ASYNC)
        if self.channel.has_ended():  # before anyone was to be told
            os._exit(0)

    def _live_on(self) -> None:
        """The end of the channel ends this process no longer."""
        if sys.platform.startswith("linux"):
            flags = fcntl.fcntl(self.channel.fileno(), fcntl.F_GETFL)
            fcntl.fcntl(self.channel.fileno(), fcntl.F_SETFL, flags & ~os.O_ASYNC)

    def begin_serving(self) -> None:
        """From now on the channel is listened to."""
        self.is_serving = True
        self.reads.end()
        self._live_on()

    def imported(self) -> None:
        """The project is imported: what follows is the server's own start.

        A collection would find little among what lives as long as the process, and writing to all of it
        would copy every page that is shared with the parent: together half of the time of a reload.
        """
        gc.freeze()
        if gc.get_threshold() == (100_000, 50, 50):
            gc.set_threshold(*self._thresholds)

    def mark(self, what: str) -> None:
        """Note when a part of the start was done, and the processor time that it has taken."""
        self.marks[what] = (round(time.monotonic(), 5), round(time.process_time(), 5))

    # Telling

    def tell(self, event: str, channels: tuple[Channel, ...] = (), **news: Any) -> None:
        """Send news to devtool."""
        fds = [channel.fileno() for channel in channels]
        self.channel.send({"ev": event, "generation": self.generation, **news}, fds)

    def _news(self) -> dict[str, Any]:
        """The files that were executed, and what was read, since devtool was told last."""
        files, reads = list(self.imports.files.items()), list(self.reads.seen.items())
        news = {"files": dict(files[self._told :]), "reads": dict(reads[self._told_reads :])}
        self._told, self._told_reads = len(files), len(reads)
        return news

    def tell_ready(self) -> None:
        """The version has started and answered its probe."""
        self.tell(
            words.EV_READY, marks=self.marks, missing=list(self.imports.missing), **self._news()
        )

    def tell_failed(self, error: BaseException | None, text: str = "") -> None:
        """The version cannot serve."""
        fault = devtool_faults.describe(error, text, self.imports.owns)
        news = self._news()
        self.tell(words.EV_FAILED, missing=list(self.imports.missing), **fault, **news)

    def tell_outsiders(self) -> None:
        """The modules from outside the project that were imported since devtool was told last."""
        late = set(self.imports.too_late)
        names = [
            name
            for name in devtool_preload.outsiders(self._known, self.imports)
            if name not in late
        ]
        if names:
            self.tell(
                words.EV_IMPORTED,
                modules=names,
                late=sorted(late),
                changed=self.imports.changed_env,
            )


def main() -> None:
    """Set up, and serve as the words say; forks come out of `Node.pause` far below."""
    control, kind, *rest = sys.argv[1:]
    node = Node(Channel.from_fd(int(control)), kind, rest)
    sys.path[0] = os.getcwd()
    devtool_debugger.install()
    # As a fresh interpreter: what is spawned from here must not run this file again.
    sys.modules["__main__"] = types.ModuleType("__main__")
    node.set_up()
    try:
        KINDS[kind](node)
    except BaseException as error:
        if node.is_serving:
            raise
        # A server that has complained says by its exit that this is all.
        complaint = devtool_faults.last_complaint() if isinstance(error, SystemExit) else ""
        node.tell_failed(None if complaint else error, complaint)
        if node.generation == 0:
            node.wait_for_renewal()
        raise SystemExit(1) from None


def _ignore_signals() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # children leave no zombies


def _restore_signals() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)


def _open_descriptors() -> int:
    try:
        return len(os.listdir("/proc/self/fd"))
    except OSError:
        return 0


def _seed_numpy() -> None:
    """Random numbers as in a process of its own; Python's own are seeded by every fork."""
    numpy = sys.modules.get("numpy.random")
    if numpy is not None:
        numpy.seed()


if __name__ == "__main__":
    main()
