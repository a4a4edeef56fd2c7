"""Settings, each with where it came from.

The first of these that names a value wins, key by key: the command line, `DEVTOOL_*` variables,
devtool.toml, `[tool.devtool]` of pyproject.toml, what was detected, the default. The files are
looked for in the root and its parents up to the repository's, a folder with `.git`.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from devtool.config.files import has_settings
    from devtool.config.keys import KEYS
    from devtool.config.loading import load
    from devtool.config.settings import Ready, ServiceSettings, Setting, Settings, Source

_HOMES = {
    "KEYS": "devtool.config.keys",
    "Ready": "devtool.config.settings",
    "ServiceSettings": "devtool.config.settings",
    "Setting": "devtool.config.settings",
    "Settings": "devtool.config.settings",
    "Source": "devtool.config.settings",
    "has_settings": "devtool.config.files",
    "load": "devtool.config.loading",
}

__all__ = [
    "KEYS",
    "Ready",
    "ServiceSettings",
    "Setting",
    "Settings",
    "Source",
    "has_settings",
    "load",
]


def __getattr__(name: str) -> object:
    """Load a name from its home on first use: `phase` needs only to know that no file is there."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(home), name)
