"""What devtool and the processes of the warm reloader say to each other: JSON lines, and descriptors.

Both sides take the words from here. `DO` words are orders from devtool, `EV` words are news for it.
"""

from __future__ import annotations

import array
import contextlib
import json
import os
import socket
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any

Message = dict[str, Any]

DO_FORK = "fork"  # make a child that waits on the descriptor that comes with this
DO_GO = "go"  # that child goes on: import, start, answer a probe
DO_TRY = "try"  # in a fork: import these names and report what they leave behind
DO_CHECK = "check"  # compile these files, and tell what is wrong with one
DO_PRELOAD = "preload"  # import these names for good
DO_RENEW = "renew"  # become a new warm parent with this environment
DO_ACCEPT = "accept"  # take connections, and those that an older version hands over
DO_DRAIN = "drain"  # take no more connections, hand over idle ones
DO_RESUME = "resume"  # the newer version has died: take connections again
DO_TELL = "tell"  # say this on the pages of the application; nothing if it is empty
DO_FINISH = "finish"  # end what is left within these seconds
DO_START = "start"  # start this command
DO_SIGNAL = "signal"

EV_PARENT = "parent"  # the warm parent waits for orders
EV_RENEWING = "renewing"  # it is about to become another program, which must be set up
EV_PROCESS = "process"  # who speaks: a fork says its process id
EV_CHECKED = "checked"
EV_TRIED = "tried"
EV_PRELOADED = "preloaded"
EV_CHECKPOINT = "checkpoint"  # the importing process has left a copy of itself behind
EV_IMPORTED = "imported"  # files and modules that were imported after the start
EV_FAILED = "failed"
EV_READY = "ready"
EV_SERVING = "serving"
EV_DRAINED = "drained"
EV_STOPPING = "stopping"  # a signal asked the server to end
EV_ENDED = "ended"

# Stands in a command for the number that a descriptor has once it has arrived.
THE_SOCKET = "{socket}"

# As many descriptors as one message may carry.
MOST_FDS = 64


class Channel:
    """One end of a conversation over a Unix socket.

    Args:
        sock: A connected stream socket; it belongs to the channel.
    """

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self._text = b""
        self._fds: deque[int] = deque()
        self._lock = threading.Lock()

    @classmethod
    def from_fd(cls, fd: int) -> Channel:
        """The end that was inherited under this number."""
        return cls(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, fileno=fd))

    @classmethod
    def pair(cls) -> tuple[Channel, Channel]:
        """Two connected ends."""
        near, far = socket.socketpair()
        return cls(near), cls(far)

    def fileno(self) -> int:
        """Its descriptor, to wait for."""
        return self.sock.fileno()

    def close(self) -> None:
        """Hang up."""
        for fd in self._fds:
            os.close(fd)
        self._fds.clear()
        self.sock.close()

    def send(self, message: Message, fds: Sequence[int] = ()) -> bool:
        """Send a message and copies of descriptors; False if nobody is there to read it."""
        line = json.dumps({**message, "fds": len(fds)} if fds else message).encode() + b"\n"
        with self._lock, contextlib.suppress(OSError):
            sent = socket.send_fds(self.sock, [line], list(fds)) if fds else 0
            self.sock.sendall(line[sent:])
            return True
        return False

    def receive(self, *, wait: bool = True) -> list[Message] | None:
        """The messages that have come, after waiting for some bytes if `wait`; None at the end.

        Descriptors that came with a message stand in its `fds`, and belong to the caller.
        """
        try:
            data, ancillary, _, _ = self.sock.recvmsg(
                1 << 16,
                socket.CMSG_SPACE(MOST_FDS * array.array("i").itemsize),
                0 if wait else socket.MSG_DONTWAIT,
            )
        except (BlockingIOError, InterruptedError):
            return []
        except OSError:
            return None
        self._fds.extend(_descriptors(ancillary))
        if not data:
            return None
        *lines, self._text = (self._text + data).split(b"\n")
        return [self._message(line) for line in lines]

    def has_ended(self) -> bool:
        """True if the other side has hung up, and nothing is left to read."""
        try:
            return not self.sock.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError:
            return True

    def _message(self, line: bytes) -> Message:
        message: Message = json.loads(line)
        message["fds"] = [self._fds.popleft() for _ in range(message.get("fds", 0))]
        return message


def _descriptors(ancillary: Sequence[tuple[int, int, bytes]]) -> Iterator[int]:
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            numbers = array.array("i")
            numbers.frombytes(data[: len(data) - len(data) % numbers.itemsize])
            for fd in numbers:
                os.set_inheritable(fd, False)  # noqa: FBT003
                yield fd
