"""Settings: what wins, where it came from, and errors that name the file, the key and the way out."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from devtool.api import plan_project
from devtool.config import KEYS, Source, load
from devtool.config.services import PROBES, SERVICE_KEYS
from devtool.errors import ConfigError

SECRET = "hunter2-very-secret"


def write(folder: Path, text: str, name: str = "devtool.toml") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def value(root: Path, key: str, **cli: object) -> tuple[object, Source]:
    setting = load(root, cli=cli, env={}).values[key]
    return setting.value, setting.source


def refused(root: Path, *, env: dict[str, str] | None = None, **cli: object) -> ConfigError:
    with pytest.raises(ConfigError) as error:
        load(root, cli=cli, env=env or {})
    assert error.value.hint, "every error says the way out"
    assert SECRET not in error.value.message + error.value.hint
    return error.value


def test_the_strongest_source_wins_key_by_key(tmp_path: Path) -> None:
    assert value(tmp_path, "host") == ("127.0.0.1", Source.DEFAULT)
    write(tmp_path, '[tool.devtool]\nhost = "a"\nport = 1111\n', "pyproject.toml")
    assert value(tmp_path, "host") == ("a", Source.PYPROJECT)
    write(tmp_path, 'host = "b"\n')
    assert value(tmp_path, "host") == ("b", Source.FILE)
    assert value(tmp_path, "port") == (1111, Source.PYPROJECT)
    env = {
        "DEVTOOL_HOST": "c",
        "DEVTOOL_RELOAD": "no",
        "DEVTOOL_ONLY": "a, b",
        "DEVTOOL_GRACE": "2",
    }
    settings = load(tmp_path, cli={"host": "d", "port": None}, env=env)
    assert settings.values["host"][:2] == ("d", Source.CLI)
    assert settings.values["port"][:2] == (1111, Source.PYPROJECT)
    assert settings.value("reload") is False
    assert settings.names("only") == ("a", "b")
    assert settings.value("grace") == 2.0
    assert load(tmp_path, env=env).values["host"] == ("c", Source.ENV, "DEVTOOL_HOST")


def test_files_are_looked_for_up_to_the_repository_and_not_above(tmp_path: Path) -> None:
    write(tmp_path, "port = 1\n")
    repository = tmp_path / "repository"
    (repository / ".git").mkdir(parents=True)
    inner = repository / "apps" / "api"
    inner.mkdir(parents=True)
    assert value(inner, "port") == (None, Source.DEFAULT)
    write(repository, 'port = 2\nhost = "outer"\n')
    write(inner, "port = 3\n")
    assert value(inner, "port") == (3, Source.FILE)
    assert value(inner, "host") == ("outer", Source.FILE)


def test_without_a_repository_only_the_folder_itself_counts(tmp_path: Path) -> None:
    write(tmp_path, "port = 1\n")
    (tmp_path / "inner").mkdir()
    assert value(tmp_path / "inner", "port") == (None, Source.DEFAULT)


def test_an_unknown_key_is_named_with_the_nearest(tmp_path: Path) -> None:
    path = write(tmp_path, "prot = 8000\n")
    error = refused(tmp_path)
    assert error.exit_code == 2
    assert str(path) in error.message
    assert "'prot'" in error.message
    assert "'port'" in error.hint


@pytest.mark.parametrize("port", ["0", "65536", "-1", '"x"', "true", "1.5", "[]", '"80 "'])
def test_a_wrong_port_is_refused(port: str, tmp_path: Path) -> None:
    path = write(tmp_path, f"port = {port}\n")
    assert f"{path}: port" in refused(tmp_path).message


@pytest.mark.parametrize("port", ["0", "x", "70000", "\uff18\uff10", ""])
def test_a_wrong_port_on_the_command_line_is_refused(port: str, tmp_path: Path) -> None:
    assert "--port" in refused(tmp_path, port=port).message


@pytest.mark.parametrize("host", ["a b", "$(id)", "a;b", "", "-x", "a\nb", "http://x"])
def test_a_wrong_host_is_refused(host: str, tmp_path: Path) -> None:
    assert "--host" in refused(tmp_path, host=host).message


@pytest.mark.parametrize(
    "host", ["localhost", "0.0.0.0", "::", "::1", "my-host.example", "10.0.0.1"]
)
def test_a_usual_host_is_taken(host: str, tmp_path: Path) -> None:
    assert value(tmp_path, "host", host=host) == (host, Source.CLI)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('[services.x]\ncommand = "python x.py"\n', "command"),
        ('[services.x]\ncommand = ["a", 1]\n', "command"),
        ('[services.x]\ncommand = ["a\\u0000b"]\n', "command"),
        ('[services.x]\ncwd = "../outside"\n', "cwd"),
        ('[services.x]\ncwd = "/etc"\n', "cwd"),
        ('[services.x]\nenv_file = "/etc/passwd"\n', "env_file"),
        ("[services.x]\nport = 0\n", "port"),
        ('[services.x]\nport = "auto"\n', "port"),
        ('[services.x]\nrole = "boss"\n', "role"),
        ('[services.x]\nready = "soon"\n', "ready"),
        ('[services.x]\nready = {http = "/", port = 80}\n', "ready"),
        ('[services.x]\nready = {http = "/", timeout = -1}\n', "ready"),
        ('[services.x]\nrestart = "often"\n', "restart"),
        ('[services.x]\nenv = ["A"]\n', "env"),
        ("[services.x]\nportt = 1\n", "'portt'"),
        ('[services."a b"]\nport = 1\n', "a b"),
        ("services = 3\n", "services"),
        ("[services]\nx = 3\n", "services.x"),
        ("frameworks = 3\n", "frameworks"),
        ("reload = 1\n", "reload"),
        ('only = "backend"\n', "only"),
        ("grace = -1\n", "grace"),
    ],
)
def test_a_wrong_value_is_named(text: str, named: str, tmp_path: Path) -> None:
    path = write(tmp_path, text)
    error = refused(tmp_path)
    assert str(path) in error.message
    assert named in error.message


def test_a_secret_in_a_wrong_value_is_not_quoted(tmp_path: Path) -> None:
    write(tmp_path, f'[services.x]\nenv = {{TOKEN = ["{SECRET}"]}}\n')
    assert "TOKEN" in refused(tmp_path).message


def test_a_secret_in_broken_toml_is_not_quoted(tmp_path: Path) -> None:
    path = write(tmp_path, f"token = {SECRET}\n")
    assert f"{path}: not valid TOML (at line 1" in refused(tmp_path).message


def test_a_link_out_of_the_root_is_outside(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "away").symlink_to(tmp_path)
    write(root, '[services.x]\ncwd = "away"\n')
    assert "outside" in refused(root).message


def test_what_is_no_plain_text_file_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "devtool.toml"
    path.mkdir()
    assert f"{path}: not a regular file" in refused(tmp_path).message
    path.rmdir()
    os.mkfifo(path)
    assert f"{path}: not a regular file" in refused(tmp_path).message
    path.unlink()
    path.write_bytes(b"port = 1 # \xff\n")
    assert f"{path}: not UTF-8" in refused(tmp_path).message
    with path.open("wb") as file:
        file.truncate(2_000_000)
    assert f"{path}: larger than" in refused(tmp_path).message


def test_a_broken_pyproject_is_not_a_setting(tmp_path: Path) -> None:
    write(tmp_path, "[tool.devtool\n", "pyproject.toml")
    assert value(tmp_path, "port") == (None, Source.DEFAULT)


def test_a_service_is_read_whole(tmp_path: Path) -> None:
    (tmp_path / "jobs").mkdir()
    write(
        tmp_path,
        """
        [services.jobs]
        command = ["python", "jobs.py"]
        cwd = "jobs"
        env = {LEVEL = "debug"}
        env_file = "jobs/.env"
        port = 9000
        needs = ["db"]
        ready = {http = "/health", timeout = 3}
        restart = "on-failure"
        grace = 1
        one_shot = true
        """,
    )
    jobs = load(tmp_path, env={}).services["jobs"]
    assert jobs.command == ("python", "jobs.py")
    assert (jobs.cwd, jobs.env_files, jobs.env) == ("jobs", ("jobs/.env",), (("LEVEL", "debug"),))
    assert (jobs.port, jobs.needs, jobs.restart, jobs.grace) == (9000, ("db",), "on-failure", 1.0)
    assert jobs.ready == ("http", "/health", 3.0)
    assert jobs.one_shot


def test_every_key_stands_in_the_reference() -> None:
    page = (Path(__file__).parent.parent / "docs/reference/configuration.md").read_text("utf-8")
    for key in (*KEYS, *SERVICE_KEYS, *PROBES):
        assert f"`{key}`" in page
    for key in KEYS:
        assert f"`DEVTOOL_{key.upper()}`" in page


@pytest.mark.parametrize(
    ("text", "kind", "target"),
    [
        ('{http = "/health"}', "http", "/health"),
        ("{port = 5432}", "port", "5432"),
        ('{port = "10.0.0.1:5432"}', "port", "10.0.0.1:5432"),
        ('{port = "{port}"}', "port", "{port}"),
        ('{log = "ready in \\\\d+"}', "log", "ready in \\d+"),
        ('{command = ["test", "-e", "a b"]}', "command", "test -e 'a b'"),
        ("{command = \"test -e 'a b'\"}", "command", "test -e 'a b'"),
    ],
)
def test_a_service_is_ready_in_one_of_four_ways(
    text: str, kind: str, target: str, tmp_path: Path
) -> None:
    (tmp_path / "devtool.toml").write_text(f"[services.x]\nready = {text}\n")
    ready = load(tmp_path, env={}).services["x"].ready
    assert ready is not None
    assert (ready.kind, ready.target) == (kind, target)


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        '{http = "health"}',
        "{http = 80}",
        '{port = "many"}',
        "{port = 0}",
        '{log = "("}',
        "{log = 3}",
        "{command = []}",
        '{command = ""}',
        '{command = "\'open"}',
        '{command = ["a", 1]}',
        '{url = "/"}',
        '{http = "/", log = "x"}',
    ],
)
def test_another_way_to_be_ready_is_named(text: str, tmp_path: Path) -> None:
    (tmp_path / "devtool.toml").write_text(f"[services.x]\nready = {text}\n")
    with pytest.raises(ConfigError, match="ready"):
        load(tmp_path, env={})


def test_an_env_file_that_is_named_has_to_be_there(tmp_path: Path) -> None:
    (tmp_path / "devtool.toml").write_text('[services.x]\ncommand = ["x"]\n')
    (tmp_path / "there.env").touch()
    cli = {"env_files": ["there.env"]}
    found = plan_project(tmp_path, cli=cli).services[0].env_files
    assert found == (str(tmp_path / "there.env"),)
    with pytest.raises(ConfigError, match=r"x: there is no file of variables gone\.env"):
        plan_project(tmp_path, cli={"env_files": ["gone.env"]})


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('command = [""]', "command: names no program"),
        ('env = {"A=B" = "x"}', "env: 'A=B' is no name of a variable"),
        ('env = {"" = "x"}', "env: '' is no name of a variable"),
        ('env = {A = "a\\u0000b"}', "env A: holds a NUL character"),
    ],
)
def test_what_is_wrong_with_a_value_is_named(line: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "devtool.toml").write_text(f"[services.x]\n{line}\n")
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, env={})
    assert said in caught.value.message
