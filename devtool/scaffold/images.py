"""The container image of an application that devtool did not write: from its own list of requirements.

The image holds what the list asks for and the source, runs as a user without rights, and starts the
server that was detected.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import PurePosixPath
from typing import NamedTuple

PYTHONS = ((3, 13), (3, 12), (3, 11), (3, 10))
# Only what it names, so that this layer stays while code changes.
NAMED = (
    "python -c \"import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))"
    "['project']['dependencies'], sep='\\n')\" > requirements.txt"
)
EXPORT = {
    "requirements.txt": ("requirements.txt", ""),
    "poetry.lock": (
        "pyproject.toml poetry.lock",
        "pip install poetry poetry-plugin-export && poetry export --without-hashes -o requirements.txt",
    ),
    "uv.lock": (
        "pyproject.toml uv.lock",
        "pip install uv && uv export -q --no-dev --no-emit-project --no-hashes -o requirements.txt",
    ),
    "Pipfile.lock": (
        "Pipfile Pipfile.lock",
        "pip install pipenv && pipenv requirements > requirements.txt",
    ),
    "pyproject.toml": ("pyproject.toml", NAMED),
}


class Image(NamedTuple):
    """What an image is made of.

    Attributes:
        context: The folder that is sent to the builder, from the project's root.
        source: The folder that the application is started from, from the context.
        listing: Which file lists the requirements: a key of `EXPORT`.
        python: The version of Python.
        command: What it starts.
        port: Where it listens.
    """

    context: str
    source: str
    listing: str
    python: tuple[int, int]
    command: tuple[str, ...]
    port: int


def dockerfile(image: Image) -> str:
    """The text of the Dockerfile. Pure."""
    files, export = EXPORT[image.listing]
    base = f"python:{image.python[0]}.{image.python[1]}-slim-bookworm"
    return DOCKERFILE.format(
        base=base,
        files=files,
        export=f"RUN {export}\n" if export else "",
        workdir=str(PurePosixPath("/srv") / image.source),
        port=image.port,
        command=json.dumps(list(image.command)),
    )


def listing(files: Collection[str], *, has_project: bool) -> str:
    """Which file tells what to install: a lock before a list, or an empty string. Pure."""
    for name in ("uv.lock", "poetry.lock", "Pipfile.lock", "requirements.txt"):
        if name in files:
            return name
    return "pyproject.toml" if has_project else ""


DOCKERFILE = """\
FROM {base} AS build

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/venv
WORKDIR /build
COPY {files} ./
{export}RUN /opt/venv/bin/pip install -r requirements.txt


FROM {base}

RUN useradd --system --uid 10001 --home-dir /srv app
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
COPY --from=build /opt/venv /opt/venv
WORKDIR {workdir}
COPY . /srv
USER 10001
EXPOSE {port}
# One process a container: how many there are is for whoever runs containers to say.
CMD {command}
"""
IGNORED = """\
.git
.devtool
.venv
venv
**/__pycache__
**/node_modules
**/.env
**/*.db
**/*.sqlite3
"""
