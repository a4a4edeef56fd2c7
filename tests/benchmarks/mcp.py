"""What assistants cost in a generated project: calls of tools, imports, and many streams at once.

usage: python -m tests.benchmarks.mcp [--calls N] [--streams N] [--only calls,imports,streams,model]

- calls: `add_task` and `list_tasks` through the MCP SDK's own client, in both revisions of the protocol, against the
  same REST calls on the same server. The figure is the server's CPU time per call, in turns.
- imports: the CPU time of `import main` in a project of phase III against one of phase II.
- streams: so many chats at once with the local assistant; the longest gap in any stream, and the server's memory.
- model: the same with a model that says a word a second; a stall is what a gap is longer than that.

Figures are ratios of what ran in turns: other work on the machine hardly moves them.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import platformdirs
import psutil

from devtool import ProjectSpec, new_project
from tests.e2e.running import free_port
from tests.generated.installed import _requirements

GOALS = {"calls": 1.25, "imports": 1.15, "gap": 1.0}
ROUNDS = 3
FEATURES = {2: ("auth", "tasks"), 3: ("auth", "tasks", "mcp-tools", "chat")}
WHO = {"email": "bench@example.com", "password": "a password for the bench"}
CLIENT = Path(__file__).parent / "mcp_client.py"
MODEL = Path(__file__).parent / "mcp_model.py"
WORDS, PAUSE = 10, 1.0


def main() -> None:
    options = _options()
    wanted = options.only.split(",")
    python = _environment()
    with tempfile.TemporaryDirectory(prefix="devtool-bench-") as folder:
        projects = {phase: _project(Path(folder), phase) for phase in FEATURES}
        if "imports" in wanted:
            _imports(python, projects)
        if "calls" in wanted:
            with _served(python, projects[3]) as (url, process):
                _calls(python, url, process, options.calls)
        if "streams" in wanted:
            with _served(python, projects[3]) as (url, process):
                _streams(python, url, process, options.streams)
        if "model" in wanted:
            with _model() as settings, _served(python, projects[3], settings) as (url, process):
                _streams(python, url, process, options.streams, pause=PAUSE)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--calls", type=int, default=1000)
    parser.add_argument("--streams", type=int, default=200)
    parser.add_argument("--only", default="imports,calls,streams,model")
    return parser.parse_args()


def _environment() -> str:
    """An interpreter with what generated backends need, made once."""
    given = os.environ.get("BENCH_PYTHON")
    if given:
        return given
    wanted = _requirements()
    key = hashlib.sha256(json.dumps([sys.version, *wanted]).encode()).hexdigest()[:12]
    folder = Path(platformdirs.user_cache_dir("devtool-bench")) / f"mcp-{key}"
    python = folder / "bin" / "python"
    if not (folder / "made").exists():
        venv.create(folder, with_pip=True, clear=True)
        subprocess.run((python, "-m", "pip", "install", "-q", *wanted), check=True)
        (folder / "made").touch()
    return str(python)


def _project(folder: Path, phase: int) -> Path:
    new_project(ProjectSpec(name=f"bench{phase}", phase=phase, features=FEATURES[phase]), folder)
    return folder / f"bench{phase}" / "backend"


def _imports(python: str, projects: dict[int, Path]) -> None:
    spent: dict[int, list[float]] = {phase: [] for phase in projects}
    for turn in range(ROUNDS + 1):
        for phase, backend in projects.items():
            seconds = _child_seconds(python, backend)
            if turn:  # the first one compiles
                spent[phase].append(seconds)
    two, three = min(spent[2]), min(spent[3])
    print(f"import main: phase II {two:.3f} s, phase III {three:.3f} s of CPU", end="")
    print(f"   x{three / two:.2f}   goal x{GOALS['imports']}")


def _child_seconds(python: str, backend: Path) -> float:
    """The CPU time of an interpreter that imports the application."""
    before = os.times()
    subprocess.run((python, "-c", "import main"), cwd=backend, check=True, env=_env(backend))
    after = os.times()
    return (after.children_user - before.children_user) + (
        after.children_system - before.children_system
    )


def _calls(python: str, url: str, process: psutil.Process, calls: int) -> None:
    with _client(python, url) as ask:
        token = ask("sign-up")
        ask("warm", token)
        spent: dict[str, list[float]] = {}
        for _ in range(ROUNDS):
            for kind in ("rest", "legacy", "auto"):
                for call in ("add", "list"):
                    before = _cpu(process)
                    ask(kind, token, call, str(calls))
                    spent.setdefault(f"{kind} {call}", []).append((_cpu(process) - before) / calls)
    for era, revision in (("legacy", "2025-11-25"), ("auto", "2026-07-28")):
        for call in ("add", "list"):
            pairs = zip(spent[f"{era} {call}"], spent[f"rest {call}"], strict=True)
            ratio = median(ours / rest for ours, rest in pairs)
            ours, rest = median(spent[f"{era} {call}"]), median(spent[f"rest {call}"])
            print(f"{call}_task {revision}: {ours * 1e3:.2f} ms, REST {rest * 1e3:.2f} ms", end="")
            print(f"   x{ratio:.2f}   goal x{GOALS['calls']}")


def _streams(
    python: str, url: str, process: psutil.Process, streams: int, *, pause: float = 0.0
) -> None:
    with _client(python, url) as ask:
        token = ask("sign-up")
        ask("streams", token, "5")
        before = process.memory_full_info().pss
        told = json.loads(ask("streams", token, str(streams)))
        after = process.memory_full_info().pss
        ask("streams", token, str(streams))
        again = process.memory_full_info().pss
    who = f"a model that pauses {pause} s" if pause else "the local assistant"
    stall, alone = (max(0.0, told[key] - pause) for key in ("gap", "alone"))
    print(f"{streams} streams of {who}: {told['whole']} whole, longest stall {stall:.2f} s", end="")
    print(f" (alone {alone:.2f} s)   goal {GOALS['gap']} s")
    grown = ", then ".join(f"{size / 2**20:.0f} MiB" for size in (before, after, again))
    print(f"memory of the server: {grown}")


@contextmanager
def _client(python: str, url: str) -> Iterator[_Ask]:
    """A process with the MCP SDK, which does what it is told line by line."""
    process = subprocess.Popen(
        # -P: beside the client lies a module called mcp, which is not the SDK.
        (python, "-P", str(CLIENT), url, json.dumps(WHO)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield _Ask(process)
    finally:
        process.terminate()
        process.wait()


class _Ask:
    """Tells a client what to do, and waits until it is done."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._say, self._hear = process.stdin, process.stdout

    def __call__(self, *words: str) -> str:
        self._say.write(json.dumps(words) + "\n")
        self._say.flush()
        answer: str = json.loads(self._hear.readline())
        return answer


@contextmanager
def _model() -> Iterator[dict[str, str]]:
    """The settings that connect a backend to a model, in a process of its own."""
    port = free_port()
    command = (sys.executable, str(MODEL), str(port), str(WORDS), str(PAUSE))
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.readline()
    try:
        yield {"AI_BASE_URL": f"http://127.0.0.1:{port}/v1", "AI_MODEL": "words"}
    finally:
        process.terminate()
        process.wait()


@contextmanager
def _served(
    python: str, backend: Path, settings: Mapping[str, str] | None = None
) -> Iterator[tuple[str, psutil.Process]]:
    port = free_port()
    command = (python, "-m", "uvicorn", "main:app", "--port", str(port), "--log-level", "error")
    log = (backend / "server.log").open("wb")
    env = {**_env(backend), **(settings or {})}
    process = psutil.Popen(command, cwd=backend, env=env, stdout=log, stderr=log)
    url = f"http://127.0.0.1:{port}"
    try:
        _wait(url, process)
        yield url, process
    finally:
        process.terminate()
        process.wait(60)
        log.close()


def _wait(url: str, process: psutil.Popen) -> None:
    import urllib.error
    import urllib.request

    deadline = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(f"{url}/health/ready", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            if time.monotonic() > deadline or process.poll() is not None:
                raise
            time.sleep(0.1)


def _env(backend: Path) -> dict[str, str]:
    return {
        **os.environ,
        "DATABASE_URL": f"sqlite:///{backend}/bench.db",
        "SECRET_KEY": "a key for the bench, long enough for anybody",
        "MCP_CALLS_PER_MINUTE": "100000",
        "AI_MESSAGES_PER_MINUTE": "10000",
        "AI_STREAMS": "10000",
    }


def _cpu(process: psutil.Process) -> float:
    """The CPU time of all threads of a process, those that ended too, to the nanosecond.

    `/proc` and psutil count in hundredths of a second, which is longer than a call takes. How Linux numbers the
    clocks of other processes is `clock_getcpuclockid` of its C library.
    """
    return time.clock_gettime((~process.pid << 3) | 2)


if __name__ == "__main__":
    main()
