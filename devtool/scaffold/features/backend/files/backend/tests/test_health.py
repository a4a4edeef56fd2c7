"""Health checks."""

import pytest
from fastapi.testclient import TestClient

from app.database import Database, get_database
from app.running import DatabaseUnavailableError


def test_a_process_that_answers_lives(client: TestClient) -> None:
    assert client.get("/health/live").json() == {"status": "ok"}


def test_a_process_with_a_database_is_ready(client: TestClient) -> None:
    assert client.get("/health/ready").json() == {"status": "ok"}


@pytest.mark.parametrize("error", [TimeoutError, DatabaseUnavailableError])
def test_without_a_database_it_lives_but_is_not_ready(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    async def away(*_: object) -> None:
        raise error

    monkeypatch.setattr(Database, "value", away)
    assert client.get("/health/live").status_code == 200
    answer = client.get("/health/ready")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"


def test_the_database_is_one_per_process() -> None:
    assert get_database() is get_database()
