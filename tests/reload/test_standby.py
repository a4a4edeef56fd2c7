"""Which reloader a system gets, and that nothing is forked where that may not be."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from devtool.errors import ServiceError
from devtool.inproc import script_path
from devtool.runner.reload_standby import StandbyReloader
from devtool.runner.reload_warm import WarmReloader
from devtool.runner.warm_service import reloader


def test_a_system_gets_the_reloader_that_is_safe_there() -> None:
    assert reloader({}, "linux") is WarmReloader
    assert reloader({}, "darwin") is StandbyReloader
    assert reloader({"DEVTOOL_RELOADER": "standby"}, "linux") is StandbyReloader
    assert reloader({"DEVTOOL_RELOADER": "warm"}, "darwin") is WarmReloader
    with pytest.raises(ServiceError, match="must be warm or standby, not hot"):
        reloader({"DEVTOOL_RELOADER": "hot"})


def test_the_spawner_never_forks() -> None:
    tree = ast.parse(Path(script_path("devtool_spawn")).read_bytes())
    called = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert not called & {"fork", "forkpty"}
    assert "Popen" in called
