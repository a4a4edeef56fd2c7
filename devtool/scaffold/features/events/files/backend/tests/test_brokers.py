"""Kafka and Redis, by stand-ins that keep what a client was asked."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from pydantic import SecretStr
from redis.exceptions import ResponseError

from app.events import __main__ as command
from app.events import brokers, redis_streams, worker
from app.events.event import Event
from app.events.settings import EventSettings
from tests.test_events import EVENT, Broker

Asked = list[tuple[str, Any]]


class Client:
    """Keeps every call by its name, and answers what it was told to."""

    def __init__(self, answers: dict[str, Any] | None = None) -> None:
        self.asked: Asked = []
        self.answers = answers or {}

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        async def call(*arguments: Any, **_options: Any) -> Any:
            self.asked.append((name, arguments))
            answer = self.answers.get(name)
            if isinstance(answer, list):
                answer = answer.pop(0)
            if isinstance(answer, BaseException):
                raise answer
            return answer

        return call


class Pipeline(Client):
    """What Redis does at once."""

    async def __aenter__(self) -> "Pipeline":
        """Begin."""
        return self

    async def __aexit__(self, *_reason: object) -> None:
        """End."""

    def xadd(self, *arguments: Any, **_options: Any) -> None:
        """Keep what is added."""
        self.asked.append(("xadd", arguments))


def redis_of(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    made = SimpleNamespace(from_url=lambda *_words, **_options: client)
    monkeypatch.setattr(redis_streams, "Redis", made)


def test_redis_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline = Pipeline()
    client = Client()
    monkeypatch.setattr(client, "pipeline", lambda **_options: pipeline, raising=False)
    redis_of(client, monkeypatch)
    settings = EventSettings(events_broker="redis", events_url=SecretStr("redis://nowhere"))
    asyncio.run(tell(settings))
    assert [name for name, _ in pipeline.asked] == ["xadd", "execute"]
    assert Event.from_json(pipeline.asked[0][1][1]["event"]) == EVENT
    assert client.asked[-1][0] == "aclose"


async def tell(settings: EventSettings) -> None:
    async with brokers.publisher(settings) as publish:
        await publish([EVENT])


@pytest.mark.parametrize("is_new", [True, False])
def test_redis_is_heard_and_thanked(monkeypatch: pytest.MonkeyPatch, is_new: bool) -> None:
    group = None if is_new else ResponseError("BUSYGROUP: it is there")
    fresh = [("stream", [("1-0", {"event": EVENT.to_json()}), ("1-1", {"event": "x"})])]
    client = Client(
        {
            "xgroup_create": group,
            "xautoclaim": ("0-0", []),
            "xreadgroup": [fresh, None, asyncio.CancelledError()],
        }
    )
    redis_of(client, monkeypatch)
    broker = Broker()
    settings = EventSettings(events_broker="redis", events_url=SecretStr("redis://nowhere"))
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(redis_streams.consume(settings, broker))
    assert broker.heard == [EVENT]
    acknowledged = [arguments[2] for name, arguments in client.asked if name == "xack"]
    assert acknowledged == ["1-0", "1-1"]


def test_other_troubles_of_redis_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    redis_of(Client({"xgroup_create": ResponseError("no right")}), monkeypatch)
    with pytest.raises(ResponseError, match="no right"):
        asyncio.run(redis_streams.consume(EventSettings(events_broker="redis"), Broker()))


class Kafka(Client):
    """A producer, or a consumer with two messages."""

    async def send(self, topic: str, value: bytes, *, key: bytes) -> Awaitable[None]:
        """Keep what is sent."""
        self.asked.append(("send", (topic, value, key)))
        done = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done

    async def __aiter__(self) -> AsyncIterator[Any]:
        """Say an event, and something else."""
        yield SimpleNamespace(value=EVENT.to_json().encode(), offset=1)
        yield SimpleNamespace(value=b"x", offset=2)


def test_kafka_is_told_and_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    client = Kafka()
    module = ModuleType("aiokafka")
    for name in ("AIOKafkaProducer", "AIOKafkaConsumer"):
        setattr(module, name, lambda *_words, **_options: client)
    monkeypatch.setitem(__import__("sys").modules, "aiokafka", module)
    settings = EventSettings(events_broker="kafka", events_url=SecretStr("nowhere:9092"))
    asyncio.run(tell(settings))
    (topic, value, key) = next(words for name, words in client.asked if name == "send")
    assert (topic, Event.from_json(value), key) == (settings.events_topic, EVENT, b"1")
    delivered: list[str] = []

    async def deliver(events: Any) -> None:
        delivered.extend(event.id for event in events)

    monkeypatch.setattr(brokers, "deliver", deliver)
    asyncio.run(brokers.consume(settings))
    assert delivered == ["e1"]
    assert [name for name, _ in client.asked].count("commit") == 2


@pytest.mark.parametrize("deed", ["publish", "consume"])
def test_the_command_works_until_it_is_told_to_stop(
    monkeypatch: pytest.MonkeyPatch, deed: str
) -> None:
    seen: list[str] = []

    async def publishes(_settings: EventSettings, stop: asyncio.Event) -> None:
        seen.append("publish")
        stop.set()

    async def consumes(_settings: EventSettings) -> None:
        seen.append("consume")

    monkeypatch.setattr(worker, "run", publishes)
    monkeypatch.setattr(brokers, "consume", consumes)
    monkeypatch.setattr("sys.argv", ["events", deed])
    command.main()
    assert seen == [deed]
