"""The calls behind the commands that change a project that is there."""

from __future__ import annotations

from pathlib import Path

from devtool.api import project_root

TYPE_CHECKING = False
if TYPE_CHECKING:
    from devtool.scaffold.journal import Journal


def undo_change(root: str | Path = ".", *, leave_edited: bool = False) -> Journal:
    """Take the last change of a project back, byte for byte.

    Args:
        root: The project's folder.
        leave_edited: Leave what was edited since as it is, and put back the rest.

    Raises:
        ConfigError: If there is nothing to undo.
        ConflictError: If files were edited since; nothing was changed.
    """
    from devtool.scaffold.update import undo

    return undo(project_root(root), leave_edited=leave_edited)
