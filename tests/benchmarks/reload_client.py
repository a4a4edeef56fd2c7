"""Clients of a server under development: one that waits for a change, one that never stops asking.

usage: python -m tests.benchmarks.reload_client PORT RATE [stream]

Asks for /ping at that rate over one kept connection until its standard input ends, then prints one
JSON object: requests, failures by kind, the longest and the median answer in milliseconds. With
`stream`, another connection holds a stream of events open all the while.
"""

from __future__ import annotations

import json
import select
import socket
import sys
import threading
import time
from collections import Counter
from contextlib import suppress
from statistics import median

ANSWER_WITHIN = 20.0


class FailedError(Exception):
    """No answer came; the text is the kind of failure."""


class Connection:
    """A kept HTTP connection, opened when it is needed.

    A server may close a kept connection while nothing is under way; every client must open another
    then, so that is no failure. An answer that breaks off is one.
    """

    def __init__(self, port: int, timeout: float = ANSWER_WITHIN) -> None:
        self._port = port
        self._timeout = timeout
        self._sock: socket.socket | None = None

    def get(self, path: str) -> str:
        """The body of an answer with status 200."""
        if self._sock is not None and _is_closed(self._sock):
            self.close()
        try:
            if self._sock is None:
                self._sock = socket.create_connection(("127.0.0.1", self._port), self._timeout)
                self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\n\r\n"
            self._sock.sendall(request.encode())
            return self._answer(self._sock)
        except (OSError, FailedError) as error:
            self.close()
            raise FailedError(_kind(error)) from error

    def _answer(self, sock: socket.socket) -> str:
        data = b""
        while b"\r\n\r\n" not in data:
            data += _received(sock, empty="empty" if not data else "cut")
        head, _, body = data.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").lower().split("\r\n")
        if not lines[0].startswith("http/1.1 200"):
            raise FailedError(lines[0][9:12])
        headers = dict(line.split(": ", 1) for line in lines[1:] if ": " in line)
        while len(body) < int(headers["content-length"]):
            body += _received(sock, empty="cut")
        if headers.get("connection") == "close":
            self.close()
        return body.decode()

    def close(self) -> None:
        """Hang up."""
        if self._sock is not None:
            self._sock.close()
            self._sock = None


def _received(sock: socket.socket, *, empty: str) -> bytes:
    data = sock.recv(1 << 16)
    if not data:
        raise FailedError(empty)
    return data


def _is_closed(sock: socket.socket) -> bool:
    readable, _, _ = select.select([sock], [], [], 0)
    return bool(readable)


def _kind(error: OSError | FailedError) -> str:
    if isinstance(error, FailedError):
        return str(error)
    names = {
        ConnectionRefusedError: "refused",
        ConnectionResetError: "reset",
        TimeoutError: "timeout",
    }
    return names.get(type(error), type(error).__name__)


def wait_for(
    port: int, path: str, mark: str, *, within: float, every: float = 0.005
) -> float | None:
    """The seconds until a path answers with a mark; None if it did not in time."""
    connection = Connection(port, within)
    begin = time.perf_counter()
    try:
        while time.perf_counter() - begin < within:
            with suppress(FailedError):
                if connection.get(path) == mark:
                    return time.perf_counter() - begin
            time.sleep(every)
    finally:
        connection.close()
    return None


def hold_stream(port: int, over: threading.Event) -> None:
    """Keep a stream of events open, and open it again whenever the server ends it."""
    while not over.is_set():
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 5) as sock:
            sock.sendall(b"GET /stream HTTP/1.1\r\nHost: x\r\n\r\n")
            sock.settimeout(0.5)
            while not over.is_set():
                try:
                    if not sock.recv(1 << 16):
                        break
                except TimeoutError:
                    continue
        time.sleep(0.02)


def ask_steadily(port: int, rate: float, over: threading.Event) -> dict[str, object]:
    """Ask at a rate until it is over; what came of it."""
    connection = Connection(port)
    failures: Counter[str] = Counter()
    times: list[float] = []
    due = time.perf_counter()
    while not over.is_set():
        begin = time.perf_counter()
        try:
            connection.get("/ping")
        except FailedError as error:
            failures[str(error)] += 1
        times.append(time.perf_counter() - begin)
        due = max(due + 1 / rate, time.perf_counter())
        time.sleep(max(0.0, due - time.perf_counter()))
    connection.close()
    return {
        "requests": len(times),
        "failures": dict(failures),
        "longest_ms": max(times) * 1000,
        "median_ms": median(times) * 1000,
    }


def main() -> None:
    """Ask until standard input ends."""
    port, rate = int(sys.argv[1]), float(sys.argv[2])
    over = threading.Event()
    if "stream" in sys.argv:
        threading.Thread(target=hold_stream, args=(port, over), daemon=True).start()
        time.sleep(0.3)
    results: list[dict[str, object]] = []
    asking = threading.Thread(target=lambda: results.append(ask_steadily(port, rate, over)))
    asking.start()
    print("asking", flush=True)
    sys.stdin.read()
    over.set()
    asking.join()
    print(json.dumps(results[0]))


if __name__ == "__main__":
    main()
