"""Each feature alone, every two together, and all of them: what is written is clean Python."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

from devtool.errors import ConfigError
from devtool.scaffold.catalog import load
from devtool.scaffold.render import render
from devtool.scaffold.selection import choose
from devtool.scaffold.spec import ProjectSpec

LAST = 5
FIRST_WITH_BACKEND = 2


def choices() -> Iterator[tuple[str, ...]]:
    """None, each, every two and all of the features, one answer to each choice."""
    known = load()
    slugs = [f.slug for f in known.values() if f.phase >= FIRST_WITH_BACKEND and not f.always]
    yield ()
    yield from ((slug,) for slug in slugs)
    yield from combinations(slugs, 2)
    taken: dict[str, str] = {}
    for slug in slugs:
        taken.setdefault(known[slug].group or slug, slug)
    yield tuple(taken.values())


def rendered() -> Iterator[tuple[tuple[str, ...], dict[str, str]]]:
    """The files of a project for each choice that can be."""
    known = load()
    for names in choices():
        phase = max([FIRST_WITH_BACKEND, *(known[name].phase for name in names)])
        spec = ProjectSpec(name="shop", phase=phase)
        try:
            chosen = choose(phase, names, known)
        except ConfigError:  # they exclude each other
            continue
        yield names, render(spec, chosen)


def test_all_that_is_written_is_clean(tmp_path: Path) -> None:
    """One run of ruff over every text there is, each once."""
    seen: dict[tuple[str, str], tuple[str, ...]] = {}
    pyproject = ""
    for names, files in rendered():
        for path, text in files.items():
            seen.setdefault((path, text), names)
        pyproject = files["backend/pyproject.toml"]
    places: dict[str, tuple[str, ...]] = {}
    for number, ((path, text), names) in enumerate(seen.items()):
        if path.endswith(".toml"):
            tomllib.loads(text)
        elif path.endswith(".json"):
            json.loads(text)
        elif path.startswith("backend/") and path.endswith(".py"):
            ast.parse(text)
            # One folder for each text of a path, in which it lies where it would.
            place = tmp_path / f"v{number}" / path.removeprefix("backend/")
            place.parent.mkdir(parents=True)
            place.write_text(text, encoding="utf-8")
            places[f"v{number}"] = names
        assert "__PROJECT__" not in text, path
        assert "__LABEL__" not in text, path
        assert "__REVISION__" not in text, path
    assert len(places) > 100
    everywhere = pyproject.replace('"tests/**"', '"**/tests/**"')
    (tmp_path / "pyproject.toml").write_text(everywhere, encoding="utf-8")
    ours = "lint.isort.known-first-party=['app', 'tests']"
    for check in (("format", "--diff"), ("check", "--config", ours, "--output-format", "concise")):
        ended = subprocess.run(
            (sys.executable, "-m", "ruff", *check, "--no-cache", "."),
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        lines = ended.stdout.splitlines()
        about = [f"{line} (of {places.get(line.partition('/')[0])})" for line in lines[:40]]
        assert ended.returncode == 0, "\n".join((*about, ended.stderr))


def test_wiring_names_what_is_there() -> None:
    for names, files in rendered():
        for package in ("routers", "models"):
            text = files.get(f"backend/app/{package}/__init__.py", "")
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, ast.ImportFrom) and node.module == f"app.{package}":
                    for alias in node.names:
                        path = f"backend/app/{package}/{alias.name}"
                        assert {f"{path}.py", f"{path}/__init__.py"} & set(files), (names, path)


def test_revisions_are_one_chain() -> None:
    for names, files in rendered():
        head = "None"
        for path in sorted(p for p in files if p.startswith("backend/alembic/versions/")):
            number = path.rpartition("/")[2].partition("_")[0]
            assert f"down_revision: str | None = {head}\n" in files[path], (names, path)
            assert f'revision: str = "{number}"\n' in files[path], (names, path)
            head = f'"{number}"'
