"""Every source in order, the strongest last."""

from __future__ import annotations

import os
from pathlib import Path

from devtool.config.files import FILE_NAME, config_folders, read_toml, read_tool_table
from devtool.config.keys import KEYS, from_text, nearest
from devtool.config.services import frameworks as read_frameworks
from devtool.config.services import services as read_services
from devtool.config.settings import ServiceSettings, Setting, Settings, Source
from devtool.errors import ConfigError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def load(
    root: Path, *, cli: Mapping[str, object] | None = None, env: Mapping[str, str] | None = None
) -> Settings:
    """Every setting that applies to a project.

    Args:
        root: The project's folder.
        cli: What the command line named, by key; None values are left out.
        env: The environment; devtool's own by default.

    Raises:
        ConfigError: When a file, key or value is wrong; it names the file, the key and the way out.
    """
    values = {key: Setting(spec.default, Source.DEFAULT) for key, spec in KEYS.items()}
    services: dict[str, ServiceSettings] = {}
    frameworks: list[tuple[dict[str, object], str]] = []
    files: list[str] = []
    for path, source, table in reversed(list(_tables(root))):
        files.append(str(path))
        _take(values, table, path, source)
        frameworks += read_frameworks(table, str(path))
        if path.parent == root.absolute():
            services.update(read_services(table, path, root.absolute()))
    _take_env(values, os.environ if env is None else env)
    for key, value in (cli or {}).items():
        if value is not None:
            values[key] = Setting(KEYS[key].check(value, f"--{key}"), Source.CLI, f"--{key}")
    return Settings(values, services, tuple(frameworks), tuple(reversed(files)))


def _tables(root: Path) -> Iterator[tuple[Path, Source, dict[str, object]]]:
    """The configuration tables that apply, the strongest first."""
    for folder in config_folders(root):
        own = read_toml(folder / FILE_NAME)
        if own is not None:
            yield folder / FILE_NAME, Source.FILE, own
        pyproject = folder / "pyproject.toml"
        table = read_tool_table(pyproject)
        if table is not None:
            yield pyproject, Source.PYPROJECT, table


def _take(
    values: dict[str, Setting], table: Mapping[str, object], path: Path, source: Source
) -> None:
    for key, value in table.items():
        if key in ("services", "frameworks"):
            continue
        if key not in KEYS:
            raise ConfigError(
                f"{path}: unknown key {key!r}",
                hint=nearest(key, (*KEYS, "services", "frameworks")),
            )
        values[key] = Setting(KEYS[key].check(value, f"{path}: {key}"), source, str(path))


def _take_env(values: dict[str, Setting], env: Mapping[str, str]) -> None:
    for key, spec in KEYS.items():
        variable = f"DEVTOOL_{key.upper()}"
        text = env.get(variable)
        if text:
            values[key] = Setting(spec.check(from_text(spec, text), variable), Source.ENV, variable)
