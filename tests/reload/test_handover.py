"""Which servers take a socket, and how they are told."""

from __future__ import annotations

import pytest

from devtool.runner.handover import with_socket


@pytest.mark.parametrize(
    ("argv", "handed"),
    [
        (
            "/p/python -m uvicorn app.main:app --host 127.0.0.1 --port 8000 --workers 1",
            "/p/python -m uvicorn app.main:app --workers 1 --fd 7",
        ),
        ("/p/bin/uvicorn app:app --port=8000", "/p/bin/uvicorn app:app --fd 7"),
        ("gunicorn -b 0.0.0.0:8000 app:app", "gunicorn app:app --bind fd://7"),
        ("/p/python -m hypercorn app:app --bind [::1]:80", "/p/python -m hypercorn app:app --bind fd://7"),
        ("daphne -b 127.0.0.1 -p 8000 app:app", "daphne app:app --fd 7"),
        ("/p/python -m granian app:app --port 8000", None),
        ("/p/python manage.py runserver 8000", None),
        ("/p/python uvicorn.py --port 8000", None),
        ("", None),
    ],
)  # fmt: skip
def test_the_address_gives_way_to_the_descriptor(argv: str, handed: str | None) -> None:
    told = with_socket(argv.split(), 7)
    assert (" ".join(told) if told else None) == handed
