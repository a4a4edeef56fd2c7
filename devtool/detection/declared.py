"""Every launch that a repository declares, in the order of the sources' weights."""

from __future__ import annotations

from devtool.detection.declaration import Declaration
from devtool.detection.deployed import compose, dockerfile, langgraph, platform, procfile
from devtool.detection.prose import prose
from devtool.detection.tasks import (
    env_files,
    launch_json,
    makefile,
    manage,
    package_json,
    pyproject,
    setup,
)
from devtool.detection.tree import SourceTree

READERS = (
    manage,
    pyproject,
    env_files,
    package_json,
    makefile,
    launch_json,
    procfile,
    compose,
    platform,
    dockerfile,
    langgraph,
    setup,
    prose,
)


def declarations(tree: SourceTree) -> list[Declaration]:
    """Every launch the repository declares."""
    return [declaration for read in READERS for declaration in read(tree)]
