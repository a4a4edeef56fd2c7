"""`devtool mcp --install`: shown, then merged; nothing of anybody's is lost."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from devtool.errors import ConfigError, DevtoolError
from devtool.mcp.clients import CLIENTS, plan, write
from tests.mcp.conftest import devtool

PLACES = {
    "claude-code": (".mcp.json", "mcpServers"),
    "cursor": (".cursor/mcp.json", "mcpServers"),
    "vscode": (".vscode/mcp.json", "servers"),
}


@pytest.mark.parametrize("client", PLACES)
def test_a_client_s_file_is_made_once(root: Path, state: Path, client: str) -> None:
    place, key = PLACES[client]
    done = devtool(root, state, "mcp", "--install", client)
    assert "nothing was written" in done.stdout
    assert not (root / place).exists()
    assert devtool(root, state, "mcp", "--install", client, "--yes").returncode == 0
    entry = json.loads((root / place).read_text("utf-8"))[key]["devtool"]
    assert (entry["command"], entry["args"][0]) == ("devtool", "mcp")
    before = (root / place).stat()
    assert "already" in devtool(root, state, "mcp", "--install", client, "--yes").stdout
    assert (root / place).stat() == before


def test_what_else_stands_there_stays(root: Path) -> None:
    text = (
        '{\n    "z": [1, 2],\n    "mcpServers": {\n        "Wörter": {"command": "x"}\n    }\n}\n'
    )
    path = root / ".mcp.json"
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    write(plan("claude-code", root))
    now = json.loads(path.read_text("utf-8"))
    assert list(now) == ["z", "mcpServers"]
    assert list(now["mcpServers"]) == ["Wörter", "devtool"]
    assert now["mcpServers"]["Wörter"] == {"command": "x"}
    assert '    "z"' in path.read_text("utf-8")
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in root.glob(".mcp*")] == [".mcp.json"]


@pytest.mark.parametrize(
    "text",
    [
        '{"mcpServers": {} // mine\n}',
        "[1]",
        "{",
        '{"mcpServers": []}',
        '{"mcpServers": {"a": {}, "a": {}}}',
        '{"mcpServers": {"devtool": {"command": "mine"}}}',
        "[" * 100_000,
    ],
)
def test_a_file_that_cannot_be_added_to_is_left_alone(root: Path, text: str) -> None:
    path = root / ".mcp.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError):
        plan("claude-code", root)
    assert path.read_text("utf-8") == text


def test_a_file_that_was_changed_meanwhile_is_left_alone(root: Path) -> None:
    change = plan("claude-code", root)
    change.path.write_text('{"mine": 1}', encoding="utf-8")
    with pytest.raises(DevtoolError, match="changed meanwhile"):
        write(change)
    assert change.path.read_text("utf-8") == '{"mine": 1}'


def test_a_link_out_of_the_project_is_not_followed(root: Path, tmp_path: Path) -> None:
    (tmp_path / "private.json").write_text("{}", encoding="utf-8")
    (root / ".mcp.json").symlink_to(tmp_path / "private.json")
    with pytest.raises(ConfigError, match="link out of the project"):
        plan("claude-code", root)


def test_the_desktop_s_file_is_the_user_s_and_names_the_project(root: Path, tmp_path: Path) -> None:
    env = {
        "HOME": str(tmp_path),
        "XDG_CONFIG_HOME": str(tmp_path / "conf"),
        "APPDATA": str(tmp_path),
    }
    change = plan("claude-desktop", root, env)
    assert change.path.is_relative_to(tmp_path)
    write(change)
    entry = json.loads(change.path.read_text("utf-8"))["mcpServers"]["devtool-my shop"]
    assert Path(entry["command"]).is_absolute()
    assert entry["args"][-2:] == ["--root", str(root)]


def test_an_unknown_client_is_refused_with_the_known_ones(root: Path, state: Path) -> None:
    done = devtool(root, state, "mcp", "--install", "nobody")
    assert done.returncode == 2
    assert all(client.name in done.stderr for client in CLIENTS)


def test_without_the_sdk_the_way_to_it_is_said(root: Path) -> None:
    code = (
        "import sys; sys.modules['mcp_types'] = None; sys.argv = ['devtool', 'mcp'];"
        "from devtool.cli import main; main()"
    )
    done = subprocess.run(
        (sys.executable, "-c", code),
        cwd=root,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, "pip install 'devtool[mcp]'" in done.stderr) == (7, True)
