"""How a backend is told of its frontend's address."""

from __future__ import annotations

from pathlib import Path

import pytest

from devtool.detection.origins import origin_variables
from devtool.detection.tree import SourceTree


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("FRONTEND_URL=http://localhost:3000", {"FRONTEND_URL": "{frontend_url}"}),
        ("CORS_ORIGINS=http://a,http://b", {"CORS_ORIGINS": "http://a,http://b,{frontend_url}"}),
        ('CORS_ORIGINS=["http://a"]', {"CORS_ORIGINS": '["http://a", "{frontend_url}"]'}),
        ("BACKEND_CORS_ORIGINS=[]", {"BACKEND_CORS_ORIGINS": '["{frontend_url}"]'}),
        ("ALLOWED_ORIGINS=", {"ALLOWED_ORIGINS": "{frontend_url}"}),
        ("DATABASE_URL=postgresql://u:p@h/d", {}),
    ],
)
def test_variables_keep_what_they_hold(line: str, expected: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "backend").mkdir()
    (tmp_path / "backend" / ".env.example").write_text(f"# about\n{line}\n")
    assert dict(origin_variables(SourceTree(tmp_path), "backend")) == expected
