"""Demo data. Each module of this package plants one kind of things for the demo user.

`python -m app.seeds` plants it, and so does every start with SEED_DEMO=true; what is planted
already stays as it is.
"""

from importlib import import_module
from pkgutil import iter_modules

from app.current_user import demo_user


async def plant() -> None:
    """Plant all there is, in the order of the modules' names."""
    owner = await demo_user()
    for module in sorted(info.name for info in iter_modules(__path__)):
        if not module.startswith("_"):
            await import_module(f"{__name__}.{module}").plant(owner)
