"""Programs that run inside the project's own interpreter: the standard library only, Python 3.9 and up."""

from __future__ import annotations

from pathlib import Path


def script_path(name: str) -> str:
    """Where one of these programs lies."""
    return str(Path(__file__).with_name(f"{name}.py"))
