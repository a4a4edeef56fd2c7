"""ProjectSpec -> the text of every file. Pure but for reading the features' own files."""

from __future__ import annotations

from pathlib import Path

from devtool.errors import DevtoolError
from devtool.scaffold import compose
from devtool.scaffold.catalog import Feature
from devtool.scaffold.spec import ProjectSpec

# A name that would act on our own repository is stored with this before it.
DOT = "dot_"
NOISE = {"__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache"}


def render(spec: ProjectSpec, features: tuple[Feature, ...]) -> dict[str, str]:
    """The text of every file of a project, by its path with slashes, sorted.

    Raises:
        DevtoolError: If two features bring the same file.
    """
    files: dict[str, str] = {}
    for feature in features:
        for path, text in _files_of(feature).items():
            if path in files:
                raise DevtoolError(
                    f"two features bring the file {path}", hint="one has to leave it to the other"
                )
            files[path] = substitute(text, spec)
    if "pyproject.toml" in files:
        files["pyproject.toml"] = compose.pyproject(
            files["pyproject.toml"],
            [item for feature in features for item in feature.dependencies],
            [item for feature in features for item in feature.development],
        )
    if any(feature.env for feature in features):
        files[".env.example"] = compose.env_example(feature.env for feature in features)
    return dict(sorted(files.items()))


def substitute(text: str, spec: ProjectSpec) -> str:
    """A text in which the tokens of a feature's files are the project's names."""
    return (
        text.replace("__PROJECT__", spec.name)
        .replace("__TITLE__", spec.title)
        .replace("__VERSION__", spec.version)
    )


def _files_of(feature: Feature) -> dict[str, str]:
    return {
        _target(path.relative_to(feature.folder)): path.read_text(encoding="utf-8")
        for path in feature.folder.rglob("*")
        if path.is_file() and not NOISE & set(path.parts)
    }


def _target(path: Path) -> str:
    return "/".join(
        f".{part.removeprefix(DOT)}" if part.startswith(DOT) else part for part in path.parts
    )
