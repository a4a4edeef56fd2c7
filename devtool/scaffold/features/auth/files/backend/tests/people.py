"""Who calls the API in tests: people who signed up."""

import pytest
from fastapi.testclient import TestClient
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from app import security

URL = "/api/v1/auth"
PASSWORD = "correct horse battery"


def email(name: str) -> str:
    """The address of somebody."""
    return f"{name}@example.com"


def sign_up(client: TestClient, name: str) -> None:
    """Make an account."""
    answer = client.post(f"{URL}/signup", json={"email": email(name), "password": PASSWORD})
    assert answer.status_code == 201, answer.text


def log_in(client: TestClient, name: str, password: str = PASSWORD) -> dict[str, str]:
    """The tokens of somebody who has an account."""
    answer = client.post(f"{URL}/login", data={"username": email(name), "password": password})
    assert answer.status_code == 200, answer.text
    tokens: dict[str, str] = answer.json()
    return tokens


def bearer(token: str) -> dict[str, str]:
    """The headers that show a token."""
    return {"Authorization": f"Bearer {token}"}


def sign_in(client: TestClient, name: str) -> dict[str, str]:
    """The headers of somebody new who is signed in."""
    sign_up(client, name)
    return bearer(log_in(client, name)["access_token"])


def make_cheap(patch: pytest.MonkeyPatch) -> None:
    """Hash passwords quickly: what makes them safe would make the tests slow."""
    quick = Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1)
    patch.setattr(security, "hasher", PasswordHash((quick,)))
