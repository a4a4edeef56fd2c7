"""From a save to the answer of the new code: devtool and others, each on its own copy of one application.

usage: python -m tests.benchmarks.reload [--variants web,ai,large] [--tools devtool,uvicorn,..] [--edits N]
                                         [--parts edits,load,bursts,idle,kill,start] [--quick] [--json FILE]

The tools run beside one another and are edited in turn, so a busy machine slows all of them alike: trust
the ratios. The environments are built once in the user's cache folder. The applications and what is
edited in them stand in reload_app.py.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import psutil

from tests.benchmarks.reload_app import CENTRAL, LEAF, VARIANTS, save
from tests.benchmarks.reload_client import wait_for
from tests.benchmarks.reload_goals import show_goals
from tests.benchmarks.reload_tools import PLAIN, TOOLS, Server, environment, kill

# An edit that no answer shows within this time is lost; a tool that loses three in a row is left alone.
LOST_AFTER = 12.0
PAUSE = 0.4
LEARNED_AFTER = 4.0
RATE = 50
KINDS = {"leaf": (LEAF, "/leaf"), "central": (CENTRAL, "/central")}
PARTS = ("edits", "load", "bursts", "idle", "kill", "start")

Results = dict[str, dict[str, dict[str, Any]]]


def main() -> int:
    """Measure, print the tables, and return 1 if a goal was missed."""
    given = arguments()
    results: Results = {}
    folder = Path(tempfile.mkdtemp(prefix="devtool-reload-"))
    try:
        for variant in given.variants:
            results[variant] = measure_variant(folder / variant, variant, given)
            show_variant(variant, results[variant])
    finally:
        if given.keep:
            print(f"kept: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    if given.json:
        given.json.write_text(json.dumps(results, indent=1), encoding="utf-8")
    return show_goals(results)


def arguments() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    usual = "uvicorn,fastapi dev,granian,uvicorn-hmr,devtool"
    parser.add_argument("--variants", default=",".join(VARIANTS), help="default: %(default)s")
    parser.add_argument("--tools", default=usual, help="default: %(default)s")
    parser.add_argument("--parts", default=",".join(PARTS), help="default: %(default)s")
    parser.add_argument("--edits", type=int, default=10, help="of each kind (default: 10)")
    parser.add_argument("--seconds", type=float, default=20, help="of idling (default: 20)")
    parser.add_argument("--json", type=Path, help="write every figure to this file")
    parser.add_argument("--keep", action="store_true", help="keep the applications and their logs")
    parser.add_argument("--quick", action="store_true", help="3 edits, 5 seconds, the web variant")
    given = parser.parse_args()
    if given.quick:
        given.edits, given.seconds, given.variants = 3, 5.0, "web"
    names = given.tools.split(",")
    unknown = set(names) - {tool.name for tool in TOOLS}
    if unknown:
        parser.error(f"no such tools: {', '.join(sorted(unknown))}")
    given.tools = [tool for tool in TOOLS if tool.name in names]
    given.variants, given.parts = given.variants.split(","), given.parts.split(",")
    return given


def measure_variant(
    folder: Path, variant: str, given: argparse.Namespace
) -> dict[str, dict[str, Any]]:
    """Everything about one application."""
    made = environment(variant)
    servers = [
        Server(tool, folder / tool.name.replace(" ", "-"), variant, made) for tool in given.tools
    ]
    results: dict[str, dict[str, Any]] = {server.tool.name: {} for server in servers}
    parts: dict[str, Callable[[Server], dict[str, Any]]] = {
        "load": load,
        "bursts": bursts,
        "idle": lambda server: idle(server, given.seconds),
        "kill": lambda server: vars(kill(server)),
    }
    with running(servers):
        if "edits" in given.parts:
            for kind in KINDS:
                for name, times in edits(servers, kind, given.edits).items():
                    results[name][kind] = times
        # Last, what ends them.
        for part in [each for each in parts if each in given.parts]:
            for server in servers:
                progress(f"{variant}: {part} of {server.tool.name}")
                revive(server)
                results[server.tool.name][part] = parts[part](server)
    if "start" in given.parts:
        for name, seconds in starts(folder, variant, given).items():
            results.setdefault(name, {})["start"] = seconds
    return results


def revive(server: Server) -> None:
    """Start it anew if it does not serve what is in its files."""
    if edit(server, "leaf") is None:
        server.stop()
        server.start()


@contextmanager
def running(servers: list[Server]) -> Iterator[None]:
    """All of them, one started after the other."""
    try:
        for server in servers:
            progress(f"{server.variant}: start of {server.tool.name}")
            server.start()
        yield
    finally:
        for server in servers:
            server.stop()


def edits(servers: list[Server], kind: str, count: int) -> dict[str, list[float | None]]:
    """The seconds from each save to the first answer of the new code, None where it never came."""
    times: dict[str, list[float | None]] = {server.tool.name: [] for server in servers}
    for number in range(count):
        for server in servers:
            mine = times[server.tool.name]
            if len(mine) >= 3 and mine[-3:] == [None, None, None]:
                continue
            progress(f"{server.variant}: {kind} {number + 1} of {server.tool.name}")
            mine.append(edit(server, kind))
            time.sleep(PAUSE)
    return times


def edit(server: Server, kind: str, within: float = LOST_AFTER) -> float | None:
    """Save another mark into a file, and wait for it."""
    file, path = KINDS[kind]
    mark = server.next_mark()
    save(server.root / file, marked(server.root / file, mark))
    return wait_for(server.port, path, json.dumps(mark), within=within)


def marked(file: Path, mark: str) -> str:
    """The text of a file with another mark in it."""
    before, _, after = file.read_text(encoding="utf-8").partition("mark-")
    return f"{before}{mark}{after.lstrip('0123456789')}"


def load(server: Server) -> dict[str, Any]:
    """What a client sees that never stops asking while code changes, breaks and is mended.

    The stream of events is open during the last two edits only, for most tools hang until it is closed.
    """
    with asking(server.port) as calm:
        sound = [edit(server, kind) for kind in ("leaf", "central", "leaf")]
        mended = [broken(server, text) for text in BROKEN]
    with asking(server.port, "stream") as streaming:
        streamed = [edit(server, kind) for kind in ("leaf", "leaf")]
    times = [*sound, *mended, *streamed]
    return {
        "requests": calm["requests"] + streaming["requests"],
        "failed": sum([*calm["failures"].values(), *streaming["failures"].values()]),
        "failures": [calm["failures"], streaming["failures"]],
        "longest_ms": max(calm["longest_ms"], streaming["longest_ms"]),
        "median_ms": calm["median_ms"],
        "lost": times.count(None),
        "mended": mended,
        "streamed": streamed,
    }


BROKEN = ("\ndef oops(:\n", "\nimport no_such_module\n", "\nraise RuntimeError('at import')\n")


def broken(server: Server, text: str) -> float | None:
    """Break a file for a second; the seconds that the cure takes."""
    file = server.root / LEAF
    sound = file.read_text(encoding="utf-8")
    save(file, sound + text)
    time.sleep(1)
    save(file, sound)
    return edit(server, "leaf")


@contextmanager
def asking(port: int, *words: str) -> Iterator[dict[str, Any]]:
    """A client process that asks all the while; what it saw is filled in at the end."""
    client = ("-m", "tests.benchmarks.reload_client")
    seen: dict[str, Any] = {}
    with subprocess.Popen(
        (sys.executable, *client, str(port), str(RATE), *words),
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(PAUSE)
        try:
            yield seen
            time.sleep(PAUSE)
        finally:
            out, _ = process.communicate()
            seen.update(json.loads(out))


def bursts(server: Server) -> dict[str, Any]:
    """How often the application starts for thirty files, written at once and over 0.6 s."""
    return {"at_once": burst(server, 0.0), "spread": burst(server, 0.02)}


def burst(server: Server, gap: float) -> int:
    """The starts after thirty saves; some files are modules of the application, others are new."""
    edit(server, "leaf")
    time.sleep(2)
    before = server.startups()
    known = sorted(server.root.glob("app/**/*.py"))[:20]
    fresh = [server.root / "app" / f"fresh_{number}.py" for number in range(30 - len(known))]
    for file in (*known, *fresh):
        text = file.read_text(encoding="utf-8") if file.exists() else ""
        save(file, f"{text}\n# {time.monotonic_ns()}\n")
        time.sleep(gap)
    edit_is_seen(server, before)
    return server.startups() - before


def edit_is_seen(server: Server, before: int) -> None:
    """Wait until the starts have begun and come to rest."""
    deadline = time.monotonic() + LOST_AFTER
    while server.startups() == before and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(4)


def idle(server: Server, seconds: float) -> dict[str, Any]:
    """The memory and the processor time of all processes while nothing happens."""
    time.sleep(3)
    before, begin = spent(server.processes()), time.monotonic()
    time.sleep(seconds)
    after, passed = spent(server.processes()), time.monotonic() - begin
    share = sum(after[pid] - before.get(pid, 0.0) for pid in after) / passed
    memory = [process.memory_full_info().pss for process in server.processes()]
    return {"pss_mb": sum(memory) / 2**20, "cpu_percent": share * 100, "processes": len(memory)}


def spent(processes: list[psutil.Process]) -> dict[int, float]:
    """The processor time of each in seconds, without those that have just ended."""
    times = {}
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            used = process.cpu_times()
            times[process.pid] = float(used.user + used.system)
    return times


def starts(folder: Path, variant: str, given: argparse.Namespace) -> dict[str, list[float]]:
    """The seconds from the command to the first answer, plain uvicorn and ours in turn."""
    tools = [PLAIN, *(tool for tool in given.tools if not tool.is_peer)]
    servers = [
        Server(tool, folder / f"start-{number}", variant, environment(variant))
        for number, tool in enumerate(tools)
    ]
    times: dict[str, list[float]] = {tool.name: [] for tool in tools}
    for number in range(max(3, given.edits // 2) + 1):
        for server in servers:
            progress(f"{variant}: start {number} of {server.tool.name}")
            seconds = server.start()
            if number:
                times[server.tool.name].append(seconds)
            else:
                # The first one compiles, and learns what the project imports.
                time.sleep(LEARNED_AFTER)
            server.stop()
    return times


def progress(text: str) -> None:
    """Say what is going on, where someone may be waiting for it."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def show_variant(variant: str, results: dict[str, dict[str, Any]]) -> None:
    """Print the tables of one application."""
    print(f"\n{variant}: milliseconds from a save to the first answer of the new code")
    print(f"{'':18}{'leaf':>9}{'p90':>9}{'lost':>6}{'central':>9}{'p90':>9}{'lost':>6}")
    for name, of in results.items():
        if "leaf" in of:
            print(f"{name:18}{_edits(of['leaf'])}{_edits(of['central'])}")
    if any("load" in of for of in results.values()):
        print(f"\n{variant}: a client that asks {RATE} times a second through edits and errors")
        print(f"{'':18}{'requests':>9}{'failed':>8}{'longest':>11}{'lost':>6}  kinds")
        for name, of in results.items():
            if "load" in of:
                at = of["load"]
                print(
                    f"{name:18}{at['requests']:>9}{at['failed']:>8}{at['longest_ms']:>8.1f} ms"
                    f"{at['lost']:>6}  {at['failures'][0]} {at['failures'][1]}"
                )
    if any(key in of for of in results.values() for key in ("bursts", "idle", "kill", "start")):
        print(
            f"\n{variant}: starts for 30 files at once / over 0.6 s; idling; after SIGKILL; first answer"
        )
        for name, of in results.items():
            print(f"{name:18}{_rest(of)}")


def _edits(times: list[float | None]) -> str:
    known = [each * 1000 for each in times if each is not None]
    lost = times.count(None)
    if not known:
        return f"{'-':>9}{'-':>9}{lost:>6}"
    p90 = quantiles(known, n=10, method="inclusive")[-1] if len(known) > 1 else known[0]
    return f"{median(known):>9.1f}{p90:>9.1f}{lost:>6}"


def _rest(of: dict[str, Any]) -> str:
    words = []
    if "bursts" in of:
        words.append(f"{of['bursts']['at_once']:>3} /{of['bursts']['spread']:>3}")
    if "idle" in of:
        at = of["idle"]
        words.append(
            f"{at['pss_mb']:>7.1f} MB in {at['processes']}, {at['cpu_percent']:.2f} % of a core"
        )
    if "kill" in of:
        free = "free" if of["kill"]["port_is_free"] else "TAKEN"
        words.append(f"{of['kill']['orphans']} orphans, port {free}")
    if "start" in of:
        words.append(f"{median(of['start']) * 1000:>7.0f} ms")
    return "; ".join(words)


if __name__ == "__main__":
    sys.exit(main())
