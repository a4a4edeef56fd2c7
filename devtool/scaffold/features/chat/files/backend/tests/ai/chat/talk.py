"""A conversation, as a page holds it."""

import json
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import httpx2

from tests.ai.client import Person
from tests.ai.serving import wait_until

Chunk = dict[str, Any]
Setting = Callable[[str, str], None]


class Talk:
    """One conversation of somebody."""

    def __init__(self, person: Person, name: str = "") -> None:
        self.person = person
        self.http = person.http
        self.id = name or uuid4().hex
        self.path = f"/api/v1/conversations/{self.id}"

    def say(self, text: str, message: str = "") -> list[Chunk]:
        """The chunks of the answer."""
        return list(self.saying(text, message))

    def text(self, text: str) -> str:
        """The text of the answer."""
        return text_of(self.say(text))

    def saying(self, text: str, message: str = "") -> Iterator[Chunk]:
        """The chunks of the answer, as they come."""
        with self.http.stream("POST", "/api/v1/chat", json=self.body(text, message)) as answer:
            yield from chunks_of(answer)

    def refused(self, text: str, message: str = "") -> httpx2.Response:
        """The answer to a message that is not taken."""
        return self.http.post("/api/v1/chat", json=self.body(text, message))

    def body(self, text: str, message: str = "") -> dict[str, Any]:
        """What `useChat` sends."""
        part = {"type": "text", "text": text}
        said = {"id": message or uuid4().hex, "role": "user", "parts": [part]}
        return {"id": self.id, "messages": [said], "trigger": "submit-message"}

    def confirm(self, **approvals: bool) -> httpx2.Response:
        """The answer after the user said yes or no to the calls that asked."""
        parts = [
            {"type": "tool-x", "approval": {"id": call, "approved": approved}, "input": {"x": 1}}
            for call, approved in approvals.items()
        ]
        said = {"id": "answer", "role": "assistant", "parts": parts}
        return self.http.post("/api/v1/chat", json={"id": self.id, "messages": [said]})

    def messages(self) -> list[dict[str, Any]]:
        """What was said, as a page loads it."""
        answer = self.http.get(f"{self.path}/messages").raise_for_status()
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    def last(self) -> dict[str, Any]:
        """The last message."""
        return self.messages()[-1]

    def follow(self) -> httpx2.Response:
        """The answer that is being written, from its beginning."""
        return self.http.get(f"/api/v1/chat/{self.id}/stream")

    def is_running(self) -> bool:
        """Whether an answer is being written."""
        running: bool = self.http.get(self.path).raise_for_status().json()["running"]
        return running

    def cancel(self) -> None:
        """Stop the answer that is being written."""
        self.http.post(f"/api/v1/chat/{self.id}/cancel").raise_for_status()

    def end(self) -> None:
        """Leave nothing behind that is still being written."""
        if self.http.get(self.path).is_success:
            self.cancel()
            self.wait()

    def begin(self, text: str) -> None:
        """Say something, and hang up in the middle of the answer."""
        for chunk in self.saying(text):
            if chunk["type"] == "text-delta":
                return

    def wait(self) -> None:
        """Return when no answer is being written."""
        wait_until(lambda: not self.is_running())


def chunks_of(answer: httpx2.Response) -> Iterator[Chunk]:
    """The chunks of a stream, which has to be a whole one."""
    assert answer.status_code == 200, answer.read()
    assert answer.headers["x-vercel-ai-ui-message-stream"] == "v1"
    assert answer.headers["content-type"].startswith("text/event-stream")
    last = ""
    for line in answer.iter_lines():
        if line.startswith("data: "):
            last = line.removeprefix("data: ")
            if last != "[DONE]":
                yield json.loads(last)
    assert last == "[DONE]"


def text_of(chunks: list[Chunk]) -> str:
    """The text that chunks tell."""
    return "".join(chunk["delta"] for chunk in chunks if chunk["type"] == "text-delta")


def of(chunks: list[Chunk], kind: str) -> list[Chunk]:
    """The chunks of one kind."""
    return [chunk for chunk in chunks if chunk["type"] == kind]
