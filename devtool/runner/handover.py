"""How a server is told to listen on a socket that it inherits, instead of opening one. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import PurePath
from typing import NamedTuple


class Handover(NamedTuple):
    """What one server calls the options of its address.

    Args:
        fd: The words that name a descriptor.
        replaces: Options with one value each that open a socket, and so must go.
    """

    fd: tuple[str, ...]
    replaces: frozenset[str]


# Servers that take a descriptor; granian, waitress and the servers of frameworks take none.
HANDOVERS = {
    "uvicorn": Handover(("--fd", "{fd}"), frozenset({"--host", "--port", "--uds"})),
    "daphne": Handover(("--fd", "{fd}"), frozenset({"-b", "--bind", "-p", "--port", "-u"})),
    "gunicorn": Handover(("--bind", "fd://{fd}"), frozenset({"-b", "--bind"})),
    "hypercorn": Handover(("--bind", "fd://{fd}"), frozenset({"-b", "--bind"})),
}


def server_of(argv: Sequence[str]) -> str:
    """The server that a command line starts, empty for none that takes a descriptor."""
    for at, word in enumerate(argv[:-1]):
        if word == "-m" and argv[at + 1] in HANDOVERS:
            return argv[at + 1]
    named = PurePath(argv[0]).stem if argv else ""
    return named if named in HANDOVERS else ""


def with_socket(argv: Sequence[str], fd: int | str) -> tuple[str, ...] | None:
    """The command line with a descriptor, or what stands for it, in place of the address; None if the server takes none."""
    handover = HANDOVERS.get(server_of(argv))
    if handover is None:
        return None
    words = [word.replace("{fd}", str(fd)) for word in handover.fd]
    return (*_without(argv, handover.replaces), *words)


def _without(argv: Sequence[str], options: frozenset[str]) -> Iterator[str]:
    words = iter(argv)
    for word in words:
        if word in options:
            next(words, None)
        elif word.partition("=")[0] not in options:
            yield word
