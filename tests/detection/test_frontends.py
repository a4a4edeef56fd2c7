"""How a frontend is told where its backend is."""

from __future__ import annotations

from pathlib import Path

import pytest

from devtool.detection.frontends import backend_variables
from devtool.detection.tree import SourceTree


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        (
            "src/api.ts",
            "const url = import.meta.env.VITE_API_URL;",
            {"VITE_API_URL": "{backend_url}"},
        ),
        (
            "lib/api.ts",
            'const base = process.env.NEXT_PUBLIC_API_URL || "http://localhost:8000/api/v1/";',
            {"NEXT_PUBLIC_API_URL": "{backend_url}/api/v1"},
        ),
        ("vite.config.ts", "process.env.BACKEND_URL ?? x", {"BACKEND_URL": "{backend_url}"}),
        (
            ".env.example",
            "VITE_API_URL=http://127.0.0.1:5000/x\n",
            {"VITE_API_URL": "{backend_url}/x"},
        ),
        (".env.local", "VITE_API_URL=https://api.example.com/x\n", {}),
        (".env", "VITE_API_URL=http://localhost:1234\n", {"VITE_API_URL": "{backend_url}"}),
        ("src/api.ts", "const apiUrl = VITE_OTHER;", {}),
    ],
)
def test_variables_are_known_by_name(
    name: str, text: str, expected: dict[str, str], tmp_path: Path
) -> None:
    path = tmp_path / "web" / name
    path.parent.mkdir(parents=True)
    path.write_text(text)
    assert backend_variables(SourceTree(tmp_path), "web") == expected
