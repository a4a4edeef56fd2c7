"""What keeps a project from running, and the command that changes it.

Nothing of the project is executed: its files are read, ports and databases of this machine are asked
whether they answer, and programs of the machine which version they are. One module for each check.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from devtool.doctor.examination import diagnose

__all__ = ["diagnose"]


def __getattr__(name: str) -> object:
    """Load the public name on first use."""
    if name != "diagnose":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from devtool.doctor.examination import diagnose

    return diagnose
