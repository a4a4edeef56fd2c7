"""`devtool doctor`: what keeps a project from running, and the command that changes it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from devtool.cli.options import AsJson, Root

TYPE_CHECKING = False
if TYPE_CHECKING:
    from devtool.model.doctor import Diagnosis, Finding


def doctor(
    root: Root = Path(),
    fix: Annotated[
        bool,
        typer.Option(
            "--fix", help="Do what is safe: copy .env from its example, install packages."
        ),
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Leave out what is well.")] = False,
    as_json: AsJson = False,
) -> None:
    """Look for what keeps this project from running; exit with 1 if there is an error."""
    import sys

    from devtool.api import diagnose_project
    from devtool.cli.text import printable, to_json
    from devtool.model.doctor import Level

    def tell(line: str) -> None:
        print(printable(line), file=sys.stderr, flush=True)

    found = diagnose_project(root, repair=fix, emit=tell)
    if as_json:
        print(to_json(found))
    else:
        _show(found, quiet=quiet)
    raise typer.Exit(1 if found.count(Level.ERROR) else 0)


def _show(found: Diagnosis, *, quiet: bool) -> None:
    from devtool.cli.text import printable
    from devtool.model.doctor import Level

    width = max((len(each.check) for each in found.findings), default=0)
    for each in found.findings:
        if not (quiet and each.level is Level.OK):
            print("\n".join(map(printable, _lines(each, width))))
    warnings, errors = found.count(Level.WARNING), found.count(Level.ERROR)
    well = found.count(Level.OK)
    if not (quiet and not warnings + errors):
        print(f"{well} ok, {_counted(warnings, 'warning')}, {_counted(errors, 'error')}")


def _lines(finding: Finding, width: int) -> list[str]:
    first, *more = finding.text.splitlines()
    lines = [f"{finding.level:<7}  {finding.check:<{width}}  {first}", *more]
    return [*lines, f"         {'':<{width}}  fix: {finding.fix}"] if finding.fix else lines


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
