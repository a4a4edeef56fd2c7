"""Kubernetes manifests and a Helm chart for an application that devtool did not write: phase III to IV.

The manifests are those of devtool's own backends, with the application's port, probe and migration in
them. Nothing of the application's own is edited.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from devtool.errors import ConfigError
from devtool.model.detection import Component
from devtool.scaffold import catalog, images, requirements, workspace
from devtool.scaffold.health import Health, health_of
from devtool.scaffold.images import Image
from devtool.scaffold.spec import ProjectSpec
from devtool.scaffold.versions import allows

FROM = catalog.FOLDER / "kubernetes/files/deploy"
OWN = catalog.FOLDER / "foreign-deploy/files"
PORT = 8000
PROBE = re.compile(r"( +)httpGet:.*?(?=\1periodSeconds:)", re.DOTALL)
# What devtool's own settings read, and other applications do not.
SETTINGS = re.compile(
    r"^ *(#.*\n *)?(ENVIRONMENT|TRUSTED_HOSTS|CORS_ORIGINS|DATABASE_POOL_SIZE):.*\n", re.MULTILINE
)


class Deployment(NamedTuple):
    """What there is to deploy.

    Attributes:
        image: What the image is made of.
        dockerfile: Where its Dockerfile is, from the project's root.
        is_own: Whether the project brought that Dockerfile.
        health: How to ask whether it answers.
        migrates: Whether it has migrations of Alembic.
    """

    image: Image
    dockerfile: str
    is_own: bool
    health: Health
    migrates: bool


def deployment_of(
    root: Path, component: Component, module: str, attribute: str, *, ours: Collection[str] = ()
) -> Deployment:
    """What there is to deploy of a project.

    Args:
        root: The project's folder.
        component: Its backend, as detected.
        module: The file that makes the application, from the root.
        attribute: What the application is called there.
        ours: Files that devtool has written there before.

    Raises:
        ConfigError: If nothing lists what the application requires.
    """
    folder = component.root if component.root != "." else ""
    context, listing = _context(root, folder)
    place, text = _dockerfile(root, requirements.places(folder))
    if place in ours:
        place, text = "", ""
    port = _port(text) or component.start.port or PORT
    if not listing and not text:
        raise ConfigError(
            f"nothing in {folder or '.'} lists what the application requires",
            hint="write requirements.txt, or a Dockerfile, then evolve",
        )
    source = str(PurePosixPath(folder).relative_to(context)) if folder else ""
    image = Image(
        context,
        source.removeprefix("."),
        listing,
        _python(root, folder),
        _command(component, port),
        port,
    )
    dockerfile = place or str(PurePosixPath(context) / "Dockerfile")
    health = health_of(workspace.read_text(root, module) or "", attribute)
    migrates = (root / folder / "alembic.ini").is_file()
    return Deployment(image, dockerfile, bool(text), health, migrates)


def files(root: Path, spec: ProjectSpec, deployment: Deployment) -> dict[str, str]:
    """The manifests, the chart, and the image where the project has none, by their paths."""
    found = {path: _adapted(path, text, deployment) for path, text in _templates(deployment)}
    found["deploy/README.md"] = _readme(deployment)
    texts = {path: _named(text, spec) for path, text in found.items()}
    if not deployment.is_own:
        texts[deployment.dockerfile] = images.dockerfile(deployment.image)
        ignored = str(PurePosixPath(deployment.image.context) / ".dockerignore")
        if not (root / ignored).exists():
            texts[ignored] = images.IGNORED
    return texts


def notes(deployment: Deployment) -> Iterator[str]:
    """What was found out, and what is to be looked at."""
    image = deployment.image
    if deployment.is_own:
        yield (
            f"the image is that of {deployment.dockerfile}, which listens on {image.port}: it has to run as"
            " user 10001 and write to /tmp only"
        )
    else:
        yield f"the image listens on {image.port} and starts: {shlex.join(image.command)}"
    yield deployment.health.why
    if not deployment.migrates:
        yield "there is no alembic.ini beside the application: nothing migrates before new pods start"


def _context(root: Path, folder: str) -> tuple[str, str]:
    """The folder of the list of requirements nearest to the application, and which file it is."""
    for place in requirements.places(folder):
        names = [path.name for path in (root / place).iterdir() if path.is_file()]
        has_project = any(
            path.endswith("pyproject.toml") and requirements.has_project(text)
            for path, text in requirements.lists(root, (place,))
        )
        listing = images.listing(names, has_project=has_project)
        if listing:
            return place, listing
    return folder, ""


def _dockerfile(root: Path, folders: Iterable[str]) -> tuple[str, str]:
    for folder in folders:
        path = f"{folder}/Dockerfile" if folder else "Dockerfile"
        text = workspace.read_text(root, path)
        if text:
            return path, text
    return "", ""


def _port(dockerfile: str) -> int:
    """The port that a Dockerfile names, or 0."""
    found = re.search(r"^EXPOSE\s+(\d+)|--port[\s\"',=]+(\d+)", dockerfile, re.MULTILINE)
    return int(found[1] or found[2]) if found else 0


def _python(root: Path, folder: str) -> tuple[int, int]:
    """The newest Python that the project allows."""
    specs = [
        item.spec
        for item in requirements.demands_of(root, requirements.places(folder))
        if item.name == "python"
    ]
    fitting = (v for v in images.PYTHONS if all(allows(spec, v) for spec in specs))
    return next(fitting, images.PYTHONS[0])


def _command(component: Component, port: int) -> tuple[str, ...]:
    values = {"python": "python", "entry": component.entry, "host": "0.0.0.0", "port": str(port)}  # noqa: S104
    words = (*component.start.argv, *component.start.address)
    return tuple(re.sub(r"\{(\w+)\}", lambda m: values.get(m[1], m[0]), word) for word in words)


def _templates(deployment: Deployment) -> Iterator[tuple[str, str]]:
    for part in ("kubernetes", "chart"):
        for file in sorted((FROM / part).rglob("*")):
            path = f"deploy/{file.relative_to(FROM).as_posix()}".replace("/dot_", "/.")
            left_out = path.endswith("/hosts.yaml") or (
                path.endswith("migration.yaml") and not deployment.migrates
            )
            if file.is_file() and not left_out:
                yield path, file.read_text("utf-8")


def _adapted(path: str, text: str, deployment: Deployment) -> str:
    port = str(deployment.image.port)
    text = text.replace("containerPort: 8000", f"containerPort: {port}")
    text = text.replace("          port: 8000\n", f"          port: {port}\n")
    text = PROBE.sub(lambda found: found[1] + deployment.health.probe + "\n", text)
    text = SETTINGS.sub("", text).replace("  - path: hosts.yaml\n", "")
    text = text.replace(
        "with DATABASE_URL and the other secrets of backend/.env", "with what is secret"
    )
    if path.endswith("kustomization.yaml") and not deployment.migrates:
        text = text.replace("  - migration.yaml\n", "")
    return text


def _readme(deployment: Deployment) -> str:
    image = deployment.image
    delete = "kubectl --namespace __LABEL__ delete job __LABEL__-migrate --ignore-not-found\n"
    return (
        (OWN / "README.md")
        .read_text("utf-8")
        .replace("__COMMAND__", shlex.join(image.command))
        .replace("__ASKED__", deployment.health.path or f"a connection to port {image.port}")
        .replace("__DOCKERFILE__", deployment.dockerfile)
        .replace("__CONTEXT__", image.context or ".")
        .replace("__PORT__", str(image.port))
        .replace("__DELETE_JOB__", delete if deployment.migrates else "")
    )


def _named(text: str, spec: ProjectSpec) -> str:
    return (
        text.replace("__PROJECT__", spec.name)
        .replace("__LABEL__", spec.label)
        .replace("__TITLE__", spec.title)
        .replace("__VERSION__", spec.version)
    )
