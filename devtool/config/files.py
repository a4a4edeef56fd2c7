"""Which configuration files apply, and their tables: bounded, regular files only."""

from __future__ import annotations

import os
import re
from pathlib import Path

from devtool.errors import ConfigError

FILE_NAME = "devtool.toml"
MAX_CONFIG_BYTES = 1_048_576


def has_settings(root: Path) -> bool:
    """Whether any file could hold settings: most projects have none, and pay nothing for it."""
    return any(
        is_there(folder / FILE_NAME) or read_tool_table(folder / "pyproject.toml") is not None
        for folder in config_folders(root)
    )


def config_folders(root: Path) -> list[Path]:
    """The root, and its parents up to the repository's root where there is one."""
    start = root.absolute()
    for depth, folder in enumerate((start, *start.parents)):
        if is_there(folder / ".git"):
            return [start, *start.parents][: depth + 1]
    return [start]


def is_there(path: Path) -> bool:
    """As `Path.exists`, and false where a folder above is closed or the name is no usable one."""
    return os.path.exists(path)  # noqa: PTH110 (Path.exists raises there)


def read_toml(path: Path) -> dict[str, object] | None:
    """The table of a configuration file, or None where there is none.

    Raises:
        ConfigError: When it is no regular file, too large, not text or not TOML.
    """
    text = _read(path)
    if text is None:
        return None
    import tomllib

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"\(at [^)]*\)", str(error))
        where = f" {place[0]}" if place else ""
        raise ConfigError(f"{path}: not valid TOML{where}", hint="correct the file") from None
    except RecursionError:
        raise ConfigError(f"{path}: nested too deeply", hint="correct the file") from None


def read_tool_table(path: Path) -> dict[str, object] | None:
    """`[tool.devtool]` of a pyproject.toml, or None; a broken pyproject is detection's to note."""
    try:
        text = _read(path)
        if text is None or "tool.devtool" not in text:
            return None
        table = read_toml(path) or {}
    except ConfigError:
        return None
    tool = table.get("tool")
    own = tool.get("devtool") if isinstance(tool, dict) else None
    return own if isinstance(own, dict) else None


def _read(path: Path) -> str | None:
    import stat

    try:
        status = path.lstat()
        if not stat.S_ISREG(status.st_mode):
            raise ConfigError(f"{path}: not a regular file", hint="replace it with a plain file")
        if status.st_size > MAX_CONFIG_BYTES:
            raise ConfigError(f"{path}: larger than 1 MiB", hint="shorten it")
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: not UTF-8", hint="save it as UTF-8") from None
    except OSError as error:
        reason = (error.strerror or "error").lower()
        raise ConfigError(f"{path}: could not be read ({reason})", hint="check its mode") from None
