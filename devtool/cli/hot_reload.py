"""`devtool hot-reload`: the same run, with reload forced on."""

from __future__ import annotations

from pathlib import Path

from devtool.cli.options import AsJson, Quiet, Root
from devtool.cli.run import (
    Banner,
    Detach,
    DryRun,
    EnvFile,
    Except,
    Explain,
    Extra,
    Grace,
    Host,
    Only,
    Open,
    Port,
    Serial,
    Sync,
    Ui,
    WithServices,
    run,
)


def hot_reload(
    port: Port = None,
    host: Host = None,
    serial: Serial = None,
    explain: Explain = None,
    banner: Banner = None,
    open_page: Open = None,
    only: Only = None,
    left_out: Except = None,
    sync: Sync = None,
    with_services: WithServices = None,
    detach: Detach = False,
    ui: Ui = False,
    quiet: Quiet = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
    grace: Grace = None,
    env_files: EnvFile = None,
    root: Root = Path(),
    extra: Extra = None,
) -> None:
    """Run a project, and restart its web services when their files change."""
    run(
        port=port,
        host=host,
        reload=True,
        serial=serial,
        explain=explain,
        banner=banner,
        open_page=open_page,
        only=only,
        left_out=left_out,
        sync=sync,
        with_services=with_services,
        detach=detach,
        ui=ui,
        quiet=quiet,
        dry_run=dry_run,
        as_json=as_json,
        grace=grace,
        env_files=env_files,
        root=root,
        extra=extra,
    )
