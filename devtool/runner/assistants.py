"""What the assistant of a running backend is: its model and its tools, as the backend itself says."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

# Where generated backends keep it, from the project's root.
PLACES = ("backend/app/ai", "app/ai")
PATH = "/api/v1/chat/status"
SECONDS = 1.0
LONGEST = 65_536


class Assistant(NamedTuple):
    """The assistant of a backend.

    Attributes:
        model: The model's name.
        provider: Who has it; `local` where rules answer and no model is connected.
        offline: Whether no model is connected.
        tools: The names of its tools.
        mcp: Where MCP clients find them, from the backend's address.
    """

    model: str
    provider: str
    offline: bool
    tools: tuple[str, ...]
    mcp: str

    def line(self) -> str:
        """It in a few words."""
        what = (
            "no model connected, rules answer" if self.offline else f"{self.provider} {self.model}"
        )
        count = "1 tool" if len(self.tools) == 1 else f"{len(self.tools)} tools"
        return f"assistant: {what}; {count}, over MCP at {self.mcp}"


def assistant_at(root: str | Path, url: str) -> Assistant | None:
    """The assistant of the backend at an address, or None where it has none or does not say.

    Only projects that have one in their files are asked.
    """
    if not url or not any((Path(root) / place).is_dir() for place in PLACES):
        return None
    return _read(_ask(url))


def _ask(url: str) -> bytes:
    from http.client import HTTPConnection, HTTPException
    from urllib.parse import urlsplit

    address = urlsplit(url)
    connection = HTTPConnection(address.hostname or "", address.port, timeout=SECONDS)
    try:
        connection.request("GET", PATH)
        answer = connection.getresponse()
        return answer.read(LONGEST) if answer.status == 200 else b""
    except (OSError, HTTPException):
        return b""
    finally:
        connection.close()


def _read(text: bytes) -> Assistant | None:
    import json

    try:
        told: Any = json.loads(text)
        model = told["model"]
        return Assistant(
            model=str(model["name"]),
            provider=str(model["provider"]),
            offline=bool(model["offline"]),
            tools=tuple(str(tool["name"]) for tool in told["tools"]),
            mcp=str(told["mcp"]),
        )
    except (ValueError, KeyError, TypeError):
        return None
