"""Make a PostgreSQL data folder with a user and a database in it, once.

usage: postgres_init.py PROGRAMS DATA USER DATABASE

Runs as a program of its own. Local connections are trusted: the server listens on the loopback
address only, and its data is for development.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

SERVER_USER = "postgres"


def main(programs: Path, data: Path, user: str, database: str) -> int:
    """Do what is not done yet; 0 when all is there."""
    lower = lower_privileges(data)
    if not (data / "PG_VERSION").exists():
        shutil.rmtree(data, ignore_errors=True)
        making = data.with_name(f"{data.name}.new")
        shutil.rmtree(making, ignore_errors=True)
        options = ("--auth=trust", "--encoding=UTF8", "--no-locale", f"--username={user}")
        run(*lower, str(programs / "initdb"), "-D", str(making), *options)
        making.rename(data)
    marker = data.with_name(f"{data.name}.made")
    done = marker.read_text("utf-8").splitlines() if marker.exists() else []
    if f"{user}/{database}" in done:
        return 0
    statements = (
        f"CREATE ROLE {quoted(user)} SUPERUSER LOGIN;",
        f"CREATE DATABASE {quoted(database)};",
    )
    for statement in statements:
        single = (str(programs / "postgres"), "--single", "-D", str(data), "postgres")
        run(*lower, *single, text=f"{statement}\n")
    marker.write_text("\n".join([*done, f"{user}/{database}", ""]), encoding="utf-8")
    return 0


def lower_privileges(data: Path) -> tuple[str, ...]:
    """The words that run a program as the server's user, where we are root; its folder is made."""
    data.parent.mkdir(parents=True, exist_ok=True)
    if os.geteuid() != 0:
        return ()
    shutil.chown(data.parent, SERVER_USER, SERVER_USER)
    return ("setpriv", "--reuid", SERVER_USER, "--regid", SERVER_USER, "--init-groups")


def quoted(name: str) -> str:
    """A name as SQL quotes it."""
    return '"' + name.replace('"', '""') + '"'


def run(*argv: str, text: str = "") -> None:
    """Run a program; what it says is shown only when it fails."""
    done = subprocess.run(argv, input=text.encode(), capture_output=True, check=False)
    if done.returncode != 0:
        sys.stderr.buffer.write(done.stdout + done.stderr)
        raise SystemExit(done.returncode)


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:5]))
