"""The model of `tests.benchmarks.mcp`: speaks OpenAI's protocol, and says so many words, one after each pause.

usage: python mcp_model.py PORT WORDS SECONDS
"""

from __future__ import annotations

import asyncio
import json
import sys

PORT, WORDS, SECONDS = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer one request."""
    head = await reader.readuntil(b"\r\n\r\n")
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    await reader.readexactly(int(lengths[0].partition(b":")[2]))
    writer.write(HEAD)
    for number in range(WORDS):
        await asyncio.sleep(SECONDS)
        writer.write(chunk({"role": "assistant", "content": f"word{number} "}, None))
        await writer.drain()
    writer.write(chunk({}, "stop") + b"data: [DONE]\n\n")
    await writer.drain()
    writer.close()


def chunk(delta: dict[str, str], end: str | None) -> bytes:
    """A chunk of a completion."""
    choice = {"index": 0, "delta": delta, "finish_reason": end}
    about = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "words"}
    return f"data: {json.dumps({**about, 'choices': [choice]})}\n\n".encode()


async def main() -> None:
    server = await asyncio.start_server(answer, "127.0.0.1", PORT, backlog=1000)
    async with server:
        print("ready", flush=True)
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
