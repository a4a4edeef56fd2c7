"""The calls that every command is made of: settings, what a project is, what would be started.

Everything here is a call or two into the core. Nothing calls `sys.exit`; errors are those of
`devtool.errors`.
"""

from __future__ import annotations

from pathlib import Path

from devtool.errors import ConfigError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from devtool.config import Settings
    from devtool.model.detection import Detection
    from devtool.model.doctor import Diagnosis
    from devtool.model.launch import LaunchPlan


def project_root(root: str | Path = ".") -> Path:
    """The absolute path of a project's folder.

    Raises:
        ConfigError: When the current folder is gone, so that a relative path leads nowhere.
    """
    try:
        return Path(root).expanduser().absolute()
    except (OSError, RuntimeError) as error:
        raise ConfigError(f"{root} leads nowhere: the current folder is gone") from error


def load_settings(root: str | Path = ".", *, cli: Mapping[str, object] | None = None) -> Settings:
    """The settings of a project, each with its source."""
    from devtool.config import load

    return load(project_root(root), cli=cli)


def detect_project(root: str | Path = ".", settings: Settings | None = None) -> Detection:
    """What a project is, with the frameworks and the targets that its settings name.

    Args:
        root: The project's folder.
        settings: Its settings; read from its files when None.
    """
    from devtool.config.files import has_settings
    from devtool.detection import detect

    where = project_root(root)
    if settings is None:
        settings = load_settings(where) if has_settings(where) else None
    if settings is None or not (settings.services or settings.frameworks):
        return detect(where)
    from devtool.detection.declaration import Pin
    from devtool.detection.frameworks import check_named, from_table

    frameworks = [from_table(table, path) for table, path in settings.frameworks]
    for own in settings.services.values():
        check_named(own.framework, frameworks, own.where)
    pins = [
        Pin(
            own.entry,
            own.cwd or "",
            own.where.rpartition(": [services.")[0],
            name=own.name,
            framework=own.framework,
        )
        for own in settings.services.values()
        if own.entry and not own.command
    ]
    return detect(where, frameworks=frameworks, pins=pins)


def plan_project(
    root: str | Path = ".",
    *,
    cli: Mapping[str, object] | None = None,
    extra: Sequence[str] = (),
) -> LaunchPlan:
    """Everything that a run of a project would start; nothing is started.

    Args:
        root: The project's folder.
        cli: Settings that win over files and environment, by key.
        extra: Further words for the main service.

    Raises:
        UndetectedError: When there is nothing to start.
        AmbiguousError: When several targets are equally good.
        ConfigError: When a setting or a declared target is wrong.
    """
    from devtool.launch import plan

    where = project_root(root)
    settings = load_settings(where, cli=cli)
    return plan(
        detect_project(where, settings), settings, extra=tuple(extra), port_free=_is_port_free
    )


def _is_port_free(host: str, port: int) -> bool:
    from devtool.runner.ports import is_free

    return is_free(host, port)


def diagnose_project(
    root: str | Path = ".",
    *,
    repair: bool = False,
    emit: Callable[[str], None] = lambda _: None,
) -> Diagnosis:
    """What keeps a project from running, and the commands that change it.

    Args:
        root: The project's folder.
        repair: Copy `.env` files from their examples and install packages first.
        emit: Called with one line before each step of that.

    Raises:
        ConfigError: When there is no such folder.
    """
    from devtool.doctor import diagnose

    return diagnose(
        project_root(root), load=load_settings, detect=detect_project, repair=repair, emit=emit
    )
