"""OpenAPI out of a project -> the TypeScript types of its frontend, by the frontend's own generator.

The application is imported by the project's interpreter, its description goes through the
`openapi-typescript` that the frontend has installed, and no network is used. The text depends on the
description alone: keys are sorted, so that the order of imports and routes does not show.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from devtool.errors import ConfigError, ServiceError, ToolchainError
from devtool.inproc import script_path
from devtool.model.launch import LaunchPlan, Service

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

GENERATOR = "openapi-typescript"
TARGET = "src/lib/api.gen.ts"
OPTIONS = ("--alphabetize",)
# What FastAPI imports on a slow machine, and what Node.js needs to start.
SECONDS = 120.0
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


class Client(NamedTuple):
    """The typed client of a frontend: the text it should have, and the one it has.

    Attributes:
        path: The file of the types.
        text: What the application as it is now leads to.
        before: What the file holds, or None where there is none.
        operations: What the application answers, as `METHOD /path`.
    """

    path: Path
    text: str
    before: str | None
    operations: tuple[str, ...]

    @property
    def is_current(self) -> bool:
        """Whether the file says what the application says."""
        return self.text == self.before

    def diff(self) -> str:
        """What writing it would change, as a unified diff."""
        from difflib import unified_diff

        old = (self.before or "").splitlines(keepends=True)
        source = "/dev/null" if self.before is None else str(self.path)
        return "".join(
            unified_diff(old, self.text.splitlines(keepends=True), source, str(self.path))
        )


class Parts(NamedTuple):
    """The two services that a client stands between."""

    backend: Service
    frontend: Service


def parts_of(plan: LaunchPlan) -> Parts:
    """The backend and the frontend of a project.

    Raises:
        ConfigError: If one of them is missing.
    """
    found = {str(service.role): service for service in reversed(plan.services)}
    for role in ("backend", "frontend"):
        if role not in found:
            raise ConfigError(
                f"{plan.root}: there is no {role} here, so there is nothing to generate a client of",
                hint="devtool phase shows what was found",
            )
    return Parts(found["backend"], found["frontend"])


def client(parts: Parts, env: Mapping[str, str], *, target: str = TARGET) -> Client:
    """The client as the application of now asks for it; writes nothing.

    Args:
        parts: The backend and the frontend.
        env: The variables that the backend is started with.
        target: The file of the types, from the frontend's folder.

    Raises:
        ServiceError: If the application cannot be imported.
        ToolchainError: If an environment or the generator is not installed.
    """
    generator = generator_of(parts.frontend)
    document = openapi(parts.backend, env)
    path = Path(parts.frontend.cwd) / target
    return Client(path, types(document, generator, env), read(path), operations(document))


def write(client: Client) -> bool:
    """Make the file say what the application says; whether it had to change."""
    if client.is_current:
        return False
    client.path.parent.mkdir(parents=True, exist_ok=True)
    beside = client.path.with_name(f".{client.path.name}.{os.getpid()}")
    beside.write_text(client.text, encoding="utf-8", newline="\n")
    beside.replace(client.path)
    return True


def generator_of(frontend: Service) -> Path:
    """The generator that a frontend has installed.

    Raises:
        ToolchainError: If it has none.
    """
    folder = Path(frontend.cwd)
    name = f"{GENERATOR}.cmd" if os.name == "nt" else GENERATOR
    for place in (folder, *folder.parents):
        found = place / "node_modules" / ".bin" / name
        if found.exists():
            return found
    declared = GENERATOR in (read(folder / "package.json") or "")
    hint = (
        "devtool run --sync" if declared else f"npm install --save-dev {GENERATOR}, in its folder"
    )
    raise ToolchainError(f"{folder}: {GENERATOR} is not installed", hint=hint)


def openapi(backend: Service, env: Mapping[str, str]) -> dict[str, Any]:
    """What an application says of its routes, asked in its own interpreter.

    Raises:
        ServiceError: If it cannot be imported or has no such description.
        ToolchainError: If its interpreter is missing.
    """
    if backend.runnable:
        raise ToolchainError(backend.runnable, hint=backend.fix)
    factory = ("--factory",) if "--factory" in backend.argv else ()
    argv = (backend.argv[0], script_path("devtool_openapi"), *factory, backend.entry)
    done = _run(argv, cwd=backend.cwd, env=env)
    try:
        answer = json.loads(done.stdout)
    except ValueError:
        answer = {"error": f"its process ended with {done.returncode}", "where": ""}
    if "openapi" in answer:
        return dict(answer["openapi"])
    where = f" ({answer['where']})" if answer["where"] else ""
    raise ServiceError(
        f"{backend.entry} could not be imported: {answer['error']}{where}",
        exit_code=5,
        hint="devtool run shows the whole traceback",
    )


def types(document: Mapping[str, Any], generator: Path, env: Mapping[str, str]) -> str:
    """The TypeScript types of an OpenAPI description.

    Raises:
        ServiceError: If the generator refuses it.
    """
    with tempfile.TemporaryDirectory(prefix="devtool-client-") as folder:
        source, target = Path(folder, "openapi.json"), Path(folder, "api.ts")
        source.write_text(json.dumps(document, sort_keys=True), encoding="utf-8")
        argv = (str(generator), str(source), "--output", str(target), *OPTIONS)
        done = _run(argv, cwd=folder, env=env)
        if done.returncode or not target.exists():
            said = done.stderr.decode("utf-8", "replace").strip().splitlines()
            raise ServiceError(
                f"{GENERATOR} refused the description: {said[-1] if said else done.returncode}",
                exit_code=5,
            )
        return target.read_text(encoding="utf-8")


def operations(document: Mapping[str, Any]) -> tuple[str, ...]:
    """What an application answers, as `METHOD /path`, in the order of paths."""
    return tuple(
        f"{method.upper()} {path}"
        for path, item in sorted(document.get("paths", {}).items())
        for method in METHODS
        if method in item
    )


def _run(
    argv: Sequence[str], *, cwd: str, env: Mapping[str, str]
) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            tuple(argv),
            cwd=cwd,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
    except FileNotFoundError as error:
        raise ToolchainError(f"{argv[0]} is not there", hint="devtool run --sync") from error
    except subprocess.TimeoutExpired as error:
        name = Path(argv[0]).name
        raise ServiceError(f"{name} did not answer within {SECONDS:.0f} s", exit_code=5) from error


def read(path: Path) -> str | None:
    """The text of a file, or None where there is none."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
