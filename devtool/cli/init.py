"""`devtool init`: a devtool.toml that pins what was detected."""

from __future__ import annotations

import os
from pathlib import Path

from devtool.cli.options import AsJson, Quiet, Root

TYPE_CHECKING = False
if TYPE_CHECKING:
    from devtool.model.launch import LaunchPlan


def init(
    root: Root = Path(),
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Write a devtool.toml that pins what was detected; never over one that is there."""
    from devtool.api import plan_project, project_root
    from devtool.cli.text import SCHEMA, printable, to_json
    from devtool.errors import ConfigError

    path = project_root(root) / "devtool.toml"
    if os.path.lexists(path):
        raise ConfigError(f"{path} is there already", hint="edit it, or remove it first")
    text = contents(plan_project(root))
    _write_new(path, text)
    if as_json:
        print(to_json({"schema": SCHEMA, "path": str(path), "text": text}))
    elif not quiet:
        print(printable(f"wrote {path}"))


def contents(plan: LaunchPlan) -> str:
    """The text of a devtool.toml: what was found, pinned, and what else could be set."""
    import tomli_w

    from devtool.config import KEYS
    from devtool.model.detection import Role

    services = {
        service.name: {"entry": service.entry, "cwd": os.path.relpath(service.cwd, plan.root)}
        for service in plan.services
        if service.entry and service.role is not Role.FRONTEND
    }
    lines = [
        "# What devtool runs here, pinned from what it detected. Keys that are commented out show",
        "# their defaults; `devtool config` prints every value and where it came from.",
        "",
    ]
    for key, spec in KEYS.items():
        value = [] if spec.default == () else spec.default if spec.default is not None else 8000
        lines.append(f"# {spec.about}")
        lines.append(f"# {tomli_w.dumps({key: value}).strip()}")
    return "\n".join(lines) + "\n\n" + tomli_w.dumps({"services": services})


def _write_new(path: Path, text: str) -> None:
    """Write a file that must not exist yet, links included; nothing is left where that fails."""
    from contextlib import suppress

    from devtool.errors import ConfigError, DevtoolError

    made = False
    try:
        with path.open("x", encoding="utf-8") as file:
            made = True
            file.write(text)
    except FileExistsError:
        raise ConfigError(f"{path} is there already", hint="edit it, or remove it first") from None
    except OSError as error:
        if made:
            with suppress(OSError):  # the first failure is the one to report
                path.unlink()
        reason = (error.strerror or "error").lower()
        raise DevtoolError(
            f"{path} could not be written ({reason})", hint="check the folder"
        ) from error
