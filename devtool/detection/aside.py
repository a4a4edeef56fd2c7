"""What is no evidence: tests, samples, one-off scripts, leftovers."""

from __future__ import annotations

import re
from functools import lru_cache

from devtool.detection.pattern import Pattern

_ASIDE_FOLDER = Pattern(
    r"(?:^|/)(?:(?:[\w-]+[-_])?tests?|testing|docs?|docs?_src|examples?|samples?|demos?|scripts?|tools?|migrations?|alembic|"
    r"versions|benchmarks?|evals?|skills|subagents|cronjobs?|notebooks?|fixtures|e2e|"
    r"[^/]*(?:template|reference|backup|archive|legacy|deprecated)[^/]*|old)/",
    re.IGNORECASE,
)
_ASIDE_FILE = Pattern(
    r"(?:^|/)(?:setup|conftest|noxfile|run_?tests?|gunicorn\.conf|hatch_build)\.py$"
    r"|(?:^|/)(?:test|debug|check|verify|diagnose|fix|init|migrate|seed|reset|create|minimal|simple|"
    r"validate|demo|smoke|safe|phase\d)_[^/]*\.py$"
    r"|(?:_test|_demo|_temp|_backup|_fixed|_broken|_debug|_old|_copy|_example)\.py$",
    re.IGNORECASE,
)


@lru_cache(maxsize=20_000)
def is_aside(path: str) -> bool:
    """Whether a file is a test, a sample, a one-off script or a leftover: no evidence."""
    folder, _, name = path.rpartition("/")
    return _is_aside_folder(folder) or _ASIDE_FILE.search(name) is not None


@lru_cache(maxsize=5_000)
def _is_aside_folder(folder: str) -> bool:
    return _ASIDE_FOLDER.search(f"{folder}/") is not None
