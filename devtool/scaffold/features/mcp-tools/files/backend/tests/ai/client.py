"""Somebody who uses the application, over REST and through the MCP SDK's own client."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Literal, Self, TypeVar

import httpx2
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult

T = TypeVar("T")
# The revision with a handshake (2025-11-25), and the newest one (2026-07-28).
Era = Literal["legacy", "auto"]


class Person:
    """Somebody with the headers that say who it is."""

    def __init__(self, url: str, headers: dict[str, str]) -> None:
        self.url = url
        self.headers = {key: headers[key] for key in headers if key.lower() == "authorization"}
        self.http = httpx2.Client(base_url=url, headers=self.headers, timeout=60)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    @property
    def token(self) -> str:
        """The token, without what says that it is one."""
        return next(iter(self.headers.values()), "").removeprefix("Bearer ")

    def at(self, url: str) -> "Person":
        """The same, with another connection."""
        return Person(url, self.headers)

    def tasks(self) -> list[dict[str, Any]]:
        """The tasks, by REST."""
        items: list[dict[str, Any]] = (
            self.http.get("/api/v1/tasks").raise_for_status().json()["items"]
        )
        return items

    def add(self, title: str) -> int:
        """The id of a new task, made by REST."""
        made = self.http.post("/api/v1/tasks", json={"title": title}).raise_for_status()
        number: int = made.json()["id"]
        return number

    def mcp(self, use: Callable[[Client], Awaitable[T]], era: Era = "auto") -> T:
        """What comes of using the MCP client."""

        async def using() -> T:
            async with httpx2.AsyncClient(headers=self.headers, timeout=60) as http:
                transport = streamable_http_client(f"{self.url}/mcp", http_client=http)
                async with Client(transport, mode=era) as client:
                    return await use(client)

        return asyncio.run(using())

    def call(self, name: str, arguments: dict[str, Any], era: Era = "auto") -> CallToolResult:
        """What comes of calling one tool over MCP."""

        async def use(client: Client) -> CallToolResult:
            return await client.call_tool(name, arguments)

        return self.mcp(use, era)


def error_of(result: CallToolResult) -> str:
    """What a call that failed says."""
    assert result.is_error
    (content,) = result.content
    return str(getattr(content, "text", ""))


def is_of_tasks(name: str) -> bool:
    """Whether a tool is one of those for tasks; a project may have more."""
    return name.endswith(("_task", "_tasks"))
