"""The parent where nothing may be forked: it starts each version as a process of its own.

usage: devtool_spawn.py CONTROL_FD KIND WORD...

Stands where the warm parent stands and takes the same orders. What it is told to fork it spawns: a
process that gets its sockets and imports what the project needs while nobody waits, and serves once.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import Any

import devtool_channel as words
import devtool_compile
from devtool_channel import Channel, Message

ZYGOTE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "devtool_zygote.py")


class Spawner:
    """This process.

    Args:
        channel: Where its orders come from.
        command: The kind of server, and its words.
    """

    def __init__(self, channel: Channel, command: list[str]) -> None:
        self._channel = channel
        self._command = command
        self._env = dict(os.environ)

    def obey(self) -> None:
        """Do as devtool says until it hangs up."""
        self._tell(words.EV_PARENT)
        while (messages := self._channel.receive()) is not None:
            for message in messages:
                self._do(message)

    def _do(self, message: Message) -> None:
        order = message.get("do")
        if order == words.DO_FORK:
            (fd,) = message["fds"]
            self._spawn(fd)
        elif order == words.DO_CHECK:
            faults = filter(None, map(devtool_compile.fault, message["paths"]))
            self._tell(words.EV_CHECKED, fault=next(faults, None))
        elif order == words.DO_RENEW:
            self._env = message["env"]
            self._tell(words.EV_PARENT)
        else:
            # The sockets come first; those who listen get them from devtool itself.
            for fd in message["fds"]:
                os.close(fd)

    def _spawn(self, fd: int) -> None:
        flags = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined]  # noqa: SLF001
        subprocess.Popen(
            [sys.executable, *flags, ZYGOTE, str(fd), *self._command],
            env=self._env,
            stdin=subprocess.DEVNULL,
            pass_fds=(fd,),
        )
        os.close(fd)

    def _tell(self, event: str, **news: Any) -> None:
        self._channel.send({"ev": event, "generation": 0, **news})


def main() -> None:
    """Obey; signals are for those who serve."""
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, signal.SIG_IGN)
    control, *command = sys.argv[1:]
    Spawner(Channel.from_fd(int(control)), command).obey()


if __name__ == "__main__":
    main()
