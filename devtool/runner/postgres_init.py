"""Make a PostgreSQL data folder with a user and a database in it, once.

usage: postgres_init.py PROGRAMS DATA USER DATABASE

Runs as a program of its own. The server listens on the loopback address only. It asks for the password
that stands in DEVTOOL_DATABASE_PASSWORD, and trusts every connection where there is none.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

SERVER_USER = "postgres"


def main(programs: Path, data: Path, user: str, database: str) -> int:
    """Do what is not done yet; 0 when all is there."""
    password = os.environ.pop("DEVTOOL_DATABASE_PASSWORD", "")
    lower = lower_privileges(data)
    if not (data / "PG_VERSION").exists():
        shutil.rmtree(data, ignore_errors=True)
        making = data.with_name(f"{data.name}.new")
        shutil.rmtree(making, ignore_errors=True)
        options = ("--auth=trust", "--encoding=UTF8", "--no-locale", f"--username={user}")
        run(*lower, str(programs / "initdb"), "-D", str(making), *options)
        making.rename(data)
    admit(data, "scram-sha-256" if password else "trust")
    marker = data.with_name(f"{data.name}.made")
    done = marker.read_text("utf-8").splitlines() if marker.exists() else []
    # With what it was salted, so that the same password elsewhere is not known by it.
    key = hashlib.scrypt(password.encode(), salt=str(data).encode(), n=4096, r=8, p=1).hex()
    whole = f"{user}/{database}/{key}"
    if whole in done:
        return 0
    single = (str(programs / "postgres"), "--single", "-D", str(data), "postgres")
    for statement in statements(user, database, password):
        run(*lower, *single, text=f"{statement}\n")
    others = [line for line in done if not line.startswith(f"{user}/{database}/")]
    marker.write_text("\n".join([*others, whole, ""]), encoding="utf-8")
    return 0


def statements(user: str, database: str, password: str) -> list[str]:
    """What makes a user and a database; one that is there already is told to standard error only."""
    made = [f"CREATE ROLE {quoted(user)} SUPERUSER LOGIN;", f"CREATE DATABASE {quoted(database)};"]
    if password:
        literal = password.replace("'", "''")
        made.append(f"ALTER ROLE {quoted(user)} PASSWORD '{literal}';")
    return made


def admit(data: Path, method: str) -> None:
    """Who may connect over the loopback address, and how they show who they are."""
    lines = [f"host all all {address} {method}" for address in ("127.0.0.1/32", "::1/128")]
    (data / "pg_hba.conf").write_text("\n".join([*lines, ""]), encoding="utf-8")


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
