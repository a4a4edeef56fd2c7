"""Demo data."""

import runpy

import pytest
from fastapi.testclient import TestClient

from app import seeds
from app.application import create_app
from app.current_user import demo_user
from app.database import get_database
from tests.conftest import run


def test_planting_twice_plants_once(client: TestClient) -> None:
    for _ in range(2):
        run(client, seeds.plant)
    assert run(client, demo_user) == run(client, demo_user)


def test_the_command_plants(client: TestClient) -> None:
    run(client, get_database().close)  # its connections belong to its event loop
    runpy.run_module("app.seeds", run_name="__main__")
    assert run(client, demo_user)


def test_development_migrates_and_plants_at_its_start(
    environment: pytest.MonkeyPatch, client: TestClient
) -> None:
    """A whole start, as `uvicorn main:app` makes it."""
    run(client, get_database().close)
    with environment.context() as patch:
        patch.setenv("ENVIRONMENT", "development")
        patch.setenv("SEED_DEMO", "true")
        with TestClient(create_app(), "http://localhost") as second:
            assert second.get("/health/ready").status_code == 200
