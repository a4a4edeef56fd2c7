"""A PostgreSQL of the tests' own: in a folder, on a port of this machine, gone afterwards."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

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
def postgres(log: Path, *settings: str) -> Iterator[str]:
    """Run an empty server that logs into a folder; gives `postgresql://user@host:port`.

    Its data lies in a folder of its own: those of pytest are closed to everybody but their owner,
    and PostgreSQL refuses to be root.
    """
    with tempfile.TemporaryDirectory(prefix="postgres-") as name, (log / "log").open("wb") as out:
        identity = NOBODY if os.geteuid() == 0 else None
        if identity is not None:
            os.chown(name, identity, identity)
        server, address = _start(Path(name), settings, identity, out)
        try:
            _wait(address, server)
            yield address
        finally:
            server.terminate()
            server.wait(60)


def _start(
    folder: Path, settings: tuple[str, ...], identity: int | None, out: IO[bytes]
) -> tuple[subprocess.Popen[bytes], str]:
    data, port = str(folder / "data"), _free_port()
    initdb = (str(programs() / "initdb"), "-D", data, "-U", "tester", "-A", "trust", "-E", "UTF8")
    subprocess.run(initdb, check=True, stdout=out, cwd=folder, user=identity, group=identity)
    options = [f"-p{port}", "-k", str(folder)]
    for setting in (*SETTINGS, *settings):
        options += ["-c", setting]
    server = subprocess.Popen(
        (str(programs() / "postgres"), "-D", data, *options),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=out,
        stderr=subprocess.STDOUT,
        user=identity,
        group=identity,
    )
    return server, f"postgresql://tester@127.0.0.1:{port}"


def create_database(server: str, name: str) -> str:
    """A new database on a server; its address."""
    sql = f'CREATE DATABASE "{name}"'
    run_sql(f"{server}/postgres", sql)
    return f"{server}/{name}"


def run_sql(address: str, sql: str) -> str:
    """What psql says to a statement."""
    command = (str(programs() / "psql"), "-Atqc", sql, address)
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def _wait(address: str, server: subprocess.Popen[bytes]) -> None:
    ready = (str(programs() / "pg_isready"), "-d", address, "-t", "5")
    for _ in range(600):
        if subprocess.run(ready, check=False, stdout=subprocess.DEVNULL).returncode == 0:
            return
        assert server.poll() is None, "PostgreSQL did not start"
        time.sleep(0.1)
    raise AssertionError("PostgreSQL does not answer")


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])
