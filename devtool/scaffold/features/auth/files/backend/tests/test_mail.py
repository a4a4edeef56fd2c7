"""Mails: who gets one, what its token is good for, and how it is sent."""

import smtplib
from collections.abc import Callable
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr

from app import mail
from app.auth_settings import get_auth_settings
from app.logs import logger
from app.mail import Mail
from app.services import auth
from app.settings import Settings
from tests.conftest import run
from tests.people import PASSWORD, URL, email, log_in, sign_in, sign_up

Configure = Callable[..., None]


@pytest.fixture
def configure(monkeypatch: pytest.MonkeyPatch) -> Configure:
    """Set how mails are sent."""

    def set_url(url: str) -> None:
        settings = get_auth_settings().model_copy(update={"mail_url": SecretStr(url)})
        monkeypatch.setattr(mail, "get_auth_settings", lambda: settings)

    return set_url


@pytest.fixture
def mails(tmp_path: Path, configure: Configure) -> Callable[[], list[str]]:
    """The mails that were sent since the last call, each as its text."""
    configure(f"file:{tmp_path}/mails")

    def take() -> list[str]:
        texts = []
        for file in sorted(
            (tmp_path / "mails").glob("*.eml"), key=lambda file: file.stat().st_mtime
        ):
            message = message_from_bytes(file.read_bytes(), policy=policy.default)
            texts.append(f"{message['To']}: {message['Subject']}\n{message.get_content()}")
            file.unlink()
        return texts

    return take


def token_in(text: str) -> str:
    """The token of the link in a mail."""
    return text.split("token=")[1].split()[0]


def test_an_address_is_verified_once(client: TestClient, mails: Callable[[], list[str]]) -> None:
    ada = sign_in(client, "ada")
    (text,) = mails()
    assert text.startswith("ada@example.com: Verify")
    body = {"token": token_in(text)}
    assert client.post(f"{URL}/verify", json=body).status_code == 204
    assert client.get(f"{URL}/me", headers=ada).json()["verified"] is True
    assert client.post(f"{URL}/verify", json=body).status_code == 403
    client.post(f"{URL}/verify/request", headers=ada)
    assert mails() == []


def test_the_mail_can_be_sent_again(client: TestClient, mails: Callable[[], list[str]]) -> None:
    ada = sign_in(client, "ada")
    mails()
    assert client.post(f"{URL}/verify/request", headers=ada).status_code == 202
    assert len(mails()) == 1


def test_who_signs_up_twice_is_told_by_mail(
    client: TestClient, mails: Callable[[], list[str]]
) -> None:
    sign_up(client, "ada")
    sign_up(client, "ada")
    assert ["again" in text for text in mails()] == [False, True]


def test_a_password_is_reset_once(client: TestClient, mails: Callable[[], list[str]]) -> None:
    ada = sign_in(client, "ada")
    mails()
    client.post(f"{URL}/password/forgot", json={"email": "ADA@example.com"})
    (text,) = mails()
    body = {"token": token_in(text), "new_password": "a better password"}
    assert client.post(f"{URL}/verify", json={"token": body["token"]}).status_code == 403
    assert client.post(f"{URL}/password/reset", json=body).status_code == 204
    assert client.get(f"{URL}/me", headers=ada).status_code == 401
    assert log_in(client, "ada", "a better password")
    assert client.post(f"{URL}/password/reset", json=body).status_code == 403


def test_nobody_else_gets_mails(client: TestClient, mails: Callable[[], list[str]]) -> None:
    client.post(f"{URL}/password/forgot", json={"email": email("nobody")})
    assert mails() == []


def test_nobody_gets_many_mails(client: TestClient, mails: Callable[[], list[str]]) -> None:
    ada = sign_in(client, "ada")
    for _ in range(4):
        client.post(f"{URL}/password/forgot", json={"email": email("ada")})
        client.post(f"{URL}/verify/request", headers=ada)
        sign_up(client, "ada")
    assert len(mails()) == 5


def test_tokens_of_mails_end(
    client: TestClient, mails: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(auth.LIFETIMES, "verify", timedelta(seconds=-1))
    sign_up(client, "ada")
    body = {"token": token_in(mails()[0])}
    assert client.post(f"{URL}/verify", json=body).status_code == 403
    run(client, auth.forget_old)


LETTER = Mail("ada@example.com", "Hello", "token=abc\n")


@pytest.mark.parametrize(("environment_name", "shown"), [("test", True), ("production", False)])
def test_the_console_keeps_tokens_to_itself_in_production(
    client: TestClient,
    configure: Configure,
    monkeypatch: pytest.MonkeyPatch,
    environment_name: str,
    shown: bool,
) -> None:
    said: list[object] = []
    settings = Settings.model_validate({"environment": environment_name})
    monkeypatch.setattr(mail, "get_settings", lambda: settings)
    monkeypatch.setattr(logger, "info", lambda *_, extra: said.append(extra))
    monkeypatch.setattr(logger, "error", lambda *_, extra: said.append(extra))
    configure("console:")
    run(client, mail.send, LETTER)
    assert ("abc" in str(said)) == shown


class Server:
    """A mail server that remembers what it was told."""

    said: list[Any]

    def __init__(self, host: str, port: int, timeout: float) -> None:
        type(self).said = [(host, port, timeout > 0)]

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_: object) -> None:
        self.said.append("quit")

    def starttls(self) -> None:
        """Note it."""
        self.said.append("starttls")

    def login(self, user: str, password: str) -> None:
        """Note it."""
        self.said.append((user, password))

    def send_message(self, message: EmailMessage) -> None:
        """Note it."""
        self.said.append(message["To"])


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("smtp://mx.example", [("mx.example", 0, True), "ada@example.com", "quit"]),
        (
            "smtp://me:p%40ss@mx.example:587",
            [("mx.example", 587, True), "starttls", ("me", "p@ss"), "ada@example.com", "quit"],
        ),
        (
            "smtps://me:pass@mx.example",
            [("mx.example", 0, True), ("me", "pass"), "ada@example.com", "quit"],
        ),
    ],
)
def test_servers_are_asked_politely(
    client: TestClient,
    configure: Configure,
    monkeypatch: pytest.MonkeyPatch,
    url: str,
    said: list[object],
) -> None:
    monkeypatch.setattr(smtplib, "SMTP", Server)
    monkeypatch.setattr(smtplib, "SMTP_SSL", Server)
    configure(url)
    run(client, mail.send, LETTER)
    assert Server.said == said


def test_a_server_that_is_away_breaks_nothing(client: TestClient, configure: Configure) -> None:
    configure("smtp://127.0.0.1:1")
    body = {"email": email("ada"), "password": PASSWORD}
    assert client.post(f"{URL}/signup", json=body).status_code == 201
