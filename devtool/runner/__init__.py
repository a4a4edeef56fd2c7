"""A LaunchPlan becomes live processes. The only package that starts or signals anything."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from devtool.runner.running import report, status, stop
    from devtool.runner.start import Prepared, prepare, run

_HOMES = {
    "Prepared": "devtool.runner.start",
    "prepare": "devtool.runner.start",
    "run": "devtool.runner.start",
    "report": "devtool.runner.running",
    "status": "devtool.runner.running",
    "stop": "devtool.runner.running",
}

__all__ = ["Prepared", "prepare", "report", "run", "status", "stop"]


def __getattr__(name: str) -> object:
    """Load a public name from its home module on first use."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(home), name)
