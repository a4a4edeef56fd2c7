"""What stands around the application. Each module of this package installs one thing."""

import os
from importlib import import_module
from pkgutil import iter_modules

from fastapi import FastAPI
from fastapi.telemetry import TelemetryConfig


def telemetry() -> TelemetryConfig | None:
    """How FastAPI tells OpenTelemetry of requests: as it likes, where the environment speaks of it.

    Elsewhere not at all: at every request it would look again for somebody to tell.
    """
    if any(name.startswith("OTEL_") for name in os.environ):
        return None
    return {"tracing": False, "metrics": False, "logs": False}


def install(app: FastAPI) -> None:
    """Install all there is, in the order of the modules' names; there may be nothing."""
    for module in sorted(info.name for info in iter_modules(__path__)):
        import_module(f"{__name__}.{module}").install(app)
