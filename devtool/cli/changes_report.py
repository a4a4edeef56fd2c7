"""What the commands that change a project print: the plan, as text, as a diff or as JSON."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from devtool.api_evolve import Change, Growth

QUIET = ("keep", "adopt")


def report(growth: Growth, *, show_diff: bool, as_json: bool, written: bool) -> None:
    """Print what happens, or has happened, to a project.

    Args:
        growth: The plan.
        show_diff: Print it as a diff.
        as_json: Print one JSON object.
        written: Whether it was carried out.
    """
    if as_json:
        print(_json(growth, written=written))
    elif show_diff:
        from devtool import diff_changes

        print(diff_changes(growth.update.changes), end="")
    else:
        for line in lines(growth):
            print(line)
        if not written:
            print("nothing was written")


def lines(growth: Growth) -> Iterator[str]:
    """The plan, a line a file; what stays as it is only where there is something to say of it."""
    from devtool.cli.text import printable

    for feature in growth.added:
        yield printable(f"feature  {feature.slug}: {feature.summary}")
    for change in growth.update.changes:
        if change.why or change.action.value not in QUIET:
            why = f": {change.why}" if change.why else ""
            yield printable(f"{change.action.value}  {change.path}{why}")
    for note in growth.notes:
        yield printable(f"note: {note}")


def _json(growth: Growth, *, written: bool) -> str:
    from devtool.cli.text import SCHEMA, to_json

    return to_json(
        {
            "schema": SCHEMA,
            "root": str(growth.update.root),
            "phase": growth.spec.phase,
            "features": [feature.slug for feature in growth.added],
            "written": written,
            "changes": [_change(change) for change in growth.update.changes],
            "notes": list(growth.notes),
        }
    )


def _change(change: Change) -> dict[str, str]:
    """A change without what nobody may see."""
    is_secret = change.path.rpartition("/")[2] == ".env"
    return {
        "path": change.path,
        "action": change.action.value,
        "why": change.why,
        "text": "" if is_secret else change.text,
    }
