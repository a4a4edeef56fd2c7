"""The typed client: a description out of a project's interpreter, types out of the frontend's generator."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from devtool import client
from devtool.errors import ConfigError, ServiceError, ToolchainError
from devtool.inproc import script_path
from devtool.model.detection import Role
from devtool.model.launch import LaunchPlan, Service

APP = """
import os
import subprocess
import sys

print("noise on the way")
os.write(1, b"more of it")
subprocess.run([sys.executable, "-c", "print('and from a child')"], check=True)


class App:
    def openapi(self):
        return {"paths": {"/tasks": {"post": {}, "get": {}}, "/b": {"delete": {}}}, "é": 1}


app = App()
make = lambda: app
"""
# Stands in for the generator: its text is the description it was given.
GENERATOR = f"""#!{sys.executable}
import sys
from pathlib import Path

source, output, target, *options = sys.argv[1:]
text = Path(source).read_text("utf-8")
if "refuse me" in text:
    sys.exit("it is no description")
Path(target).write_text(f"// {{output}} {{' '.join(options)}}\\n{{text}}\\n", "utf-8")
"""


@pytest.fixture
def parts(tmp_path: Path) -> client.Parts:
    """A backend whose application answers, and a frontend with a generator."""
    backend, frontend = tmp_path / "backend", tmp_path / "frontend"
    backend.mkdir()
    (backend / "main.py").write_text(APP, "utf-8")
    generator = frontend / "node_modules" / ".bin" / "openapi-typescript"
    generator.parent.mkdir(parents=True)
    generator.write_text(GENERATOR, "utf-8")
    generator.chmod(0o755)
    return client.Parts(
        Service("backend", Role.BACKEND, (sys.executable,), str(backend), entry="main:app"),
        Service("frontend", Role.FRONTEND, ("npm", "run", "dev"), str(frontend)),
    )


def asked(folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    argv = (sys.executable, script_path("devtool_openapi"), *arguments)
    return subprocess.run(argv, cwd=folder, capture_output=True, timeout=60, check=False)


def of(parts: client.Parts, entry: str) -> client.Parts:
    return parts._replace(backend=parts.backend._replace(entry=entry))


def made(parts: client.Parts) -> client.Client:
    return client.client(parts, os.environ)


def test_what_a_project_prints_stays_out_of_the_answer(parts: client.Parts) -> None:
    done = asked(Path(parts.backend.cwd), "main:app")
    assert json.loads(done.stdout)["openapi"]["é"] == 1
    assert done.returncode == 0
    for noise in (b"noise on the way", b"more of it", b"and from a child"):
        assert noise in done.stderr


def test_a_factory_is_called(parts: client.Parts) -> None:
    done = asked(Path(parts.backend.cwd), "--factory", "main:make")
    assert "/tasks" in json.loads(done.stdout)["openapi"]["paths"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("import nowhere_at_all", "ModuleNotFoundError: No module named 'nowhere_at_all'"),
        ("def oops(:", "SyntaxError: invalid syntax"),
        ("import sys; sys.exit('no secret')", "SystemExit: no secret"),
        ("raise RuntimeError", "RuntimeError"),
        ("app = object()", "builtins.object, which has no OpenAPI description"),
        ("", "has no attribute 'app'"),
    ],
)
def test_a_failed_import_says_what_and_where(parts: client.Parts, text: str, said: str) -> None:
    (Path(parts.backend.cwd) / "main.py").write_text(text, "utf-8")
    with pytest.raises(ServiceError) as failed:
        made(parts)
    assert said in failed.value.message
    if text and "app" not in text:
        assert f"{parts.backend.cwd}/main.py:1" in failed.value.message


def test_a_process_that_dies_is_an_error_too(parts: client.Parts) -> None:
    (Path(parts.backend.cwd) / "main.py").write_text("import os; os._exit(9)", "utf-8")
    with pytest.raises(ServiceError, match="its process ended with 9"):
        made(parts)


def test_a_module_of_the_project_is_found_before_the_script_s_own_folder(
    parts: client.Parts,
) -> None:
    (Path(parts.backend.cwd) / "devtool_openapi.py").write_text(APP, "utf-8")
    assert made(of(parts, "devtool_openapi:app")).operations


def test_the_types_are_written_once_and_stay_as_long_as_the_routes_do(parts: client.Parts) -> None:
    first = made(parts)
    assert first.before is None
    assert client.write(first)
    assert first.path == Path(parts.frontend.cwd) / "src/lib/api.gen.ts"
    written = first.path.stat().st_mtime_ns
    second = made(parts)
    assert second.is_current
    assert not client.write(second)
    assert first.path.stat().st_mtime_ns == written
    assert [path.name for path in first.path.parent.iterdir()] == ["api.gen.ts"]


def test_operations_are_named_in_the_order_of_paths(parts: client.Parts) -> None:
    assert made(parts).operations == ("DELETE /b", "GET /tasks", "POST /tasks")


def test_a_difference_is_shown_as_a_diff(parts: client.Parts) -> None:
    before = made(parts)
    client.write(before)
    source = Path(parts.backend.cwd) / "main.py"
    source.write_text(APP.replace("/tasks", "/todos"), "utf-8")
    after = made(parts)
    assert not after.is_current
    removed, added = (line for line in after.diff().splitlines() if line[:2] in ("-{", "+{"))
    assert "/tasks" in removed
    assert "/todos" in added


def test_what_the_generator_refuses_is_said(parts: client.Parts) -> None:
    (Path(parts.backend.cwd) / "main.py").write_text(APP.replace("/b", "/refuse me"), "utf-8")
    with pytest.raises(ServiceError, match="refused the description: it is no description"):
        made(parts)


def test_a_generator_is_found_in_a_folder_above(parts: client.Parts, tmp_path: Path) -> None:
    (tmp_path / "frontend" / "node_modules").rename(tmp_path / "node_modules")
    assert made(parts).text


@pytest.mark.parametrize(
    ("package", "hint"),
    [
        ('{"devDependencies": {"openapi-typescript": "^7"}}', "devtool run --sync"),
        ("{}", "npm install --save-dev openapi-typescript"),
    ],
)
def test_a_missing_generator_says_how_to_get_it(
    parts: client.Parts, package: str, hint: str
) -> None:
    folder = Path(parts.frontend.cwd)
    (folder / "node_modules" / ".bin" / "openapi-typescript").unlink()
    (folder / "package.json").write_text(package, "utf-8")
    with pytest.raises(ToolchainError) as missing:
        made(parts)
    assert hint in missing.value.hint


def test_a_missing_interpreter_says_how_to_get_it(parts: client.Parts) -> None:
    lost = parts.backend._replace(argv=("/nowhere/python",))
    with pytest.raises(ToolchainError, match="/nowhere/python is not there"):
        made(parts._replace(backend=lost))
    unready = parts.backend._replace(runnable="it has no environment", fix="devtool run --sync")
    with pytest.raises(ToolchainError, match="it has no environment"):
        made(parts._replace(backend=unready))


@pytest.mark.parametrize("role", ["backend", "frontend"])
def test_both_sides_are_needed(parts: client.Parts, role: str) -> None:
    services = tuple(service for service in parts if service.role != role)
    with pytest.raises(ConfigError, match=f"there is no {role} here"):
        client.parts_of(LaunchPlan("shop", services))


def test_the_first_of_several_is_taken(parts: client.Parts) -> None:
    other = parts.frontend._replace(name="admin")
    assert client.parts_of(LaunchPlan("shop", (*parts, other))) == parts
