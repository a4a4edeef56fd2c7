"""Numbers, and who may see them."""

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr

from app.routers import metrics
from app.routers.metrics import MetricsSettings
from app.settings import Settings


@pytest.fixture
def token(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The headers that Prometheus sends."""
    settings = MetricsSettings(metrics_token=SecretStr("a token"))
    monkeypatch.setattr(metrics, "get_metrics_settings", lambda: settings)
    return {"Authorization": "Bearer a token"}


def test_requests_are_counted_by_route(client: TestClient, token: dict[str, str]) -> None:
    client.get("/health/live")
    client.get("/nothing/1")
    client.request("BREW", "/health/live")
    text = client.get("/metrics", headers=token).text
    assert 'http_requests_total{method="GET",route="/health/live",status="200"}' in text
    assert "/nothing/1" not in text
    assert "BREW" not in text
    assert "http_request_seconds_bucket" in text


def test_others_find_nothing(client: TestClient, token: dict[str, str]) -> None:
    for headers in ({}, {"Authorization": "Bearer another"}):
        assert client.get("/metrics", headers=headers).status_code == 404


@pytest.mark.parametrize(
    ("environment_name", "status"), [("development", 200), ("production", 404)]
)
def test_without_a_token_only_development_shows_them(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, environment_name: str, status: int
) -> None:
    settings = Settings.model_validate({"environment": environment_name})
    monkeypatch.setattr(
        metrics, "get_metrics_settings", lambda: MetricsSettings(metrics_token=None)
    )
    monkeypatch.setattr(metrics, "get_settings", lambda: settings)
    assert client.get("/metrics").status_code == status
