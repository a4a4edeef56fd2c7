"""Plain calls of tools, answered at once: nearly all that clients ask.

For each request of the older revision the SDK opens a session with a task and two streams, and in
both revisions it checks and copies a result four times: more work than all the rest. A plain call
needs none of it. Whatever is not plain is the SDK's to answer, and so is everything while traces
are collected, since it makes the spans. `tests/ai/test_mcp_direct.py` holds both ways against each
other.
"""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

from opentelemetry import trace
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import to_json
from starlette.responses import Response

from app import NAME, VERSION
from app.ai.caller import Caller
from app.ai.calls import ToolError, run
from app.ai.toolbox import TOOLS

JSON = "application/json"
META = "io.modelcontextprotocol/"
ABOUT_US = {f"{META}serverInfo": {"name": NAME, "version": VERSION}}
NEWER_END = b',"resultType":"complete","_meta":' + to_json(ABOUT_US)
Headers = Mapping[str, str]
AnyObject = dict[str, Any]


class Plain(BaseModel):
    """What has just the expected parts."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)


class Client(Plain):
    """Which program calls."""

    name: str
    version: str


class Meta(Plain):
    """What a client says beside the call. Nobody here reports progress."""

    progress: Annotated[int | str | None, Field(alias="progressToken")] = None


class NewerMeta(Meta):
    """What the newer revision wants to be told with each call."""

    revision: Annotated[Literal["2026-07-28"], Field(alias=f"{META}protocolVersion")]
    capabilities: Annotated[AnyObject, Field(alias=f"{META}clientCapabilities")]
    client: Annotated[Client | None, Field(alias=f"{META}clientInfo")] = None


class Params(Plain):
    """Which tool is called, and with what."""

    name: str
    arguments: AnyObject = {}
    meta: Annotated[Meta | NewerMeta, Field(alias="_meta")] = Meta()


class Message(Plain):
    """A plain call, of either revision."""

    jsonrpc: Literal["2.0"]
    id: int | str
    method: Literal["tools/call"]
    params: Params

    @property
    def is_newer(self) -> bool:
        """Whether it is a call of the newer revision."""
        return isinstance(self.params.meta, NewerMeta)

    def headers(self) -> Headers:
        """What its headers have to say."""
        if not self.is_newer:
            return {"mcp-protocol-version": "2025-11-25"}
        about = {"mcp-method": self.method, "mcp-name": self.params.name}
        return {"mcp-protocol-version": "2026-07-28", **about}


async def answer(
    raw_headers: Iterable[tuple[bytes, bytes]], body: bytes, caller: Caller
) -> Response | None:
    """The answer to a plain call, or None if the SDK has to answer."""
    message = None if _is_traced() else _message(_headers(raw_headers), body)
    if message is None or message.params.name not in TOOLS:
        return None
    try:
        result = await run(message.params.name, message.params.arguments, caller)
    except ToolError as error:
        return Response(_told(message, str(error), failed=True), media_type=JSON)
    return Response(_told(message, result.model_dump_json()), media_type=JSON)


def _is_traced() -> bool:
    return not isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider)


def _headers(raw: Iterable[tuple[bytes, bytes]]) -> Headers:
    """What a call says of itself in its headers; nothing if one is there twice."""
    found: dict[str, str] = {}
    for name, value in raw:
        if name.startswith(b"mcp-") or name in (b"accept", b"content-type"):
            if name.decode() in found:
                return {}
            found[name.decode()] = value.decode("latin-1")
    accepted = [kind.partition(";")[0].strip() for kind in found.pop("accept", "").split(",")]
    sent = found.pop("content-type", "").partition(";")[0].strip()
    return found if JSON in accepted and sent == JSON else {}


def _message(headers: Headers, body: bytes) -> Message | None:
    """The call, if everything about it is as its revision has it."""
    try:
        message = Message.model_validate_json(body)
    except ValidationError:
        return None
    return message if headers == message.headers() else None


def _told(message: Message, text: str, *, failed: bool = False) -> bytes:
    """The answer to a call: what came of it as a text, and if it is JSON, as an object too."""
    content = to_json([{"type": "text", "text": text}])
    parts = [b'{"jsonrpc":"2.0","id":', to_json(message.id), b',"result":{"content":', content]
    parts.append(b',"isError":true' if failed else b',"isError":false,"structuredContent":')
    if not failed:
        parts.append(text.encode())
    if message.is_newer:
        parts.append(NEWER_END)
    return b"".join((*parts, b"}}"))
