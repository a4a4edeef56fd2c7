"""Write and apply migrations of a project with its own Alembic.

Runs in the project's own interpreter, 3.9 or newer, as `python devtool_alembic.py DEED [TEXT]` with the
folder of `alembic.ini` as working folder. `revise` writes what the models have and the database has not,
and applies it; `upgrade` applies what is written; `downgrade` goes back to the revision TEXT. What the
project prints goes to standard error; standard output holds one JSON object, `{"path": ..., "head": ...}`
or an error, as `devtool_answers` tells it.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import subprocess
import sys

from devtool_answers import answer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

INI = "alembic.ini"


def main(arguments: list[str]) -> int:
    """Answer on standard output; 0 when done, 1 with an error."""
    deed, *text = arguments
    code: int = answer(lambda: DEEDS[deed](_configuration(), *text))
    return code


def revise(config: Any, message: str) -> dict[str, Any]:
    """Write a revision of what the models have more, and bring the database there."""
    commands = importlib.import_module("alembic.command")
    scripts = importlib.import_module("alembic.script").ScriptDirectory.from_config(config)
    commands.upgrade(config, "head")
    made = commands.revision(
        config,
        message=message,
        autogenerate=True,
        rev_id=next_revision([script.revision for script in scripts.walk_revisions()]),
        process_revision_directives=_drop_empty,
    )
    if not made:
        return {"path": "", "head": _head(config)}
    _tidy(made.path)
    commands.upgrade(config, "head")
    return {"path": os.path.relpath(made.path), "head": made.revision}


def _tidy(path: str) -> None:
    """Leave a revision as the project's own formatter would, where it has one."""
    if importlib.util.find_spec("ruff") is None:
        return
    for words in (("check", "--fix", "--select", "I"), ("format",)):
        subprocess.run(
            (sys.executable, "-m", "ruff", *words, "--quiet", path),
            stdin=subprocess.DEVNULL,
            check=False,
        )


def upgrade(config: Any) -> dict[str, Any]:
    """Bring the database to the last revision."""
    importlib.import_module("alembic.command").upgrade(config, "head")
    return {"path": "", "head": _head(config)}


def downgrade(config: Any, revision: str) -> dict[str, Any]:
    """Bring the database back to a revision, where it is beyond that one."""
    scripts = importlib.import_module("alembic.script").ScriptDirectory.from_config(config)
    earlier = {script.revision for script in scripts.iterate_revisions(revision, "base")}
    at = _current(config)
    if at and at not in earlier and at != revision:
        importlib.import_module("alembic.command").downgrade(config, revision)
        at = revision
    return {"path": "", "head": at}


def _current(config: Any) -> str:
    """The revision that the database is at, or an empty string."""
    seen: list[str] = []

    def note(revision: Any, context: Any) -> Any:
        del context
        seen.extend(revision if isinstance(revision, tuple) else [revision] if revision else [])
        return []

    environment = importlib.import_module("alembic.runtime.environment").EnvironmentContext
    scripts = importlib.import_module("alembic.script").ScriptDirectory.from_config(config)
    with environment(config, scripts, fn=note):
        scripts.run_env()
    return str(seen[0]) if seen else ""


def next_revision(revisions: list[str]) -> str | None:
    """The number after the last, or None where revisions have no numbers."""
    if not all(revision.isdecimal() for revision in revisions):
        return None
    return f"{max(map(int, revisions), default=0) + 1:04d}"


def _drop_empty(context: Any, revision: Any, directives: list[Any]) -> None:
    """Write nothing where models and database agree."""
    del context, revision
    if directives and directives[0].upgrade_ops.is_empty():
        directives[:] = []


def _configuration() -> Any:
    if not os.path.isfile(INI):  # one more import for one question
        message = f"there is no {INI} in {os.getcwd()}"
        raise FileNotFoundError(message)
    return importlib.import_module("alembic.config").Config(INI, stdout=sys.stderr)


def _head(config: Any) -> str:
    scripts = importlib.import_module("alembic.script").ScriptDirectory.from_config(config)
    return str(scripts.get_current_head() or "")


DEEDS: dict[str, Callable[..., dict[str, Any]]] = {
    "revise": revise,
    "upgrade": upgrade,
    "downgrade": downgrade,
}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
