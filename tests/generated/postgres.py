"""A PostgreSQL of the tests' own: in a folder, on a port of this machine, gone afterwards."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NOBODY = 65534
SETTINGS = ("fsync=off", "listen_addresses=127.0.0.1", "max_connections=200")


def programs() -> Path:
    """The folder of PostgreSQL's programs: Debian keeps it out of the PATH."""
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    folders = [folder for folder in folders if (folder / "pg_isready").exists()]
    assert folders, "the tests of generated backends need PostgreSQL: apt-get install postgresql"
    return folders[-1]


@contextmanager
def postgres(folder: Path, *settings: str) -> Iterator[str]:
    """Run a server whose data lies in an empty folder; gives `postgresql://user@host:port`."""
    identity = NOBODY if os.geteuid() == 0 else None  # it refuses root
    if identity is not None:
        os.chown(folder, NOBODY, NOBODY)
        for parent in (folder, *folder.parents):
            if parent.stat().st_mode & 0o001 == 0:
                parent.chmod(parent.stat().st_mode | 0o011)
    data, port = folder / "data", _free_port()
    initdb = (
        str(programs() / "initdb"),
        "-D",
        str(data),
        "-U",
        "tester",
        "-A",
        "trust",
        "-E",
        "UTF8",
    )
    subprocess.run(
        initdb, check=True, stdout=subprocess.DEVNULL, cwd=folder, user=identity, group=identity
    )
    options = [f"-p{port}", "-k", str(folder)]
    for setting in (*SETTINGS, *settings):
        options += ["-c", setting]
    server = subprocess.Popen(
        (str(programs() / "postgres"), "-D", str(data), *options),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=(folder / "log").open("wb"),
        stderr=subprocess.STDOUT,
        user=identity,
        group=identity,
    )
    try:
        ready = (str(programs() / "pg_isready"), "-h", "127.0.0.1", "-p", str(port), "-t", "60")
        _wait(ready, server)
        yield f"postgresql://tester@127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(60)


def create_database(server: str, name: str) -> str:
    """A new database on a server; its address."""
    sql = f'CREATE DATABASE "{name}"'
    run_sql(f"{server}/postgres", sql)
    return f"{server}/{name}"


def run_sql(address: str, sql: str) -> str:
    """What psql says to a statement."""
    command = (str(programs() / "psql"), "-Atqc", sql, address)
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def _wait(ready: tuple[str, ...], server: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        if subprocess.run(ready, check=False, stdout=subprocess.DEVNULL).returncode == 0:
            return
        assert server.poll() is None, "PostgreSQL did not start"
    raise AssertionError("PostgreSQL does not answer")


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])
