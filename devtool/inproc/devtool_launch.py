"""The parent of servers that can only be started anew: it stays, while they come and go.

usage: devtool_launch.py CONTROL_FD

A run knows a service by one process. This is that process; it starts servers as devtool says, tells of
their ends, and ends them when devtool hangs up.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from typing import Any

import devtool_channel as words
from devtool_channel import Channel, Message


class Launcher:
    """This process.

    Args:
        channel: Where its orders come from.
    """

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._servers: dict[int, subprocess.Popen[bytes]] = {}
        # On a terminal, another process group would be in the background, and stopped by what it reads.
        self._groups = not os.isatty(0)

    def obey(self) -> None:
        """Do as devtool says until it hangs up, and end what is left then."""
        while (messages := self._channel.receive()) is not None:
            for message in messages:
                self._do(message)
        for number in list(self._servers):
            self._signal(number, signal.SIGKILL)

    def _do(self, message: Message) -> None:
        number = message["number"]
        if message["do"] == words.DO_START:
            self._start(number, message)
        else:
            self._signal(number, message["signum"])

    def _start(self, number: int, message: Message) -> None:
        fds = tuple(message["fds"])
        # The descriptors were renumbered on their way.
        argv = [
            word.replace(words.THE_SOCKET, str(fds[0])) if fds else word for word in message["argv"]
        ]
        try:
            server = subprocess.Popen(
                argv,
                env=message["env"],
                pass_fds=fds,
                preexec_fn=os.setpgrp if self._groups else None,  # noqa: PLW1509
            )
        except OSError as error:
            self._tell(words.EV_ENDED, number, code=127, text=f"{argv[0]}: {error.strerror}")
            return
        finally:
            for fd in fds:
                os.close(fd)
        self._servers[number] = server
        self._tell(words.EV_PROCESS, number, pid=server.pid)
        threading.Thread(target=self._wait, args=(number, server), daemon=True).start()

    def _wait(self, number: int, server: subprocess.Popen[bytes]) -> None:
        code = server.wait()
        self._signal(number, signal.SIGKILL)  # what it started and left behind
        self._servers.pop(number, None)
        self._tell(words.EV_ENDED, number, code=code, text="")

    def _signal(self, number: int, signum: int) -> None:
        server = self._servers.get(number)
        if server is None:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if self._groups:
                os.killpg(server.pid, signum)
            elif server.returncode is None:
                os.kill(server.pid, signum)

    def _tell(self, event: str, number: int, **news: Any) -> None:
        self._channel.send({"ev": event, "number": number, **news})


def main() -> None:
    """Obey; signals are for those who serve."""
    for signum in (signal.SIGINT, signal.SIGTERM):
        # Handled, not ignored: what is ignored stays so in the servers.
        signal.signal(signum, lambda *_: None)
    Launcher(Channel.from_fd(int(sys.argv[1]))).obey()


if __name__ == "__main__":
    main()
