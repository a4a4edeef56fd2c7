"""A root path -> what is there and how it is run, from files only."""

from __future__ import annotations

from pathlib import Path

from devtool.detection.engine import examine
from devtool.detection.tree import SourceTree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from devtool.detection.declaration import Pin
    from devtool.detection.frameworks import Framework
    from devtool.model.detection import Detection


def detect(
    root: str | Path = ".", *, frameworks: Sequence[Framework] = (), pins: Sequence[Pin] = ()
) -> Detection:
    """What a repository is and how it is run, without importing or executing any of it.

    Args:
        root: The folder to look at.
        frameworks: Entries to ask before devtool's own, as `[[frameworks]]` of devtool.toml gives.
        pins: Targets that the user named; they decide, and one that is not there is refused.

    Returns:
        The phase, the components with their evidence, and what was refused and why.

    Raises:
        ConfigError: When `root` does not exist, is no folder, or cannot be read.
    """
    return examine(SourceTree(Path(root)), frameworks, pins)
