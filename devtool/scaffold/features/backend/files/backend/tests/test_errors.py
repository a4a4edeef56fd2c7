"""Errors, limits and headers that every address has in common."""

import json
import logging
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.exc import OperationalError
from starlette.types import Send

from app.application import create_app
from app.database import Database
from app.errors import MEDIA_TYPE
from app.logs import JsonFormatter, TextFormatter, logger
from app.middleware import RequestMiddleware
from app.running import DatabaseUnavailableError
from app.settings import Settings


def test_an_unknown_address_is_a_problem_document(client: TestClient) -> None:
    answer = client.get("/nothing/here")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == MEDIA_TYPE
    problem = answer.json()
    assert problem["title"] == "Not Found"
    assert problem["status"] == 404
    assert problem["request_id"] == answer.headers["x-request-id"]


def test_a_wrong_method_is_told_the_right_ones(client: TestClient) -> None:
    answer = client.delete("/health/live")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET"
    assert answer.headers["content-type"] == MEDIA_TYPE


def test_a_slash_too_many_is_no_redirect(client: TestClient) -> None:
    assert client.get("/health/live/").status_code == 404


@pytest.mark.parametrize("host", ["localhost", "localhost:8000", "API.example.com"])
def test_known_hosts_are_served(client: TestClient, host: str) -> None:
    assert client.get("/health/live", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.test", "localhost.evil.test", "example.com", "[::1]:80", ""]
)
def test_other_hosts_are_refused(client: TestClient, host: str) -> None:
    answer = client.get("/health/live", headers={"Host": host})
    assert answer.status_code == 400
    assert "evil" not in answer.text


def test_any_host_can_be_allowed(environment: pytest.MonkeyPatch) -> None:
    settings = Settings(trusted_hosts=["*"])
    anywhere = TestClient(create_app(settings))
    assert anywhere.get("/health/live", headers={"Host": "a.test"}).status_code == 200


def test_answers_are_not_kept_and_not_guessed_at(client: TestClient) -> None:
    headers = client.get("/health/live").headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert headers["x-frame-options"] == "DENY"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "strict-transport-security" not in headers


def test_production_insists_on_tls(environment: pytest.MonkeyPatch) -> None:
    settings = Settings(environment="production", cors_origins=[])
    production = TestClient(create_app(settings), "http://localhost")
    assert "strict-transport-security" in production.get("/health/live").headers


def test_the_id_of_a_request_is_kept_if_it_is_harmless(client: TestClient) -> None:
    given = {"X-Request-ID": "trace-0123456789"}
    assert client.get("/health/live", headers=given).headers["x-request-id"] == "trace-0123456789"
    for bad in ("short", "x" * 65, "with space", 'quote"quote'):
        answer = client.get("/health/live", headers={"X-Request-ID": bad})
        assert answer.headers["x-request-id"] != bad


def test_a_long_body_is_refused_before_it_is_read(client: TestClient) -> None:
    answer = client.post("/health/live", content=b"x" * 70_000)
    assert answer.status_code == 413
    assert answer.headers["connection"] == "close"


def test_known_pages_may_call(client: TestClient) -> None:
    page = {"Origin": "https://shop.example.com"}
    answer = client.get("/health/live", headers=page)
    assert answer.headers["access-control-allow-origin"] == "https://shop.example.com"
    assert answer.headers["access-control-allow-credentials"] == "true"


def test_other_pages_may_not_call(client: TestClient) -> None:
    answer = client.get("/health/live", headers={"Origin": "https://evil.test"})
    assert "access-control-allow-origin" not in answer.headers


def test_development_allows_pages_of_this_machine(environment: pytest.MonkeyPatch) -> None:
    development = TestClient(create_app(Settings(environment="development")), "http://localhost")
    page = {"Origin": "http://localhost:5173"}
    answer = development.get("/health/live", headers=page)
    assert answer.headers["access-control-allow-origin"] == "http://localhost:5173"


def test_any_origin_is_refused(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("CORS_ORIGINS", "*")
    with pytest.raises(ValueError, match="name the origins"):
        Settings()
    environment.setenv("CORS_ORIGINS", "https://shop.example.com")


def test_an_unknown_kind_of_database_is_refused_without_telling_the_password() -> None:
    with pytest.raises(ValueError, match="sqlite") as caught:
        Settings.model_validate({"database_url": "mysql://me:hunter2@db/shop"})
    assert "hunter2" not in str(caught.value)


@pytest.fixture
def lines() -> Iterator[list[str]]:
    """What the application logs, as it would be written."""
    written: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            written.append(self.format(record))

    handler = Keep()
    handler.setFormatter(JsonFormatter())
    logger.addHandler(handler)
    yield written
    logger.removeHandler(handler)


def test_development_has_lines_to_read() -> None:
    values = {"msg": "moved", "levelname": "INFO", "room": 7}
    record = logging.makeLogRecord(values)
    assert TextFormatter().format(record) == "INFO: moved room=7"
    try:
        raise ValueError("no")
    except ValueError as error:
        record.exc_info = (ValueError, error, error.__traceback__)
    assert TextFormatter().format(record).endswith("ValueError: no")


def test_an_answer_that_breaks_off_is_not_mended(environment: pytest.MonkeyPatch) -> None:
    async def broken(_scope: object, _receive: object, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        TestClient(RequestMiddleware(broken, Settings()), "http://localhost").get("/")


def test_an_unexpected_error_is_logged_and_not_told(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, lines: list[str]
) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("the secret of the house")

    monkeypatch.setattr(Database, "value", broken)
    answer = client.get("/health/ready")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    logged = [json.loads(line) for line in lines]
    assert "the secret of the house" in logged[0]["exception"]
    assert logged[0]["request_id"] == answer.json()["request_id"]
    assert logged[-1]["status"] == 500
    assert logged[-1]["path"] == "/health/ready"


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (DatabaseUnavailableError("no route"), 503),
        (OperationalError("SELECT", {}, Exception("database is locked")), 503),
        (OperationalError("SELECT", {}, Exception("unable to open database file")), 503),
        (OperationalError("SELECT", {}, Exception("no such table")), 500),
    ],
)
def test_an_outage_is_told_apart_from_our_mistakes(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int
) -> None:
    async def fails(*_: object) -> None:
        raise error

    monkeypatch.setattr(Database, "value", fails)
    assert client.get("/health/ready").status_code == status


def test_every_request_can_be_logged(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    chatty = TestClient(create_app(Settings(log_requests=True)), "http://localhost")
    chatty.get("/health/live?token=abc")
    logged = capsys.readouterr().out
    assert json.loads(logged)["path"] == "/health/live"
    assert "abc" not in logged
