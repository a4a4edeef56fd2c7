"""What a request to the generated API costs, against other shapes of the same API.

usage: python -m tests.benchmarks.generated_api [--database postgresql|sqlite] [--rounds N] [--seconds S]
                                                [--only NAME,...] [--clients N] [--gate]

Contenders: the generated backend, the same with `--fast`, the shape of the seed (`async def` around a
synchronous session), the shape of a well-known template, and a limit written by hand on Starlette, the driver and
msgspec. All answer the same to one conformance check before any load. Inside every round each contender runs once
for each kind of request, in turned order. The figure to trust is the server's own CPU time per answer, as a share
of the limit's in the same round: other work on the machine hardly moves it, while it decides what requests per
second and latencies look like. `default*2` is the generated backend with two workers. At the end, on PostgreSQL,
a thousand clients come at once to the generated ones, twice. The goals are printed as ratios; --gate fails where one
is missed by far. Needs wrk, PostgreSQL's programs, and an environment that is made once.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import tomllib
import urllib.error
import urllib.parse
import urllib.request
import venv
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import platformdirs
import psutil

from tests.benchmarks.generated_goals import GATE, Cells, goals, share, show
from tests.benchmarks.generated_load import KINDS, PEERS, Contender, Crowd, crowd, load
from tests.generated.postgres import create_database, postgres

DEADLINE = 60.0
EXTRA = ("msgspec>=0.19", "psycopg[binary]>=3.2")
GENERATED = {"default": "auth,tasks", "fast": "auth,tasks,fast"}
WRITTEN = {"seed": "seed_api", "template": "template_api", "raw": "raw_api"}
POOL = 10
CLIENTS = 1000
USER, PASSWORD = "owner@bench.example", "a password for the bench"


def main() -> None:
    options = _options()
    wanted = options.only.split(",") if options.only else [*GENERATED, *WRITTEN]
    python = environment()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        folder.chmod(0o755)
        new_database = _databases(stack, folder, options.database)
        contenders = []
        for name in wanted:
            contender = stack.enter_context(served(name, python, folder, new_database(name)))
            check(contender)
            contenders.append(contender)
        measure(contenders, options.rounds, options.seconds)
        crowds = crowded(contenders, options) if options.database == "postgresql" else {}
    cells = {contender.name: contender.cells for contender in contenders}
    report(cells)
    measured = list(goals(cells, crowds, options.database))
    show(measured)
    if options.gate:
        missed = [goal.text for goal in measured if not goal.is_met(GATE)]
        assert not missed, missed


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", choices=("postgresql", "sqlite"), default="postgresql")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--only", default="")
    parser.add_argument("--clients", type=int, default=CLIENTS)
    parser.add_argument("--gate", action="store_true")
    return parser.parse_args()


def environment() -> Path:
    """An interpreter with all that the contenders import; made once, again when that changes."""
    wanted = [*_requirements(), *EXTRA]
    key = hashlib.sha256(repr((sys.version, wanted)).encode()).hexdigest()[:12]
    folder = platformdirs.user_cache_path("devtool-bench") / key
    python = folder / "bin" / "python"
    done = folder / "done"
    if not done.exists():
        venv.create(folder, with_pip=True, clear=True)
        subprocess.run((str(python), "-m", "pip", "install", "-q", *wanted), check=True)
        done.touch()
    return python


def _requirements() -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        project = generate(Path(folder), "fast")
        table = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))
    return list(table["project"]["dependencies"])


def generate(folder: Path, name: str) -> Path:
    """The backend of a new project."""
    shape, _ = shape_of(name)
    project = f"shop-{name.replace('*', '-')}"
    options = ("--phase", "2", "--features", GENERATED[shape])
    command = (sys.executable, "-m", "devtool", "new", project, "-C", str(folder), *options)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return folder / project / "backend"


def shape_of(name: str) -> tuple[str, int]:
    """The contender and its workers: `default*2` is `default` with two."""
    shape, _, workers = name.partition("*")
    return shape, int(workers or 1)


def _databases(stack: ExitStack, folder: Path, kind: str) -> Callable[[str], str]:
    if kind == "sqlite":
        return lambda name: str(folder / f"{name}.db")
    data = folder / "postgresql"
    data.mkdir()
    server = stack.enter_context(postgres(data))
    return lambda name: create_database(server, name.replace("*", "_"))


@contextmanager
def served(name: str, python: Path, folder: Path, database: str) -> Iterator[Contender]:
    """A contender that answers, with its tables filled."""
    shape, workers = shape_of(name)
    generated = shape in GENERATED
    home = generate(folder, name) if generated else PEERS
    url = database if "://" in database else f"sqlite:///{database}"
    env = dict(
        os.environ, DATABASE_URL=url, PEER_DATABASE=database, SECRET_KEY="0123456789abcdefghij" * 2
    )
    env |= {
        "DATABASE_POOL_SIZE": str(POOL),
        "ENVIRONMENT": "production",
        "TOKEN_ISSUER": "bench",
        "LOG_LEVEL": "WARNING",
    }
    if generated:
        run(python, home, env, "-m", "alembic", "upgrade", "head")
    else:
        run(python, PEERS, env, "fill.py", "peer", "owner")
    port = _free_port()
    app = "main:app" if generated else f"{WRITTEN[shape]}:app"
    command = (
        "-m",
        "uvicorn",
        app,
        "--port",
        str(port),
        *(("--workers", str(workers)) if workers > 1 else ()),
        "--no-access-log",
        "--log-level",
        "warning",
    )
    with (folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(
            (str(python), *command), cwd=home, env=env, stdout=log, stderr=log
        )
    try:
        root = f"http://127.0.0.1:{port}"
        _until_it_answers(root, process)
        if not generated:
            token = run(python, PEERS, env, "-c", "import shared; print(shared.token_for('owner'))")
            base = root
        else:
            base = f"{root}/api/v1"
            token = _sign_up(base)
            owner = str(call("GET", f"{base}/auth/me", token)[1]["id"])
            run(python, PEERS, env, "fill.py", "generated", owner)
        port_of_database = urllib.parse.urlsplit(url).port or 0
        yield Contender(name, psutil.Process(process.pid), base, token, port_of_database)
    finally:
        process.terminate()
        process.wait(30)


def run(python: Path, cwd: Path, env: dict[str, str], *arguments: str) -> str:
    command = (str(python), *arguments)
    done = subprocess.run(command, cwd=cwd, env=env, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def _sign_up(base: str) -> str:
    call("POST", f"{base}/auth/signup", "", {"email": USER, "password": PASSWORD})
    form = urllib.parse.urlencode({"username": USER, "password": PASSWORD}).encode()
    with urllib.request.urlopen(f"{base}/auth/login", form) as answer:
        return str(json.load(answer)["access_token"])


def call(method: str, url: str, token: str, body: object = None) -> tuple[int, Any]:
    """The status and the JSON of an answer."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    request = urllib.request.Request(url, data, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=DEADLINE) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def check(contender: Contender) -> None:
    """Every contender does the same work, or its figures say nothing."""
    tasks, token = f"{contender.base}/tasks", contender.token
    status, made = call("POST", tasks, token, {"title": "mine", "description": "d"})
    assert status == 201, (contender.name, status, made)
    assert set(made) == {"id", "title", "description", "completed", "created_at", "updated_at"}
    assert call("GET", f"{tasks}/{made['id']}", token) == (200, made)
    status, page = call("GET", f"{tasks}?limit=20", token)
    items = page if isinstance(page, list) else page.get("items", page.get("data"))
    assert status == 200, contender.name
    assert len(items) == 20, contender.name
    assert call("GET", f"{tasks}/2", token)[0] == 404, "task 2 is somebody else's"
    assert call("GET", tasks, "")[0] in {401, 403}, contender.name
    assert call("GET", tasks, f"{token}x")[0] in {401, 403}, contender.name
    for body in ({"title": ""}, {"title": "x" * 201}, {"title": "x", "owner": "me"}, {}):
        assert call("POST", tasks, token, body)[0] == 422, (contender.name, body)
    contender.first = made["id"]


def measure(contenders: Sequence[Contender], rounds: int, seconds: float) -> None:
    for contender in contenders:
        for kind in KINDS:
            load(contender, kind, 0.5)
    for number in range(rounds):
        turned = [*contenders[number % len(contenders) :], *contenders[: number % len(contenders)]]
        for kind in KINDS:
            for contender in turned:
                contender.cells.setdefault(kind, []).append(load(contender, kind, seconds))


def crowded(contenders: Sequence[Contender], options: argparse.Namespace) -> dict[str, Crowd]:
    """What the generated backends make of very many clients; the others would only fall over."""
    return {
        contender.name: crowd(contender, options.clients, options.seconds)
        for contender in contenders
        if contender.name in GENERATED and options.clients
    }


def report(cells: Cells) -> None:
    """Print what each contender takes for each kind of request."""
    print("contender    kind      CPU us  of limit    req/s   p99 ms")
    for kind in KINDS:
        for name, by_kind in cells.items():
            part = f"{share(cells, name, kind):8.2f}" if "raw" in cells else "       -"
            cpu, rate, p99 = (
                median(getattr(cell, figure) for cell in by_kind[kind])
                for figure in ("cpu", "rate", "p99")
            )
            print(f"{name:12} {kind:7} {cpu:8.0f}  {part} {rate:8.0f} {p99:8.1f}")


def _until_it_answers(root: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + DEADLINE
    while time.monotonic() < deadline:
        assert process.poll() is None, f"{process.args!r} ended"
        try:
            call("GET", f"{root}/nothing", "")
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError(f"{root} does not answer")


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


if __name__ == "__main__":
    assert shutil.which("wrk"), "needs wrk: apt-get install wrk"
    main()
