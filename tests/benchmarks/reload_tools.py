"""The tools that are compared, as running servers of one application each."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from tests.benchmarks.reload_app import write_app
from tests.benchmarks.reload_client import wait_for
from tests.benchmarks.startup import DEVTOOL, ENVIRONMENT
from tests.ports import can_bind, free_port

DEADLINE = 120


@dataclass(frozen=True, kw_only=True)
class Tool:
    """One way to serve an application.

    Args:
        argv: The command, from the folder of the environment's programs and a port.
        env: What is added to the environment.
        is_peer: False for ours.
    """

    name: str
    argv: Callable[[Path, str], tuple[str, ...]]
    env: tuple[tuple[str, str], ...] = ()
    is_peer: bool = True


def _devtool(_: Path, port: str) -> tuple[str, ...]:
    return (DEVTOOL, "run", "--reload", "--port", port)


PLAIN = Tool(
    name="plain uvicorn",
    argv=lambda bin_, port: (str(bin_ / "uvicorn"), "main:app", "--port", port),
)
TOOLS = (
    Tool(
        name="uvicorn",
        argv=lambda bin_, port: (str(bin_ / "uvicorn"), "main:app", "--reload", "--port", port),
    ),
    Tool(
        name="fastapi dev",
        argv=lambda bin_, port: (str(bin_ / "fastapi"), "dev", "main.py", "--port", port),
    ),
    Tool(
        name="granian",
        argv=lambda bin_, port: (
            *(str(bin_ / "granian"), "--interface", "asgi", "main:app"),
            *("--reload", "--port", port),
        ),
    ),
    Tool(
        name="uvicorn-hmr",
        argv=lambda bin_, port: (
            *(str(bin_ / "uvicorn-hmr"), "main:app", "--host", "127.0.0.1", "--port", port),
        ),
    ),
    Tool(name="devtool", argv=_devtool, is_peer=False),
    Tool(
        name="devtool standby", argv=_devtool, env=(("DEVTOOL_RELOADER", "standby"),), is_peer=False
    ),
)


@dataclass
class Server:
    """A tool at work on its own copy of an application.

    Args:
        tool: What serves.
        folder: An empty folder to work in.
        variant: Which application.
        environment: Where what it needs is installed.
    """

    tool: Tool
    folder: Path
    variant: str
    environment: Path
    port: int = field(default_factory=free_port)
    marks: int = 0

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.root = write_app(self.folder / "shop", self.variant, self.environment)
        self.events = self.folder / "events"
        self.events.touch()
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process that was started."""
        assert self.process is not None
        return self.process.pid

    def start(self) -> float:
        """The seconds from the start of the command to its first answer."""
        bin_ = self.environment / "bin"
        env = {
            **ENVIRONMENT,
            "BENCH_EVENTS": str(self.events),
            "XDG_STATE_HOME": str(self.folder / "state"),
            **dict(self.tool.env),
        }
        begin = time.perf_counter()
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                self.tool.argv(bin_, str(self.port)),
                cwd=self.root,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        if wait_for(self.port, "/ping", '"pong"', within=DEADLINE) is None:
            raise RuntimeError(f"{self.tool.name} does not answer, see {self.folder / 'log'}")
        return time.perf_counter() - begin

    def processes(self) -> list[psutil.Process]:
        """Everything that the tool runs."""
        try:
            top = psutil.Process(self.pid)
            return [top, *top.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def stop(self) -> None:
        """End it, and what it leaves behind."""
        family = self.processes()
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(10)
        end(family)
        if self.process is not None:
            self.process.wait(DEADLINE)

    def startups(self) -> int:
        """How often the application has started."""
        return self.events.read_text(encoding="utf-8").count("startup")

    def next_mark(self) -> str:
        """A mark that was never saved before."""
        self.marks += 1
        return f"mark-{self.marks}"


def end(family: list[psutil.Process]) -> None:
    """Kill what still lives of these."""
    for process in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(family, timeout=DEADLINE)


@dataclass(frozen=True)
class Death:
    """What is left after the process that the user started was killed."""

    orphans: int
    port_is_free: bool


def kill(server: Server) -> Death:
    """SIGKILL the first process of a tool, and see what is left after six seconds."""
    family = server.processes()
    os.kill(server.pid, signal.SIGKILL)
    _, alive = psutil.wait_procs(family, timeout=6)
    death = Death(len([each for each in alive if _lives(each)]), can_bind(server.port))
    end(alive)
    return death


def _lives(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def environment(variant: str) -> Path:
    """The environment of an application, built once in the user's cache folder.

    uvicorn-hmr needs Python 3.12, which may be newer than the one that runs this.
    """
    import platformdirs

    kind = "ai" if variant == "ai" else "web"
    folder = Path(platformdirs.user_cache_dir("devtool-benchmarks")) / f"reload-{kind}"
    mark = folder / "complete"
    if not mark.exists():
        packages = [*PACKAGES, *(AI_PACKAGES if kind == "ai" else ())]
        subprocess.run((_modern_python(), "-m", "venv", str(folder)), check=True)
        pip = (str(folder / "bin/python"), "-m", "pip", "install", "--quiet")
        subprocess.run((*pip, *packages), check=True)
        mark.touch()
    return folder


PACKAGES = (
    *("fastapi", "sqlmodel", "uvicorn[standard]", "pydantic-settings", "python-multipart"),
    *("granian[reload]", "uvicorn-hmr", "fastapi-cli"),
)
AI_PACKAGES = ("openai-agents", "mcp")


_QUIET: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


def _modern_python() -> str:
    """A Python of at least 3.12: this one, or one that is found where they usually are."""
    if sys.version_info >= (3, 12):
        return sys.executable
    names = ("3.14", "3.13", "3.12")
    places = [Path(folder) for folder in os.environ["PATH"].split(os.pathsep)]
    places += [each / "bin" for each in sorted(Path.home().glob(".pyenv/versions/3.1[2-9].*"))]
    for name in names:
        for place in places:
            python = place / f"python{name}"
            # A shim of pyenv is there for each version, and fails for all but the chosen one.
            if python.exists() and not subprocess.call((python, "-V"), **_QUIET):
                return str(python)
    raise RuntimeError("uvicorn-hmr needs Python 3.12 or newer, and there is none")
