"""Events: written with the change, told at least once, handled once."""

import asyncio
import json
from collections.abc import Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import SQLModel

from app.database import get_database
from app.events import activity, brokers, consumers, dapr, outbox, worker
from app.events.event import Event
from app.events.settings import EventSettings, get_event_settings
from tests.conftest import run

TASKS = "/api/v1/tasks"
ACTIVITY = "/api/v1/activity"
MOMENT = datetime(2026, 1, 31, tzinfo=UTC)
EVENT = Event("e1", "tasks.created", "1", "ann", MOMENT, {"title": "milk"})


class Broker:
    """Remembers what it was told, and may be away."""

    def __init__(self, failures: int = 0) -> None:
        self.heard: list[Event] = []
        self.failures = failures
        self.was_told = asyncio.Event()

    async def __call__(self, events: Sequence[Event]) -> None:
        """Hear events, or fail."""
        if self.failures:
            self.failures -= 1
            raise OSError("nobody answers")
        self.heard += events
        self.was_told.set()


@pytest.fixture
def told(client: TestClient) -> TestClient:
    """A client, and nothing in the outbox that an earlier test has left."""
    run(client, clear)
    return client


async def clear() -> None:
    async with get_database().transaction() as connection:
        for name in ("outbox", "handled_events", "activity"):
            await connection.execute(SQLModel.metadata.tables[name].delete())


async def pending() -> int:
    async with get_database().statements() as connection:
        counted = text("SELECT count(*) FROM outbox WHERE published_at IS NULL")
        return int(await connection.scalar(counted) or 0)


def test_every_change_is_told_in_its_order(told: TestClient, ada: dict[str, str]) -> None:
    task = told.post(TASKS, json={"title": "milk"}, headers=ada).json()
    told.patch(f"{TASKS}/{task['id']}", json={"completed": True}, headers=ada)
    told.delete(f"{TASKS}/{task['id']}", headers=ada)
    broker = Broker()
    assert run(told, outbox.tell, broker, 10) == 3
    assert [event.kind for event in broker.heard] == [
        "tasks.created",
        "tasks.changed",
        "tasks.deleted",
    ]
    first, second, _ = broker.heard
    assert first.key == str(task["id"])
    assert first.data["title"] == "milk"
    assert (first.data["completed"], second.data["completed"]) == (False, True)
    assert "user_id" not in first.data
    assert first.at.tzinfo is not None
    assert run(told, outbox.tell, broker, 10) == 0


def test_what_was_refused_is_not_told(told: TestClient, ada: dict[str, str]) -> None:
    assert told.post(TASKS, json={"title": " "}, headers=ada).status_code == 422
    assert told.delete(f"{TASKS}/7", headers=ada).status_code == 404
    assert run(told, pending) == 0


def test_what_was_not_heard_is_told_again(told: TestClient, ada: dict[str, str]) -> None:
    told.post(TASKS, json={"title": "milk"}, headers=ada)
    broker = Broker(failures=1)
    with pytest.raises(OSError, match="nobody"):
        run(told, outbox.tell, broker, 10)
    assert run(told, pending) == 1
    assert run(told, outbox.tell, broker, 10) == 1
    assert run(told, pending) == 0


def test_old_events_are_forgotten(told: TestClient, ada: dict[str, str]) -> None:
    told.post(TASKS, json={"title": "milk"}, headers=ada)
    run(told, outbox.forget, 1)
    assert run(told, pending) == 1
    run(told, outbox.tell, Broker(), 10)
    run(told, outbox.forget, -1)
    run(told, outbox.tell, Broker(), 10)


def test_activity_is_counted_once_for_each_owner(told: TestClient, ada: dict[str, str]) -> None:
    assert told.get(ACTIVITY, headers=ada).json()["created"] == 0
    task = told.post(TASKS, json={"title": "milk"}, headers=ada).json()
    told.patch(f"{TASKS}/{task['id']}", json={"completed": True}, headers=ada)
    broker = Broker()
    run(told, outbox.tell, broker, 10)
    for _ in range(2):  # a broker may tell everything twice
        run(told, consumers.deliver, broker.heard)
    seen = told.get(ACTIVITY, headers=ada).json()
    assert (seen["created"], seen["changed"], seen["deleted"]) == (1, 1, 0)
    assert seen["last_at"]


def test_a_handler_that_fails_has_not_handled(told: TestClient) -> None:
    async def fails(connection: AsyncConnection, event: Event) -> None:
        await activity.count(connection, event)
        raise ValueError("half way")

    with pytest.raises(ValueError, match="half way"):
        run(told, consumers.handle_once, "activity", fails, EVENT)
    assert run(told, consumers.handle_once, "activity", activity.count, EVENT) is True
    assert run(told, consumers.handle_once, "activity", activity.count, EVENT) is False
    other = EVENT._replace(id="e2", kind="tasks.renamed")
    assert run(told, consumers.handle_once, "activity", activity.count, other) is True


def test_events_go_over_the_wire_as_they_are() -> None:
    assert Event.from_json(EVENT.to_json()) == EVENT
    assert json.loads(EVENT.to_json())["specversion"] == "1.0"
    for wrong in ("{}", "[]", '{"id": 1}', "x"):
        with pytest.raises(ValueError, match=r"."):
            Event.from_json(wrong)


def test_the_worker_goes_on_after_failures(
    told: TestClient, ada: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    told.post(TASKS, json={"title": "milk"}, headers=ada)
    broker = Broker(failures=2)
    monkeypatch.setattr(brokers, "publisher", lambda _settings: opened(broker))
    monkeypatch.setattr(worker, "LOOKS", 1)
    run(told, work_until, broker)
    assert [event.kind for event in broker.heard] == ["tasks.created"]
    assert run(told, pending) == 0


@asynccontextmanager
async def opened(broker: Broker) -> Any:
    yield broker


async def work_until(broker: Broker) -> None:
    """Let the worker work until something was heard."""
    stop = asyncio.Event()
    settings = EventSettings(events_interval=0.01)
    working = asyncio.create_task(worker.run(settings, stop))
    await asyncio.wait_for(broker.was_told.wait(), 30)
    stop.set()
    await working


def test_without_a_broker_the_consumers_here_hear(told: TestClient, ada: dict[str, str]) -> None:
    told.post(TASKS, json={"title": "milk"}, headers=ada)
    run(told, tell_here)
    assert told.get(ACTIVITY, headers=ada).json()["created"] == 1


async def tell_here() -> None:
    async with brokers.publisher(EventSettings()) as publish:
        await outbox.tell(publish, 10)


def test_nothing_is_heard_without_a_broker(told: TestClient) -> None:
    with pytest.raises(ValueError, match="'local'"):
        run(told, brokers.consume, EventSettings())


class Sidecar(BaseHTTPRequestHandler):
    """Answers as Dapr does, and keeps what it was asked."""

    status = 204
    asked: list[tuple[str, str, bytes]]

    def do_POST(self) -> None:
        """Keep the request."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.asked.append((self.path, self.headers["Content-Type"], body))
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  (the base class says so)
        """Say nothing."""


@pytest.fixture
def sidecar() -> Iterator[str]:
    """The address of a side-car."""
    Sidecar.asked = []
    server = HTTPServer(("127.0.0.1", 0), Sidecar)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_dapr_is_told(sidecar: str, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = EventSettings(events_broker="dapr", events_url=SecretStr(sidecar))
    asyncio.run(tell_sidecar(settings))
    ((path, kind, body),) = Sidecar.asked
    assert path == f"/v1.0/publish/pubsub/{settings.events_topic}"
    assert kind == "application/cloudevents+json"
    assert Event.from_json(body) == EVENT
    monkeypatch.setattr(Sidecar, "status", 500)
    with pytest.raises(OSError, match="500"):
        asyncio.run(tell_sidecar(settings))


async def tell_sidecar(settings: EventSettings) -> None:
    async with dapr.publisher(settings) as publish:
        await publish([EVENT])


def test_dapr_brings_events_and_nobody_else(
    told: TestClient, environment: pytest.MonkeyPatch
) -> None:
    body = EVENT.to_json()
    assert told.post("/api/v1/events", content=body).status_code == 404
    with environment.context() as patch:
        patch.setenv("EVENTS_BROKER", "dapr")
        patch.setenv("EVENTS_TOKEN", "secret")
        get_event_settings.cache_clear()
        assert told.post("/api/v1/events", content=body).status_code == 404
        known = {"dapr-api-token": "secret"}
        heard = told.post("/api/v1/events", content=body, headers=known)
        assert heard.json() == {"status": "SUCCESS"}
        assert told.post("/api/v1/events", content="x", headers=known).json() == {"status": "DROP"}
    get_event_settings.cache_clear()


def test_brokers_are_loaded_by_name() -> None:
    for name in ("kafka", "redis", "dapr"):
        assert name in brokers.MODULES
    settings = EventSettings(events_broker="dapr")
    assert brokers.publisher(settings) is not None
