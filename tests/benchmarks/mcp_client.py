"""The client of `tests.benchmarks.mcp`: runs where the MCP SDK is installed, and does as it is told.

usage: python mcp_client.py URL WHO, then a JSON list of words a line on standard input
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable

import httpx2
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client

URL, WHO = sys.argv[1], json.loads(sys.argv[2])
TASK = {"title": "a new task", "description": "something to do"}
PAGE = {"limit": 20}


async def sign_up() -> str:
    """A token of somebody."""
    async with httpx2.AsyncClient(base_url=URL, timeout=60) as http:
        await http.post("/api/v1/auth/signup", json=WHO)
        form = {"username": WHO["email"], "password": WHO["password"]}
        token: str = (await http.post("/api/v1/auth/login", data=form)).json()["access_token"]
        return token


async def rest(token: str, call: str, count: int) -> None:
    """So many calls over REST."""
    async with _http(token) as http:
        for _ in range(count):
            if call == "add":
                answer = await http.post("/api/v1/tasks", json=TASK)
            else:
                answer = await http.get("/api/v1/tasks", params=PAGE)
            answer.raise_for_status()


async def mcp(token: str, era: str, call: str, count: int) -> None:
    """So many calls over MCP."""
    name, arguments = ("add_task", TASK) if call == "add" else ("list_tasks", PAGE)
    async with _http(token) as http:
        transport = streamable_http_client(f"{URL}/mcp", http_client=http)
        async with Client(transport, mode=era) as client:
            for _ in range(count):
                result = await client.call_tool(name, arguments)
                assert not result.is_error, result


async def streams(token: str, count: int) -> str:
    """So many chats at once: how many were whole, and the longest wait between two pieces."""
    async with _http(token) as http:
        done = await asyncio.gather(*(_stream(http, number) for number in range(count)))
        alone = await _stream(http, count)
    gaps = [gap for gap, _ in done]
    whole = sum(is_whole for _, is_whole in done)
    return json.dumps({"whole": whole, "gap": max(gaps), "alone": alone[0]})


async def _stream(http: httpx2.AsyncClient, number: int) -> tuple[float, bool]:
    name = f"bench-{time.monotonic_ns()}-{number}"
    part = {"type": "text", "text": "what is left?"}
    body = {"id": name, "messages": [{"id": name, "role": "user", "parts": [part]}]}
    longest, last, text = 0.0, 0.0, ""
    async with http.stream("POST", "/api/v1/chat", json=body) as answer:
        async for piece in answer.aiter_text():
            now = time.monotonic()
            # The first piece waits for its turn to begin; a stall is what comes after it.
            longest = max(longest, now - last) if last else 0.0
            last, text = now, text + piece
    return longest, text.endswith("data: [DONE]\n\n")


def _http(token: str) -> httpx2.AsyncClient:
    limits = httpx2.Limits(max_connections=None)
    headers = {"Authorization": f"Bearer {token}"}
    return httpx2.AsyncClient(base_url=URL, headers=headers, timeout=120, limits=limits)


async def warm(token: str) -> None:
    """Each kind of call once, so that all is loaded."""
    for call in ("add", "list"):
        await rest(token, call, 20)
        for era in ("legacy", "auto"):
            await mcp(token, era, call, 20)


ORDERS: dict[str, Callable[..., Awaitable[str | None]]] = {
    "sign-up": sign_up,
    "warm": warm,
    "rest": lambda token, call, count: rest(token, call, int(count)),
    "legacy": lambda token, call, count: mcp(token, "legacy", call, int(count)),
    "auto": lambda token, call, count: mcp(token, "auto", call, int(count)),
    "streams": lambda token, count: streams(token, int(count)),
}


async def main() -> None:
    for line in sys.stdin:
        order, *words = json.loads(line)
        print(json.dumps(await ORDERS[order](*words)), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
