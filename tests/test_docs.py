"""The documentation says what is true: generated pages are fresh, links lead somewhere."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = sorted(
    path
    for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"))
    if "node_modules" not in path.parts and ".venv" not in path.parts
)
LINK = re.compile(r"\]\((?!https?:)([^)#\s]+)")
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def test_the_reference_is_what_the_code_says() -> None:
    check = (sys.executable, str(ROOT / "docs" / "generate.py"), "--check")
    done = subprocess.run(
        check, check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    text = FENCED.sub("", page.read_text("utf-8"))
    missing = [link for link in LINK.findall(text) if not (page.parent / link).exists()]
    assert not missing


def test_every_page_but_the_generated_is_linked_from_another() -> None:
    links = {
        (page.parent / link).resolve()
        for page in PAGES
        for link in LINK.findall(page.read_text("utf-8"))
    }
    pages = {
        page.resolve() for page in PAGES if "changes" not in page.parts and page.parent != ROOT
    }
    assert pages <= links


def test_every_dependency_has_its_reason() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    reasons = (ROOT / "docs/explanation/dependencies.md").read_text("utf-8")
    needed = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    names = {re.split(r"[<>=\[ ]", requirement)[0].removeprefix("types-") for requirement in needed}
    assert {name for name in names if name not in reasons} == set()
