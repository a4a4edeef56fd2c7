"""Traces are sent if somebody wants them."""

import pytest
from fastapi.testclient import TestClient
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider

from app import NAME
from app.application import create_app
from app.instruments import tracing


@pytest.mark.parametrize(("endpoint", "wanted"), [("http://127.0.0.1:4318", True), ("", False)])
def test_traces_are_sent_where_the_environment_says(
    environment: pytest.MonkeyPatch, monkeypatch: pytest.MonkeyPatch, endpoint: str, wanted: bool
) -> None:
    chosen: list[TracerProvider] = []
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
    monkeypatch.setattr(trace, "set_tracer_provider", chosen.append)
    app = TestClient(create_app(), "http://localhost")
    assert app.get("/health/live").status_code == 200
    assert bool(chosen) == wanted
    for provider in chosen:
        assert provider.resource.attributes["service.name"] == NAME
        provider.shutdown()
    tracing.provider.cache_clear()
