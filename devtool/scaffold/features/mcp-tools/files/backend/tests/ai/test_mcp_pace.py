"""How often one user may call over MCP, whichever processes answer."""

import asyncio
from contextlib import ExitStack
from datetime import timedelta

import httpx2
import pytest
from fastapi.testclient import TestClient

from app.ai.mcp import pace
from app.ai.mcp.pace import Pace
from app.current_user import user_of
from app.models.base import now
from tests.ai.client import Person
from tests.ai.serving import workers
from tests.conftest import run

MOST = 20
PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
HEADERS = {
    "Accept": "application/json, text/event-stream",
    "Mcp-Protocol-Version": "2025-11-25",
}


@pytest.fixture
def user(client: TestClient, ada: Person) -> str:
    """The id of somebody."""
    user_id: str = run(client, user_of, ada.token)
    return user_id


def test_who_calls_too_often_waits(client: TestClient, user: str) -> None:
    async def many() -> list[int]:
        pace = Pace(MOST)
        return [await pace.wait(user) for _ in range(MOST + 2)]

    waits = run(client, many)
    assert waits[:MOST] == [0] * MOST
    assert all(50 < wait <= 60 for wait in waits[MOST:])


def test_a_minute_later_all_is_well(client: TestClient, user: str) -> None:
    late = timedelta()

    async def many() -> list[int]:
        nonlocal late
        pace = Pace(2, clock=lambda: now() + late)
        first = [await pace.wait(user) for _ in range(3)]
        late = timedelta(seconds=61)
        return [*map(bool, first), *[await pace.wait(user) for _ in range(2)]]

    assert run(client, many) == [False, False, True, 0, 0]


def test_processes_count_together(client: TestClient, user: str) -> None:
    async def many() -> list[int]:
        one, other = Pace(MOST), Pace(MOST)
        return [await each.wait(user) for _ in range(MOST) for each in (one, other)]

    assert run(client, many).count(0) == MOST


def test_a_burst_takes_no_more_than_it_needs(client: TestClient, user: str) -> None:
    async def many() -> list[int]:
        one, other = Pace(MOST), Pace(MOST)
        burst = await asyncio.gather(*(one.wait(user) for _ in range(10)))
        return [*burst, *[await other.wait(user) for _ in range(MOST)]]

    waits = run(client, many)
    assert waits[:10] == [0] * 10
    # What the first one took and was not asked for is not to be had elsewhere.
    assert 8 <= waits[10:].count(0) <= 10


def test_people_are_told_apart(client: TestClient, user: str) -> None:
    async def several() -> list[int]:
        pace = Pace(1)
        return [await pace.wait(user), await pace.wait(user), await Pace(1).wait(user)]

    first, second, elsewhere = run(client, several)
    assert first == 0
    assert second
    assert elsewhere


def test_few_calls_ask_the_database(
    client: TestClient, user: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = 0
    take = pace._take

    def counted(is_sqlite: bool) -> object:
        nonlocal asked
        asked += 1
        return take(is_sqlite)

    monkeypatch.setattr(pace, "_take", counted)

    async def many() -> list[int]:
        pace = Pace(120)
        return [await pace.wait(user) for _ in range(200)]

    assert run(client, many).count(0) == 120
    assert asked < 40


def test_whoever_asked_longest_ago_is_forgotten(
    client: TestClient, user: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "MOST_USERS", 0)

    async def twice() -> list[int]:
        pace = Pace(1)
        return [await pace.wait(user), await pace.wait(user)]

    first, second = run(client, twice)
    assert first == 0
    assert second, "the database remembers"


def test_two_workers_answer_as_often_as_one(ada: Person) -> None:
    few = {"MCP_CALLS_PER_MINUTE": str(MOST)}
    with ExitStack() as stack:
        urls = [stack.enter_context(workers(1, **few)) for _ in range(2)]
        answers = [_ping(ada, url) for _ in range(MOST) for url in urls]
    assert [answer.status_code for answer in answers].count(200) == MOST
    assert answers[-1].status_code == 429
    assert 0 < int(answers[-1].headers["retry-after"]) <= 60


def _ping(person: Person, url: str) -> httpx2.Response:
    return httpx2.post(f"{url}/mcp", json=PING, headers=HEADERS | person.headers, timeout=60)
