"""How often somebody may try."""

import asyncio

import pytest
from fastapi.testclient import TestClient

from app.routers import auth as routes
from app.services import rate_limit
from app.services.rate_limit import Rule, attempt
from tests.conftest import run
from tests.people import PASSWORD, URL, email, log_in, sign_in, sign_up

RULE = Rule("test", attempts=3, seconds=60)


def test_guessing_a_password_ends(client: TestClient) -> None:
    sign_up(client, "ada")
    form = {"username": email("ada"), "password": "wrong"}
    answers = [client.post(f"{URL}/login", data=form) for _ in range(12)]
    assert [answer.status_code for answer in answers] == [401] * 10 + [429] * 2
    assert 0 < int(answers[-1].headers["retry-after"]) <= 900
    form["password"] = PASSWORD
    assert client.post(f"{URL}/login", data=form).status_code == 429


def test_the_right_password_clears_the_count(client: TestClient) -> None:
    sign_up(client, "ada")
    form = {"username": email("ada"), "password": "wrong"}
    for _ in range(3):
        for _ in range(9):
            assert client.post(f"{URL}/login", data=form).status_code == 401
        assert log_in(client, "ada")


def test_guessing_the_current_password_ends(client: TestClient) -> None:
    ada = sign_in(client, "ada")
    body = {"current_password": "wrong", "new_password": "a better password"}
    answers = [client.post(f"{URL}/password", json=body, headers=ada) for _ in range(11)]
    assert answers[-1].status_code == 429


def test_an_address_has_a_limit(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "PER_ADDRESS", RULE)
    tokens = [{"refresh_token": f"token-{number}"} for number in range(4)]
    statuses = [client.post(f"{URL}/refresh", json=body).status_code for body in tokens]
    assert statuses == [401, 401, 401, 429]


def test_processes_count_together(client: TestClient) -> None:
    async def many() -> list[int]:
        return await asyncio.gather(*(attempt(RULE, "somebody") for _ in range(8)))

    waits = run(client, many)
    assert sum(wait == 0 for wait in waits) == 3


def test_subjects_are_told_apart(client: TestClient) -> None:
    async def several() -> list[int]:
        subjects = [("a", "b"), ("a", "c"), ("ab",), ("a",)]
        return [await attempt(RULE._replace(attempts=1), *subject) for subject in subjects]

    assert run(client, several) == [0, 0, 0, 0]


def test_a_window_closes(client: TestClient) -> None:
    closing = RULE._replace(attempts=1, seconds=0)

    async def twice() -> list[int]:
        waits = [await attempt(closing, "somebody"), await attempt(closing, "somebody")]
        await rate_limit.forget_old()
        return waits

    assert run(client, twice) == [0, 0]
