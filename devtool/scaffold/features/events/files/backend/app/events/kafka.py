"""Kafka: events of one row in one partition, acknowledged by all replicas."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from importlib import import_module
from typing import Any

from app.events.event import Event
from app.events.outbox import Publish
from app.events.settings import EventSettings
from app.logs import logger

# The package says nothing of its types. It comes with: pip install ".[kafka]"
aiokafka: Any = import_module("aiokafka")


@asynccontextmanager
async def publisher(settings: EventSettings) -> AsyncIterator[Publish]:
    """What tells events to Kafka, while it is open."""
    producer = aiokafka.AIOKafkaProducer(
        bootstrap_servers=settings.events_url.get_secret_value(),
        acks="all",
        enable_idempotence=True,
    )
    await producer.start()

    async def publish(events: Sequence[Event]) -> None:
        sent = [
            await producer.send(
                settings.events_topic, event.to_json().encode(), key=event.key.encode()
            )
            for event in events
        ]
        await asyncio.gather(*sent)

    try:
        yield publish
    finally:
        await producer.stop()


async def consume(settings: EventSettings, deliver: Publish) -> None:
    """Hear events from Kafka. What was handled is noted there only afterwards."""
    consumer = aiokafka.AIOKafkaConsumer(
        settings.events_topic,
        bootstrap_servers=settings.events_url.get_secret_value(),
        group_id=settings.events_group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    await consumer.start()
    try:
        async for message in consumer:
            try:
                await deliver([Event.from_json(message.value)])
            except ValueError:
                logger.warning("not an event", extra={"offset": message.offset})
            await consumer.commit()
    finally:
        await consumer.stop()
