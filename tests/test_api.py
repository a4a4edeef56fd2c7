"""The seed document's classes: its snippets as they stand there, and each of its bugs gone."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from devtool import (
    AmbiguousError,
    BackendScaffold,
    ConfigError,
    ContextAwareServerRunner,
    FastAPIBuilder,
    ProjectPhaseDetector,
    ServiceError,
    UndetectedError,
    detect,
)
from devtool.api import detect_project
from devtool.api_classes import split_arguments

APP = "from fastapi import FastAPI\n\napp = FastAPI()\n"
CONSOLE = 'import sys\n\nif __name__ == "__main__":\n    print("hello from", sys.argv[1:])\n'


def write(root: Path, **files: str) -> Path:
    """Files by path, with `__` for `/` and a suffix of `.py` where there is none."""
    for name, text in files.items():
        path = root / name.replace("__", "/")
        path = path if path.suffix else path.with_suffix(".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def web(root: Path) -> Path:
    write(root, backend__main=APP)
    (root / "backend" / "requirements.txt").write_text("fastapi\nuvicorn\n")
    return root


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Path]:
    """The project is the current folder, as in the seed's snippets."""
    before = Path.cwd()
    os.chdir(tmp_path)
    yield tmp_path
    os.chdir(before)


def test_the_first_snippet_runs_unchanged(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    web(here)
    detector = ProjectPhaseDetector()
    phase, desc = detector.detect_phase()
    command, _cmd_desc = detector.get_server_command()

    print(f"Detected: {desc}")
    print(f"Command: {command}")
    assert phase == 2
    out = capsys.readouterr().out
    assert "Detected: Full Stack Web Application (Phase II)" in out
    assert "Command: cd backend && .venv/bin/python -m uvicorn main:app" in out


def test_the_second_snippet_runs_unchanged(here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    write(here, src__main=CONSOLE)
    runner = ContextAwareServerRunner()
    runner.run_server([])
    assert "hello from []" in capfd.readouterr().out


def test_an_empty_folder_has_the_seeds_default(tmp_path: Path) -> None:
    detector = ProjectPhaseDetector(str(tmp_path))
    assert detector.detect_phase() == (1, "Console Application (Phase I - Default)")
    assert detector.project_root == tmp_path
    with pytest.raises(UndetectedError):
        detector.get_server_command()


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"src__main": CONSOLE}, (1, "Console Application (Phase I)")),
        ({"main": APP}, (2, "Full Stack Web Application (Phase II)")),
        ({"main": f"import openai\n{APP}"}, (3, "AI Chatbot Application (Phase III)")),
        (
            {"main": f"import openai\n{APP}", "helm__Chart.yaml": "name: x\n"},
            (4, "Cloud-Native Application on Kubernetes (Phase IV)"),
        ),
        (
            {"main": f"import openai\nimport aiokafka\n{APP}"},
            (5, "Event-Driven Application (Phase V)"),
        ),
    ],
)
def test_phases_have_the_seeds_descriptions(
    files: dict[str, str], expected: tuple[int, str], tmp_path: Path
) -> None:
    assert ProjectPhaseDetector(write(tmp_path, **files)).detect_phase() == expected


def test_the_structure_is_what_is_really_there(tmp_path: Path) -> None:
    web(tmp_path)
    (tmp_path / "README.md").write_text("")
    found = ProjectPhaseDetector(tmp_path).get_project_structure()
    assert found == {
        "phase": 2,
        "description": "Full Stack Web Application (Phase II)",
        "entry_point": "backend/main.py",
        "structure": {"README.md": "Project documentation", "backend": "fastapi backend"},
    }


# --- the seed's bugs -------------------------------------------------------------------------------


def test_phase_three_is_reachable(tmp_path: Path) -> None:
    """The seed asked for backend/main.py first, which every phase III project has too."""
    web(tmp_path)
    write(tmp_path, backend__app__ai__agent="import openai\n")
    detector = ProjectPhaseDetector(tmp_path)
    assert detector.detect_phase()[0] == 3
    assert detector.get_server_command()[1] == "Starting AI-powered application server"


def test_an_old_console_does_not_shadow_the_backend(tmp_path: Path) -> None:
    web(write(tmp_path, src__main=CONSOLE))
    detector = ProjectPhaseDetector(tmp_path)
    assert detector.detect_phase()[0] == 2
    command, about = detector.get_server_command()
    assert "uvicorn main:app" in command
    assert about == "Starting FastAPI development server"


def test_the_command_works_from_the_projects_root_in_any_folder_name(tmp_path: Path) -> None:
    """The seed's command lacked the `cd`, and split paths at spaces."""
    root = write(tmp_path / "it's my app", back_end__main=CONSOLE)
    (root / "back_end").rename(root / "back end")
    (root / "devtool.toml").write_text('[services.console]\nentry = "main.py"\ncwd = "back end"\n')
    command, about = ProjectPhaseDetector(root).get_server_command()
    assert about == "Running console application"
    done = subprocess.run(
        ["/bin/sh", "-c", command], cwd=root, capture_output=True, text=True, check=True
    )
    assert done.stdout == "hello from []\n"


def test_localhost_is_a_host_like_any_other() -> None:
    """The seed dropped `--host localhost`, taking it for the default."""
    cli, extra = split_arguments(["--host", "localhost", "-p", "81", "--port=80", "--workers", "2"])
    assert cli == {"host": "localhost", "port": "80"}
    assert extra == ("--workers", "2")


def test_a_console_is_not_given_the_port(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, main=CONSOLE)
    ContextAwareServerRunner(tmp_path).run_server(["--port", "8080", "list"])
    assert "hello from ['list']" in capfd.readouterr().out


# --- as a library ----------------------------------------------------------------------------------


def test_a_run_leaves_the_callers_folder_alone_and_never_exits(tmp_path: Path) -> None:
    write(tmp_path, main=f"import os, sys\n{CONSOLE}    sys.exit(3)\n")
    before = Path.cwd()
    with pytest.raises(ServiceError) as error:
        ContextAwareServerRunner(tmp_path).run_server()
    assert error.value.exit_code == 3
    assert Path.cwd() == before


def test_a_run_works_from_another_thread(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    runner = ContextAwareServerRunner(write(tmp_path, main=CONSOLE))
    thread = threading.Thread(target=runner.run_server)
    thread.start()
    thread.join(60)
    assert not thread.is_alive()
    assert "hello from []" in capfd.readouterr().out


@pytest.mark.parametrize("args", [["--port"], ["--port", "0"], ["--port", "x"], ["--host", "a b"]])
def test_wrong_arguments_are_refused_before_anything_starts(
    args: list[str], tmp_path: Path
) -> None:
    write(tmp_path, main=CONSOLE)
    with pytest.raises(ConfigError):
        ContextAwareServerRunner(tmp_path).run_server(args)


def test_rivals_are_refused_with_the_text_that_settles_it(tmp_path: Path) -> None:
    for name in ("billing", "orders"):
        write(tmp_path / name, main=APP)
        (tmp_path / name / "requirements.txt").write_text("fastapi\n")
    detector = ProjectPhaseDetector(tmp_path)
    with pytest.raises(AmbiguousError) as error:
        detector.get_server_command()
    settle = next(c.settle for c in error.value.candidates if c.root == "orders")
    (tmp_path / "devtool.toml").write_text(settle)
    assert detector.get_server_command()[0].startswith("cd orders && ")


@pytest.mark.parametrize("entry", ["gone:app", "main:gone", "gone.py", "gone"])
def test_a_pin_that_leads_nowhere_is_named(entry: str, tmp_path: Path) -> None:
    write(tmp_path, main=APP)
    (tmp_path / "devtool.toml").write_text(f'[services.backend]\nentry = "{entry}"\n')
    with pytest.raises(ConfigError, match=entry) as error:
        ProjectPhaseDetector(tmp_path).get_server_command()
    assert "devtool.toml" in error.value.message


def test_a_project_can_bring_its_own_framework(tmp_path: Path) -> None:
    write(tmp_path, main='from tiny.web import Tiny\n\nsite = Tiny("shop")\n')
    (tmp_path / "devtool.toml").write_text(
        '[[frameworks]]\nslug = "tiny"\nconstructs = ["tiny.web.Tiny"]\nport = 7000\n'
        'command = ["{python}", "-m", "tiny", "{entry}"]\naddress = ["--bind", "{host}:{port}"]\n'
    )
    detector = ProjectPhaseDetector(tmp_path)
    command, about = detector.get_server_command()
    assert command.endswith("-m tiny main:site --bind 127.0.0.1:7000")
    assert command.startswith(sys.base_prefix)
    assert about == "Starting Tiny development server"


def test_a_pin_may_name_its_framework(tmp_path: Path) -> None:
    (tmp_path / "made.py").write_text("import kit\n\napp = kit.make()\n")
    (tmp_path / "devtool.toml").write_text(
        '[services.backend]\nentry = "made:app"\nframework = "flask"\n'
    )
    (component,) = detect_project(tmp_path).components
    assert (component.framework, component.entry) == ("flask", "made:app")
    assert "flask" in component.start.argv


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[services.backend]\nentry = "made:app"\nframework = "flsk"\n', "no framework 'flsk'"),
        ('[[frameworks]]\nslug = "x"\ncommand = ["x"]\nport = -4\n', "port must be 1 to 65535"),
        ('[[frameworks]]\nslug = "x"\ncommand = "x"\n', "command must be a list of texts"),
    ],
)
def test_a_framework_that_cannot_be_is_named(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "made.py").write_text("app = 1\n")
    (tmp_path / "devtool.toml").write_text(text)
    with pytest.raises(ConfigError, match=said):
        detect_project(tmp_path)


def test_the_seed_document_s_scaffolds_work_word_for_word(tmp_path: Path) -> None:
    scaffold = BackendScaffold(
        project_name="todo-api",
        database_url="postgresql://...",
        features=["auth", "crud", "mcp-tools"],
        folder=tmp_path,
    )
    scaffold.generate()
    for path in ("main.py", "app/models/task.py", "app/routers/auth.py", "app/ai/mcp/tools.py"):
        assert (tmp_path / "todo-api/backend" / path).is_file(), path
    assert detect(tmp_path / "todo-api").phase == 3

    app = FastAPIBuilder(title="Todo API", version="1.0.0", features=["auth", "tasks", "chat"])
    names = {"main.py", "routers/", "models/", "schemas/", "services/", "database.py"}
    assert names <= set(app.structure)
    assert "backend/app/routers/chat.py" in app.files
