"""Load on a server of the generated API's shape, and what it costs that server."""

from __future__ import annotations

import json
import os
import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

TYPE_CHECKING = False
if TYPE_CHECKING:
    import psutil

PEERS = Path(__file__).parent / "peers"
KINDS = ("list", "get", "create")
CONNECTIONS = 12
BODY = json.dumps({"title": "a new task", "description": "something to do"})
UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0}
PAUSE = 0.1


@dataclass
class Contender:
    """A server under test, and how to talk to it."""

    name: str
    process: psutil.Process
    base: str
    token: str
    database_port: int  # 0 for a file
    first: int = 0
    cells: dict[str, list[Cell]] = field(default_factory=dict)

    def url(self, kind: str) -> str:
        """What a kind of request asks for."""
        paths = {"list": "?limit=20", "get": f"/{self.first}", "create": ""}
        return f"{self.base}/tasks{paths[kind]}"


@dataclass(frozen=True)
class Cell:
    """What one run of load showed."""

    cpu: float  # microseconds of the server's CPU time per answer
    rate: float  # answers per second
    p99: float  # milliseconds


@dataclass(frozen=True)
class Crowd:
    """What a server made of many clients at once, who came twice."""

    clients: int
    answers: int
    failed: int  # errors, and answers that never came
    slowest: float  # milliseconds; the largest 99th percentile of a kind of request
    database_connections: int  # the most at any moment
    memory: tuple[float, float, float]  # MB: before, at most the first time, the second time


@dataclass(frozen=True)
class Answers:
    """What wrk counted."""

    number: int
    failed: int
    rate: float
    p99: float


def load(contender: Contender, kind: str, seconds: float) -> Cell:
    """What some seconds of one kind of request cost."""
    before = cpu(contender.process)
    answers = ask(contender, kind, seconds, CONNECTIONS)
    used = cpu(contender.process) - before
    assert not answers.failed, f"{contender.name} {kind}: {answers}"
    return Cell(used / answers.number * 1e6, answers.rate, answers.p99)


def crowd(contender: Contender, clients: int, seconds: float) -> Crowd:
    """What happens when many clients come at once, go away, and come again."""
    before = contender.process.memory_info().rss / 1e6
    told: list[Answers] = []
    peaks: list[float] = []
    connections = 0
    for _ in range(2):
        with watched(contender.process, contender.database_port) as seen:
            told += [ask(contender, kind, seconds, clients) for kind in KINDS]
        peaks.append(max(memory for memory, _ in seen))
        connections = max(connections, *(number for _, number in seen))
    return Crowd(
        clients=clients,
        answers=sum(each.number for each in told),
        failed=sum(each.failed for each in told),
        slowest=max(each.p99 for each in told),
        database_connections=connections,
        memory=(before, peaks[0], peaks[1]),
    )


@contextmanager
def watched(process: psutil.Process, port: int) -> Iterator[list[tuple[float, int]]]:
    """Note again and again how much memory a process takes, and its connections to a port."""
    seen: list[tuple[float, int]] = []
    done = threading.Event()

    def watch() -> None:
        while not done.wait(PAUSE):
            ports = [getattr(each.raddr, "port", 0) for each in process.net_connections("tcp")]
            seen.append((process.memory_info().rss / 1e6, ports.count(port)))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield seen
    finally:
        done.set()
        thread.join()


def ask(contender: Contender, kind: str, seconds: float, connections: int) -> Answers:
    """Send one kind of request for some seconds, on so many connections at once."""
    env = dict(os.environ, LOAD_TOKEN=contender.token)
    if kind == "create":
        env["LOAD_BODY"] = BODY
    options = ("-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "--latency")
    script = ("--timeout", "30s", "-s", str(PEERS / "tasks.lua"))
    done = subprocess.run(
        ("wrk", *options, *script, contender.url(kind)),
        env=env,
        capture_output=True,
        text=True,
        check=True,
    )
    answers = read(done.stdout)
    assert answers.number, f"{contender.name} {kind} answered nothing:\n{done.stdout}"
    return answers


def read(text: str) -> Answers:
    """What wrk says."""
    failed = [int(number) for number in re.findall(r"Non-2xx or 3xx responses: (\d+)", text)]
    errors = re.search(r"Socket errors: (.*)", text)
    failed += [int(number) for number in re.findall(r"\d+", errors[1] if errors else "")]
    number, unit = re.findall(r"99%\s+([\d.]+)(us|ms|s)", text)[0]
    return Answers(
        number=int(_found(r"(\d+) requests in", text)),
        failed=sum(failed),
        rate=float(_found(r"Requests/sec:\s+([\d.]+)", text)),
        p99=float(number) * UNITS[unit],
    )


def cpu(process: psutil.Process) -> float:
    """The seconds of CPU time that a process and its workers have used."""
    whole = (process, *process.children(recursive=True))
    return sum(float(each.cpu_times().user + each.cpu_times().system) for each in whole)


def _found(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    assert found, text
    return found[1]
