"""Conversations are kept, listed, followed again, and stopped."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from app.ai import writing
from app.running import DatabaseUnavailableError
from app.services import chat
from tests.ai.chat.fake_openai import Calls, FakeOpenAI, Says
from tests.ai.chat.talk import Setting, Talk, chunks_of, of, text_of
from tests.ai.client import Person
from tests.ai.serving import wait_until, workers

SLOW = Says(" ".join(f"word{number}" for number in range(40)), pause=0.1)


def test_a_conversation_is_made_read_renamed_and_deleted(talk: Talk) -> None:
    http = talk.http
    made = http.post("/api/v1/conversations", json={"title": "Plans"})
    assert made.status_code == 201
    path = f"/api/v1/conversations/{made.json()['id']}"
    assert http.get(path).json() == made.json()
    assert made.json()["running"] is False
    assert http.patch(path, json={"title": " More plans "}).json()["title"] == "More plans"
    assert http.get(f"{path}/messages").json() == {"items": [], "next_cursor": None}
    assert http.delete(path).status_code == 204
    assert http.get(path).status_code == 404


def test_an_id_is_taken_once(talk: Talk) -> None:
    body = {"id": uuid4().hex}
    assert talk.http.post("/api/v1/conversations", json=body).status_code == 201
    assert talk.http.post("/api/v1/conversations", json=body).status_code == 409


def test_what_is_said_first_is_the_title(talk: Talk) -> None:
    talk.say("add  buy\nmilk")
    assert talk.http.get(talk.path).json()["title"] == "add buy milk"


def test_conversations_are_listed_in_pages(talk: Talk) -> None:
    made = [
        talk.http.post("/api/v1/conversations", json={"title": f"{n}"}).json()["id"]
        for n in range(3)
    ]
    first = talk.http.get("/api/v1/conversations", params={"limit": 2}).json()
    assert [item["id"] for item in first["items"]] == [made[2], made[1]]
    cursor = first["next_cursor"]
    second = talk.http.get("/api/v1/conversations", params={"limit": 1, "cursor": cursor}).json()
    assert [item["id"] for item in second["items"]] == [made[0]]


def test_messages_are_listed_from_the_newest_back(talk: Talk) -> None:
    for text in ("hello", "help"):
        talk.say(text)
    path = f"{talk.path}/messages"
    newest = talk.http.get(path, params={"limit": 3}).json()
    assert [message["role"] for message in newest["items"]] == ["assistant", "user", "assistant"]
    cursor = newest["next_cursor"]
    oldest = talk.http.get(path, params={"limit": 3, "cursor": cursor}).json()
    assert [message["parts"][0]["text"] for message in oldest["items"]] == ["hello"]
    assert oldest["next_cursor"] is None


@pytest.mark.parametrize(
    "change",
    [
        {"messages": []},
        {"id": "../x"},
        {"trigger": "regenerate-message"},
        {"messages": [{"id": "m", "role": "system", "parts": []}]},
        {"messages": [{"id": "m", "role": "user", "parts": []}]},
        {"messages": [{"id": "m", "role": "user", "parts": [{"type": "text", "text": " "}]}]},
        {"messages": [{"id": "m", "role": "user", "parts": [{"type": "file", "url": "x"}]}]},
        {
            "messages": [
                {"id": "m", "role": "user", "parts": [{"type": "text", "text": "a" * 4001}]}
            ]
        },
        {"messages": [{"id": "m", "role": "user", "parts": [{"type": "text", "text": "a\0b"}]}]},
    ],
)
def test_what_cannot_be_answered_is_refused(talk: Talk, change: dict[str, object]) -> None:
    assert talk.http.post("/api/v1/chat", json=talk.body("hi") | change).status_code == 422


def test_a_message_is_taken_once(talk: Talk) -> None:
    talk.say("hello", "m1")
    assert talk.refused("hello", "m1").status_code == 409
    assert len(talk.messages()) == 2


def test_who_says_too_much_waits(talk: Talk, setting: Setting) -> None:
    talk.say("hello")
    setting("AI_MESSAGES_PER_MINUTE", "1")
    answer = talk.refused("hello")
    assert answer.status_code == 429
    assert 1 <= int(answer.headers["retry-after"]) <= 60


def test_who_spends_too_much_waits(model: FakeOpenAI, talk: Talk, setting: Setting) -> None:
    talk.say("hello")
    talk.wait()
    setting("AI_DAY_TOKENS", "15")
    assert talk.refused("hello").status_code == 429


def test_who_loses_the_connection_loses_nothing(model: FakeOpenAI, talk: Talk) -> None:
    model.will(SLOW)
    talk.begin("slowly")
    assert talk.is_running()
    assert [message["role"] for message in talk.messages()] == ["user"]
    said = list(chunks_of(talk.follow()))
    assert text_of(said).split() == SLOW.text.split()
    talk.wait()
    assert talk.last()["parts"][-1]["text"].split() == SLOW.text.split()
    assert talk.follow().status_code == 204


def test_who_listens_to_too_much_waits(
    model: FakeOpenAI, talk: Talk, setting: Setting, url: str
) -> None:
    setting("AI_STREAMS", "1")
    model.will(SLOW)
    with talk.http.stream("POST", "/api/v1/chat", json=talk.body("slowly")) as answer:
        said = chunks_of(answer)
        next(said)
        with talk.person.at(url) as other:
            again = Talk(other, talk.id)
            refused = [again.follow(), Talk(other).refused("hello")]
        assert text_of(list(said)).split() == SLOW.text.split()
    assert {each.status_code for each in refused} == {429}
    assert int(refused[0].headers["retry-after"]) > 0
    wait_until(lambda: talk.follow().status_code != 429)


def test_an_answer_is_followed_where_it_is_not_written(
    model: FakeOpenAI, talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "SAVE_SECONDS", 0.2)
    monkeypatch.setattr(writing.Writer, "find", lambda _writer, _answer: None)
    model.will(SLOW)
    talk.begin("slowly")
    said = list(chunks_of(talk.follow()))
    assert text_of(said).split() == SLOW.text.split()
    assert len(of(said, "text-delta")) > 1


def test_an_answer_whose_process_is_gone_is_failed(
    model: FakeOpenAI, talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chat, "LOST_AFTER", timedelta(0))
    model.will(SLOW)
    talk.begin("slowly")
    assert talk.follow().status_code == 204
    assert talk.text("and now?").strip() == "Hello."
    assert talk.messages()[1]["metadata"]["state"] in ("failed", "cancelled")


def test_an_answer_that_cannot_be_saved_still_ends(
    model: FakeOpenAI, talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise OSError("no space left")

    with monkeypatch.context() as broken:
        broken.setattr(chat, "end", fail)
        broken.setattr(chat, "save", fail)
        broken.setattr(writing, "SAVE_SECONDS", 0.05)
        model.will(Says("one two three", pause=0.1))
        said = talk.say("hello")
    assert "could not be saved" in of(said, "error")[0]["errorText"]
    assert text_of(said).split() == ["one", "two", "three"]


def test_an_answer_is_saved_when_the_database_is_back(
    talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    outages = iter([DatabaseUnavailableError("away"), DatabaseUnavailableError("away")])
    end = chat.end

    async def sometimes(*arguments: Any, **about: Any) -> None:
        if (outage := next(outages, None)) is not None:
            raise outage
        await end(*arguments, **about)

    monkeypatch.setattr(chat, "end", sometimes)
    monkeypatch.setattr(writing, "SAVE_AGAIN_SECONDS", (0.0, 0.0, 0.0))
    assert of(talk.say("hello"), "error") == []
    assert talk.last()["metadata"]["state"] == "done"


def test_an_answer_that_is_being_saved_cannot_be_stopped(
    talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    saving, go_on = threading.Event(), threading.Event()
    end = chat.end

    async def slowly(opened: chat.Open, *arguments: Any, **about: Any) -> None:
        if opened.conversation == talk.id:  # not what an earlier test has left
            saving.set()
            await asyncio.to_thread(go_on.wait, 60)
        await end(opened, *arguments, **about)

    monkeypatch.setattr(chat, "end", slowly)
    with ThreadPoolExecutor() as pool:
        said = pool.submit(talk.say, "hello")
        assert saving.wait(60)
        stopped = pool.submit(talk.cancel)
        threading.Timer(0.3, go_on.set).start()
        stopped.result(60)
        assert of(said.result(60), "abort") == []
    assert talk.last()["metadata"]["state"] == "done"


def test_a_conversation_may_be_deleted_while_an_answer_is_written(
    model: FakeOpenAI, talk: Talk
) -> None:
    model.will(Calls((("list_tasks", {}),)), SLOW)
    talk.begin("slowly")
    assert talk.http.delete(talk.path).status_code == 204
    assert talk.http.get(talk.path).status_code == 404
    assert Talk(talk.person).text("and now?").strip() == "Hello."


def test_few_answers_begin_at_once(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    beginning, most = 0, 0
    begin = chat.begin

    async def counted(*arguments: Any) -> chat.Open:
        nonlocal beginning, most
        beginning += 1
        most = max(most, beginning)
        await asyncio.sleep(0.02)
        opened = await begin(*arguments)
        beginning -= 1
        return opened

    monkeypatch.setattr(chat, "begin", counted)
    with ThreadPoolExecutor(12) as pool:
        said = list(pool.map(Talk.text, [Talk(talk.person) for _ in range(12)], ["hello"] * 12))
    assert all(text == said[0] for text in said)
    assert 1 < most <= writing.MOST_BEGINNINGS


def test_one_answer_is_written_at_a_time(model: FakeOpenAI, talk: Talk) -> None:
    model.will(SLOW)
    talk.begin("slowly")
    assert talk.refused("and now?").status_code == 409


def test_an_answer_is_stopped(model: FakeOpenAI, talk: Talk) -> None:
    model.will(SLOW)
    said = []
    for chunk in talk.saying("slowly"):
        said.append(chunk)
        if len(of(said, "text-delta")) == 2:
            talk.cancel()
    assert len(of(said, "abort")) == 1
    assert of(said, "finish")[0]["messageMetadata"]["state"] == "cancelled"
    assert talk.last()["metadata"]["state"] == "cancelled"
    assert talk.last()["parts"][-1]["text"].startswith("word0 ")
    talk.cancel()
    assert talk.text("and now?").strip() == "Hello."


def test_other_workers_follow_and_stop_an_answer(
    provider: tuple[FakeOpenAI, str], model: FakeOpenAI, ada: Person
) -> None:
    connected = {"AI_BASE_URL": f"{provider[1]}/v1", "AI_API_KEY": "fake-key", "AI_MODEL": "fake"}
    model.will(SLOW, SLOW)
    with workers(2, **connected) as url, ExitStack() as open_:
        talk = Talk(open_.enter_context(ada.at(url)))
        talk.begin("slowly")
        # Each has a connection of its own, so that either worker is asked.
        followers = [Talk(open_.enter_context(ada.at(url)), talk.id) for _ in range(4)]
        with ThreadPoolExecutor() as pool:
            heard = list(pool.map(lambda each: each.follow(), followers))
        for answer in heard:
            assert text_of(list(chunks_of(answer))).split() == SLOW.text.split()
        talk.wait()
        talk.begin("and again")
        followers[0].cancel()
        talk.wait()
        wait_until(lambda: talk.last()["metadata"]["state"] == "cancelled")
