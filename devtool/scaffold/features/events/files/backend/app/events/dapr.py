"""Dapr: events go to the side-car, which knows the broker, and come back at `/api/v1/events`."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from http import HTTPStatus
from http.client import HTTPConnection
from urllib.parse import urlsplit

from app.events.event import Event
from app.events.outbox import Publish
from app.events.settings import EventSettings

SIDECAR = "http://localhost:3500"
TIMEOUT = 10.0


@asynccontextmanager
async def publisher(settings: EventSettings) -> AsyncIterator[Publish]:
    """What tells events to the side-car, while it is open."""
    url = urlsplit(settings.events_url.get_secret_value() or SIDECAR)
    path = f"/v1.0/publish/{settings.events_pubsub}/{settings.events_topic}"

    async def publish(events: Sequence[Event]) -> None:
        for event in events:
            await asyncio.to_thread(_post, url.netloc, path, event.to_json())

    yield publish


def _post(host: str, path: str, body: str) -> None:
    connection = HTTPConnection(host, timeout=TIMEOUT)
    try:
        connection.request(
            "POST", path, body.encode(), {"Content-Type": "application/cloudevents+json"}
        )
        answer = connection.getresponse()
        answer.read()
    finally:
        connection.close()
    if answer.status >= HTTPStatus.BAD_REQUEST:
        raise OSError(f"the side-car answered {answer.status}")
