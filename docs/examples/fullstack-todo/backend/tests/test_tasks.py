"""The list as a client sees it, over a database of its own."""

from collections.abc import Iterator

import pytest
from app.database import get_session
from app.main import app
from fastapi.testclient import TestClient
from sqlalchemy.pool import StaticPool
from sqlmodel import Session, SQLModel, create_engine


@pytest.fixture
def client() -> Iterator[TestClient]:
    engine = create_engine(
        "sqlite://", connect_args={"check_same_thread": False}, poolclass=StaticPool
    )
    SQLModel.metadata.create_all(engine)

    def session() -> Iterator[Session]:
        with Session(engine) as open_session:
            yield open_session

    app.dependency_overrides[get_session] = session
    yield TestClient(app)
    app.dependency_overrides.clear()
    engine.dispose()


def test_a_task_lives_from_added_to_deleted(client: TestClient) -> None:
    task = client.post("/api/tasks", json={"title": "  Buy milk "}).json()
    assert task["title"] == "Buy milk"
    assert client.get("/api/tasks").json() == [task]

    done = client.patch(f"/api/tasks/{task['id']}", json={"done": True}).json()
    assert done == task | {"done": True}

    assert client.delete(f"/api/tasks/{task['id']}").status_code == 204
    assert client.get("/api/tasks").json() == []


def test_a_blank_title_is_refused(client: TestClient) -> None:
    assert client.post("/api/tasks", json={"title": "   "}).status_code == 422


def test_a_task_that_is_not_there_is_404(client: TestClient) -> None:
    assert client.patch("/api/tasks/7", json={"done": True}).status_code == 404
