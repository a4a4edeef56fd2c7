"""What stands around the application. Each module of this package installs one thing."""

from importlib import import_module
from pkgutil import iter_modules

from fastapi import FastAPI


def install(app: FastAPI) -> None:
    """Install all there is, in the order of the modules' names; there may be nothing."""
    for module in sorted(info.name for info in iter_modules(__path__)):
        import_module(f"{__name__}.{module}").install(app)
