"""The plan: complete, printable and without effect."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from devtool.config import load
from devtool.detection import detect
from devtool.detection.frameworks import FRAMEWORKS
from devtool.errors import AmbiguousError, ConfigError, UndetectedError
from devtool.launch import base_python, plan, shell_command
from devtool.model.detection import Component, Detection, Evidence, Phase, Role, Start, Toolchain
from devtool.model.launch import LaunchPlan, ProbeKind, ReloadMode, Service

START = {framework.slug: framework.start for framework in FRAMEWORKS}
READY = Toolchain(manager="pip", root="backend", interpreter="/env/bin/python", ready=True)
# `except` is a word of Python, so it cannot be written as an argument.
EXCEPT_FRONTEND: dict[str, Any] = {"except": ("frontend",)}
EXCEPT_BACKEND: dict[str, Any] = {"except": ("backend",)}
FACT = (Evidence("app creates FastAPI()", "backend/main.py", 3),)


def component(role: Role, framework: str, entry: str, **changes: Any) -> Component:
    start = START[framework]._replace(cwd=str(changes.pop("root", "backend")))
    made = Component(
        role=role, framework=framework, root=start.cwd, entry=entry, start=start, evidence=FACT
    )
    return made._replace(toolchain=READY)._replace(**changes)


BACKEND = component(Role.BACKEND, "fastapi", "main:app")
FRONTEND = component(
    Role.FRONTEND,
    "vite",
    "dev",
    root="web",
    toolchain=Toolchain(manager="npm", root="web", ready=True),
)
CONSOLE = Component(
    role=Role.CONSOLE,
    framework="python",
    root="",
    entry="main.py",
    start=Start(argv=("{python}", "{entry}"), http=False, tty=True),
    toolchain=Toolchain(manager="none"),
    evidence=FACT,
)


def detected(root: Path, *components: Component, **changes: Any) -> Detection:
    found = Detection(
        root=str(root), phase=Phase.WEB, description="Web", components=tuple(components)
    )
    return found._replace(**changes)


def planned(
    root: Path,
    *components: Component,
    extra: tuple[str, ...] = (),
    taken: tuple[int, ...] = (),
    **cli: Any,
) -> LaunchPlan:
    settings = load(root, cli=cli, env={})
    return plan(
        detected(root, *components),
        settings,
        extra=extra,
        port_free=lambda _, port: port not in taken,
    )


def only(made: LaunchPlan) -> Service:
    assert len(made.services) == 1
    return made.services[0]


def test_a_backend_is_complete(tmp_path: Path) -> None:
    root = tmp_path / "my shop's"
    (root / "backend").mkdir(parents=True)
    service = only(planned(root, BACKEND, port="8080", host="localhost"))
    assert service.argv == (
        *("/env/bin/python", "-m", "uvicorn", "main:app"),
        *("--host", "localhost", "--port", "8080"),
    )
    assert service.cwd == str(root / "backend")
    assert service.url == "http://localhost:8080"
    assert service.probe.kind is ProbeKind.HTTP
    assert dict(service.env) == {"PORT": "8080", "HOST": "localhost"}
    assert service.why == ("backend/main.py:3 app creates FastAPI()",)


@pytest.mark.skipif(sys.platform == "win32", reason="sockets cannot be handed on there")
def test_a_server_that_devtool_knows_is_reloaded_by_devtool(tmp_path: Path) -> None:
    service = only(
        planned(tmp_path, BACKEND, extra=("--log-level", "info"), serial=True, banner=True)
    )
    assert (service.reload, service.warm, service.serial) == (ReloadMode.WARM, "uvicorn", True)
    assert service.banner
    assert "--reload" not in service.argv
    globs: Any = {"reload_include": ["*.sql"], "reload_exclude": ["gen/"]}
    chosen = only(planned(tmp_path, BACKEND, **globs))
    assert (chosen.reload_include, chosen.reload_exclude) == (("*.sql",), ("gen/",))


@pytest.mark.parametrize("option", ["--workers=4", "--reload", "--fd"])
def test_a_server_that_is_left_its_processes_reloads_itself(tmp_path: Path, option: str) -> None:
    service = only(planned(tmp_path, BACKEND, extra=(option,)))
    assert (service.reload, service.warm) == (ReloadMode.FRAMEWORK, "")


def test_a_server_that_devtool_does_not_know_is_restarted(tmp_path: Path) -> None:
    aiohttp = component(Role.BACKEND, "aiohttp", "main.py")
    assert only(planned(tmp_path, aiohttp)).reload is ReloadMode.COLD
    text = '[services.api]\ncommand = ["./serve"]\nport = 8123\n'
    for more, mode in (("", ReloadMode.OFF), ("reload = true\n", ReloadMode.COLD)):
        (tmp_path / "devtool.toml").write_text(text + more)
        assert only(planned(tmp_path)).reload is mode


def test_a_django_with_a_server_of_its_own_is_restarted(tmp_path: Path) -> None:
    manage = 'import os\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "site1.settings")\n'
    (tmp_path / "manage.py").write_text(manage)
    (tmp_path / "site1").mkdir()
    settings = tmp_path / "site1" / "settings.py"
    found = []
    for apps in ('["daphne", "site1"]', '["site1"]  # "daphne"'):
        settings.write_text(f"INSTALLED_APPS = {apps}\n")
        parts = detect(tmp_path).components
        found.append(only(planned(tmp_path, *parts)))
    ours, djangos = found
    assert (ours.reload, ours.warm) == (ReloadMode.COLD, "")
    assert ours.argv[1:] == ("manage.py", "runserver", "--noreload", f"127.0.0.1:{ours.port}")
    assert (djangos.reload, djangos.warm) == (ReloadMode.WARM, "django")


def test_reloading_can_be_left(tmp_path: Path) -> None:
    quiet = only(planned(tmp_path, BACKEND, reload=False))
    assert quiet.reload is ReloadMode.OFF
    assert "--reload" not in quiet.argv
    django = component(Role.BACKEND, "django", "manage.py")
    assert "--noreload" in only(planned(tmp_path, django, reload=False)).argv
    assert only(planned(tmp_path, django)).reload is ReloadMode.WARM


def test_a_console_gets_no_port_and_says_so(tmp_path: Path) -> None:
    made = planned(tmp_path, CONSOLE, port="8080")
    service = only(made)
    assert service.argv[1:] == ("main.py",)
    assert service.tty
    assert service.port is None
    assert service.probe.kind is ProbeKind.NONE
    assert any("--port" in note.text for note in made.notes)


def test_auto_finds_a_free_port_and_says_which(tmp_path: Path) -> None:
    made = planned(tmp_path, BACKEND, port="auto", taken=(8000, 8001))
    assert only(made).port == 8002
    assert any("8002" in note.text and "8000" in note.text for note in made.notes)


def test_a_frontend_makes_way_and_is_told_where_the_backend_is(tmp_path: Path) -> None:
    start = FRONTEND.start._replace(env=(("VITE_API_URL", "{backend_url}"),))
    made = planned(tmp_path, BACKEND, FRONTEND._replace(start=start), taken=(5173,))
    backend, frontend = made.services
    assert (backend.port, frontend.port) == (8000, 5174)
    assert dict(frontend.env)["VITE_API_URL"] == "http://127.0.0.1:8000"
    assert frontend.argv == ("npm", "run", "dev", "--", "--host", "127.0.0.1", "--port", "5174")


def test_only_npm_takes_two_dashes(tmp_path: Path) -> None:
    pnpm = FRONTEND._replace(toolchain=Toolchain(manager="pnpm", ready=True))
    assert only(planned(tmp_path, pnpm)).argv[:4] == ("pnpm", "run", "dev", "--host")


def test_the_port_is_the_frontends_where_it_is_alone(tmp_path: Path) -> None:
    assert only(planned(tmp_path, FRONTEND, port="3001")).port == 3001


def test_services_are_chosen_by_name(tmp_path: Path) -> None:
    names = [s.name for s in planned(tmp_path, BACKEND, FRONTEND, only=("frontend",)).services]
    assert names == ["frontend"]
    names = [s.name for s in planned(tmp_path, BACKEND, FRONTEND, **EXCEPT_FRONTEND).services]
    assert names == ["backend"]
    with pytest.raises(ConfigError, match="'frontent'") as error:
        planned(tmp_path, BACKEND, FRONTEND, only=("frontent",))
    assert "backend, frontend" in error.value.hint
    with pytest.raises(ConfigError, match="no service is left"):
        planned(tmp_path, BACKEND, **EXCEPT_BACKEND)


def test_what_is_optional_starts_on_request(tmp_path: Path) -> None:
    worker = component(Role.WORKER, "celery", "tasks:app", optional=True)
    assert [s.name for s in planned(tmp_path, BACKEND, worker).services] == ["backend"]
    asked = planned(tmp_path, BACKEND, worker, only=("backend", "worker"))
    assert [s.name for s in asked.services] == ["backend", "worker"]


def test_two_of_a_role_have_names_of_their_own(tmp_path: Path) -> None:
    second = component(Role.BACKEND, "flask", "admin:app", root="admin")
    made = planned(tmp_path, BACKEND, second)
    assert [(s.name, s.port) for s in made.services] == [("backend", 8000), ("backend-flask", 5000)]


def test_further_words_are_the_main_services(tmp_path: Path) -> None:
    made = planned(tmp_path, BACKEND, FRONTEND, extra=("--log-level", "debug"))
    assert made.services[0].argv[-2:] == ("--log-level", "debug")
    assert "debug" not in made.services[1].argv


def test_a_factory_is_said_to_the_server(tmp_path: Path) -> None:
    start = BACKEND.start._replace(argv=(*BACKEND.start.argv, "--factory"))
    assert "--factory" in only(planned(tmp_path, BACKEND._replace(start=start))).argv


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("::1", "http://[::1]:8000"),
        ("0.0.0.0", "http://127.0.0.1:8000"),
        ("::", "http://[::1]:8000"),
    ],
)
def test_urls_can_be_opened(host: str, url: str, tmp_path: Path) -> None:
    service = only(planned(tmp_path, BACKEND, host=host))
    assert service.url == url
    assert service.host == host


def test_without_an_environment_the_planned_one_is_named(tmp_path: Path) -> None:
    bare = BACKEND._replace(toolchain=Toolchain(manager="uv", root="backend"))
    service = only(planned(tmp_path, bare))
    assert service.argv[0] == str(tmp_path / "backend" / ".venv" / "bin" / "python")
    assert "backend has no environment yet" in service.runnable
    assert service.fix == "devtool run --sync"


def test_variables_beside_the_service_are_given_to_it(tmp_path: Path) -> None:
    (tmp_path / "backend").mkdir()
    (tmp_path / ".env").write_text("A=1\n")
    assert only(planned(tmp_path, BACKEND)).env_files == (str(tmp_path / ".env"),)
    (tmp_path / "backend" / ".env").write_text("A=2\n")
    assert only(planned(tmp_path, BACKEND)).env_files == (str(tmp_path / "backend" / ".env"),)


def test_services_can_be_declared_outright(tmp_path: Path) -> None:
    (tmp_path / "devtool.toml").write_text(
        """
        [services.migrate]
        command = ["python", "migrate.py"]
        one_shot = true

        [services.api]
        command = ["./serve"]
        role = "backend"
        port = 9000
        needs = ["migrate"]
        ready = {http = "/health", timeout = 3}
        """
    )
    refused = detected(tmp_path, refusal="undetected")
    made = plan(refused, load(tmp_path, env={}), port_free=lambda *_: True)
    migrate, api = made.services
    assert (migrate.argv, migrate.one_shot, migrate.port) == (("python", "migrate.py"), True, None)
    assert (api.port, api.needs) == (9000, ("migrate",))
    assert (api.probe.target, api.probe.timeout) == ("http://127.0.0.1:9000/health", 3.0)


def test_a_declared_command_may_name_what_is_decided_elsewhere(tmp_path: Path) -> None:
    python = tmp_path / "api" / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.touch()
    (tmp_path / "devtool.toml").write_text(
        """
        [services.api]
        command = ["{python}", "-m", "shop", "--bind={host}:{port}", "--json", "{}", "{other}"]
        cwd = "api"
        port = 8123
        role = "backend"
        [services.worker]
        command = ["{python}", "work.py"]
        env = { API = "{backend_url}/api" }
        """
    )
    made = plan(detected(tmp_path), load(tmp_path), port_free=lambda *_: True)
    api, worker = made.services
    words = ("-m", "shop", "--bind=127.0.0.1:8123", "--json", "{}", "{other}")
    assert api.argv == (str(python), *words)
    assert worker.argv == (base_python(), "work.py")
    assert dict(worker.env)["API"] == "http://127.0.0.1:8123/api"


def test_a_declared_service_replaces_the_detected_one(tmp_path: Path) -> None:
    (tmp_path / "devtool.toml").write_text(
        '[services.backend]\ncommand = ["./serve"]\nport = 1234\n'
    )
    service = only(planned(tmp_path, BACKEND))
    assert (service.argv, service.port, service.role) == (("./serve",), 1234, Role.BACKEND)


def test_settings_change_a_detected_service(tmp_path: Path) -> None:
    (tmp_path / "devtool.toml").write_text(
        '[services.backend]\nport = 9001\nreload = false\nenv = {A = "1"}\nrestart = "always"\n'
    )
    service = only(planned(tmp_path, BACKEND))
    assert (service.port, service.reload, service.restart) == (9001, ReloadMode.OFF, "always")
    assert dict(service.env)["A"] == "1"
    assert only(planned(tmp_path, BACKEND, port="9100")).port == 9100


def test_settings_of_a_service_that_is_not_there_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "devtool.toml").write_text("[services.backnd]\nport = 9001\n")
    with pytest.raises(ConfigError, match=r"services\.backnd"):
        planned(tmp_path, BACKEND)


@pytest.mark.parametrize(
    ("refusal", "error", "code"),
    [
        ("undetected", UndetectedError, 3),
        ("ambiguous", AmbiguousError, 4),
        ("invalid", ConfigError, 2),
    ],
)
def test_a_refusal_is_an_error_of_its_kind(
    refusal: str, error: type[ConfigError], code: int, tmp_path: Path
) -> None:
    found = detected(tmp_path, refusal=refusal, refusal_reason="because", refusal_hint="do this")
    with pytest.raises(error, match="because") as raised:
        plan(found, load(tmp_path, env={}))
    assert (raised.value.exit_code, raised.value.hint) == (code, "do this")


def test_the_shell_command_works_from_the_root(tmp_path: Path) -> None:
    root = tmp_path / 'it\'s a "shop"'
    (root / "back end").mkdir(parents=True)
    (root / "back end" / "main.py").write_text("import sys; print(sys.argv[1:])")
    console = CONSOLE._replace(start=CONSOLE.start._replace(cwd="back end"))
    service = only(planned(root, console, extra=("a b", "$HOME")))
    command = shell_command(service, root)
    done = subprocess.run(
        ["/bin/sh", "-c", command], cwd=root, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "['a b', '$HOME']"
    assert sys.base_prefix in service.argv[0]


def test_the_pin_is_the_text_that_settles_it(tmp_path: Path) -> None:
    made = planned(tmp_path, BACKEND, FRONTEND)
    assert made.pin == '[services.backend]\nentry = "main:app"\ncwd = "backend"'


def test_a_program_that_chooses_its_port_keeps_it(tmp_path: Path) -> None:
    script = component(Role.BACKEND, "aiohttp", "server.py")
    made = planned(tmp_path, script, port="9000")
    assert only(made).port == 8080
    assert any("--port has no effect" in note.text for note in made.notes)
    moves = script._replace(start=script.start._replace(env=(("PORT", "{port}"),)))
    assert only(planned(tmp_path, moves, port="9000")).port == 9000


def worktree(main: Path, name: str) -> Path:
    """A linked working tree, as git lays it out."""
    inside = main / ".git" / "worktrees" / name
    inside.mkdir(parents=True)
    root = main.parent / name
    root.mkdir()
    (root / ".git").write_text(f"gitdir: {inside}\n")
    return root


def test_each_git_worktree_has_ports_of_its_own(tmp_path: Path) -> None:
    main = tmp_path / "shop"
    main.mkdir()
    roots = [worktree(main, name) for name in ("fix-login", "new-cart")]
    assert [s.port for s in planned(main, BACKEND, FRONTEND).services] == [8000, 5173]
    first, second = (planned(root, BACKEND, FRONTEND) for root in roots)
    ports = [service.port for made in (first, second) for service in made.services]
    assert len({8000, 5173, *ports}) == 6
    assert planned(roots[0], BACKEND, FRONTEND) == first, "the same ports at every run"
    assert dict(first.services[1].env)["PORT"] == str(first.services[1].port)
    assert any("worktree" in note.text for note in first.notes)
    assert only(planned(roots[0], BACKEND, port="8000")).port == 8000


def test_a_port_of_the_shared_file_moves_with_the_worktree(tmp_path: Path) -> None:
    main = tmp_path / "shop"
    main.mkdir()
    root = worktree(main, "fix-login")
    for folder in (main, root):
        (folder / "devtool.toml").write_text("port = 9000\n")
    assert only(planned(main, BACKEND)).port == 9000
    assert only(planned(root, BACKEND)).port != 9000
    assert only(planned(root, BACKEND, port="9000")).port == 9000


@pytest.mark.parametrize("text", ["", "gitdir: ", "gitdir: /x/.git/modules/sub", "\xff", "gitdir"])
def test_other_git_files_are_no_worktree(text: str, tmp_path: Path) -> None:
    (tmp_path / ".git").write_text(text, encoding="latin-1")
    assert only(planned(tmp_path, BACKEND)).port == 8000


def test_a_backend_is_told_of_a_frontend_that_moved(tmp_path: Path) -> None:
    env = (("CORS_ORIGINS", '["http://localhost:3000", "{frontend_url}"]'),)
    backend = BACKEND._replace(start=BACKEND.start._replace(env=env))
    usual = planned(tmp_path, backend, FRONTEND).services[0]
    assert "CORS_ORIGINS" not in dict(usual.env)
    moved = planned(tmp_path, backend, FRONTEND, taken=(5173,)).services[0]
    expected = '["http://localhost:3000", "http://127.0.0.1:5174"]'
    assert dict(moved.env)["CORS_ORIGINS"] == expected


@pytest.mark.parametrize(
    ("needs", "said"),
    [
        ("needs = ['one']", "one needs one"),
        ("needs = ['two']", "one needs two needs one"),
        ("needs = ['tow']", "no service is called 'tow'"),
    ],
)
def test_needs_that_can_never_be_met_are_refused(tmp_path: Path, needs: str, said: str) -> None:
    (tmp_path / "devtool.toml").write_text(
        f"""
        [services.one]
        command = ["true"]
        {needs}
        [services.two]
        command = ["true"]
        needs = ["one"]
        """
    )
    refused = detected(tmp_path, refusal="undetected")
    with pytest.raises(ConfigError) as caught:
        plan(refused, load(tmp_path, env={}), port_free=lambda *_: True)
    assert said in caught.value.message
    assert "devtool.toml: [services.one] needs" in caught.value.message


def test_what_is_needed_may_be_left_out(tmp_path: Path) -> None:
    (tmp_path / "devtool.toml").write_text(
        """
        only = ["web"]
        [services.migrate]
        command = ["true"]
        [services.web]
        command = ["true"]
        needs = ["migrate"]
        """
    )
    refused = detected(tmp_path, refusal="undetected")
    made = plan(refused, load(tmp_path, env={}), port_free=lambda *_: True)
    assert [service.name for service in made.services] == ["web"]


def test_two_services_on_one_port_are_refused(tmp_path: Path) -> None:
    (tmp_path / "devtool.toml").write_text(
        """
        [services.one]
        command = ["true"]
        port = 9000
        [services.two]
        command = ["true"]
        port = 9000
        """
    )
    refused = detected(tmp_path, refusal="undetected")
    with pytest.raises(ConfigError, match="one and two both want port 9000"):
        plan(refused, load(tmp_path, env={}), port_free=lambda *_: True)


def test_a_broken_environment_is_not_said_to_be_missing(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text("from fastapi import FastAPI\n\napp = FastAPI()\n")
    (tmp_path / "requirements.txt").write_text("fastapi\n")
    (made,) = plan(detect(tmp_path), load(tmp_path, env={})).services
    assert made.runnable.endswith(f"has no environment yet: {tmp_path / '.venv'} does not exist")
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "python").symlink_to(tmp_path / "gone")
    (made,) = plan(detect(tmp_path), load(tmp_path, env={})).services
    assert made.runnable.endswith(f"has no Python that starts: {tmp_path / '.venv'}")
    assert made.fix == "devtool run --sync"
