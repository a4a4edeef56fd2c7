"""`devtool config`: every setting and where it came from."""

from __future__ import annotations

from pathlib import Path

from devtool.cli.options import AsJson, Root

TYPE_CHECKING = False
if TYPE_CHECKING:
    from devtool.config import Settings


def config(
    root: Root = Path(),
    as_json: AsJson = False,
) -> None:
    """Show every setting, its value and its source."""
    from devtool.api import load_settings
    from devtool.cli.text import SCHEMA, printable, to_json

    settings = load_settings(root)
    if as_json:
        print(to_json({"schema": SCHEMA, **_object(settings)}))
        return
    width = max(len(key) for key in settings.values)
    for key, setting in settings.values.items():
        where = f" ({setting.where})" if setting.where not in ("", setting.source) else ""
        print(printable(f"{key:<{width}} = {_shown(setting.value)}   from {setting.source}{where}"))
    for own in settings.services.values():
        names = ", ".join(name for name, _ in own.env)
        print(printable(f"[services.{own.name}]   from {own.where}"))
        if own.command:
            print(printable(f"  command: {' '.join(own.command)}"))
        if own.entry:
            print(printable(f"  entry: {own.entry} in {own.cwd or '.'}"))
        if names:
            print(printable(f"  env: {names}"))


def _shown(value: object) -> str:
    if value is None:
        return "(detected)"
    if isinstance(value, tuple):
        return ", ".join(str(item) for item in value) or "(none)"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _object(settings: Settings) -> dict[str, object]:
    """Settings for scripts: the names of variables, never their values."""
    return {
        "values": {
            key: {"value": s.value, "source": s.source, "where": s.where}
            for key, s in settings.values.items()
        },
        "services": [
            {
                "name": own.name,
                "where": own.where,
                "command": own.command,
                "entry": own.entry,
                "cwd": own.cwd,
                "port": own.port,
                "env": [name for name, _ in own.env],
            }
            for own in settings.services.values()
        ],
        "files": settings.files,
    }
