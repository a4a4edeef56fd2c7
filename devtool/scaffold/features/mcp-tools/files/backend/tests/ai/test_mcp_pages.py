"""Pages of other origins that call /mcp from a browser."""

import asyncio
from collections.abc import Iterator

import httpx2
import pytest
from fastapi.testclient import TestClient
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client

from app.ai.mcp.settings import get_mcp_settings
from app.application import create_app
from tests.ai.client import Era, Person

KNOWN = "https://shop.example.com"
INSPECTOR = "https://inspector.example.com"
METADATA = "/.well-known/oauth-protected-resource/mcp"


@pytest.fixture
def pages(environment: pytest.MonkeyPatch) -> Iterator[TestClient]:
    """An application that another page may call too, but only over MCP."""
    with environment.context() as patch:
        patch.setenv("MCP_ORIGINS", INSPECTOR)
        get_mcp_settings.cache_clear()
        yield TestClient(create_app(), "http://localhost")
    get_mcp_settings.cache_clear()


def asked(client: TestClient, path: str, origin: str, *headers: str) -> httpx2.Response:
    """What a browser is told that asks before a page calls."""
    return client.options(
        path,
        headers={
            "Origin": origin,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": ", ".join(headers),
        },
    )


@pytest.mark.parametrize("era", ["legacy", "auto"])
def test_pages_may_send_whatever_clients_send(
    pages: TestClient, ada: Person, url: str, era: Era
) -> None:
    sent = headers_of(ada, url, era)
    assert "mcp-protocol-version" in sent
    for origin in (KNOWN, INSPECTOR):
        answer = asked(pages, "/mcp", origin, *sent, "last-event-id", "mcp-session-id")
        assert answer.status_code == 200, answer.text
        assert answer.headers["access-control-allow-origin"] == origin
        assert "access-control-allow-credentials" not in answer.headers


def headers_of(person: Person, url: str, era: Era) -> set[str]:
    """The headers that the SDK's client sends and a page could not without being allowed to."""
    seen: set[str] = set()

    async def note(request: httpx2.Request) -> None:
        seen.update(name for name in request.headers if name.startswith("mcp-"))

    async def use() -> None:
        hooks = {"request": [note]}
        async with httpx2.AsyncClient(headers=person.headers, event_hooks=hooks) as http:
            transport = streamable_http_client(f"{url}/mcp", http_client=http)
            async with Client(transport, mode=era) as client:
                await client.call_tool("list_tasks", {})

    asyncio.run(use())
    return {*seen, "authorization", "content-type"}


def test_a_page_sees_what_was_answered_and_why(url: str) -> None:
    answer = httpx2.post(f"{url}/mcp", content=b"{", headers={"Origin": KNOWN})
    assert 400 <= answer.status_code < 500
    assert answer.headers["access-control-allow-origin"] == KNOWN
    seen = answer.headers["access-control-expose-headers"]
    assert {"WWW-Authenticate", "Retry-After", "Mcp-Session-Id"} <= set(seen.split(", "))


def test_a_page_sees_where_tokens_come_from(pages: TestClient) -> None:
    described = pages.get(METADATA, headers={"Origin": INSPECTOR})
    assert described.headers["access-control-allow-origin"] == INSPECTOR
    assert described.json()["resource"] == "http://localhost/mcp"


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost:3000"])
def test_other_pages_are_not_let_in(pages: TestClient, origin: str) -> None:
    for path in ("/mcp", METADATA):
        answer = asked(pages, path, origin, "authorization")
        assert answer.status_code == 400
        assert "access-control-allow-origin" not in answer.headers


def test_the_api_is_not_opened_with_it(pages: TestClient) -> None:
    for origin, headers, status in (
        (KNOWN, ("authorization",), 200),
        (KNOWN, ("mcp-session-id",), 400),
        (INSPECTOR, ("authorization",), 400),
    ):
        assert asked(pages, "/api/v1/tasks", origin, *headers).status_code == status
