"""Requests that meet each other: lost updates, and the same request twice."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from fastapi.testclient import TestClient

from app.services import idempotency
from tests.conftest import run
from tests.test_tasks import CALLS, MISSING, URL, Headers, add

CHANGES = [call for call in CALLS if call[0] != "GET"]


@pytest.mark.parametrize(("method", "path", "body"), CHANGES)
@pytest.mark.parametrize("tag", ['"1"', "*", '"7", "1"', '"x", "1"', None])
def test_a_change_is_made_if_the_caller_saw_the_last_version(
    client: TestClient, ada: Headers, method: str, path: str, body: object, tag: str | None
) -> None:
    task = add(client, ada)
    headers = ada if tag is None else {**ada, "If-Match": tag}
    answer = client.request(method, f"{URL}/{task['id']}{path}", json=body, headers=headers)
    assert answer.status_code in {200, 204}


@pytest.mark.parametrize(("method", "path", "body"), CHANGES)
@pytest.mark.parametrize("tag", ['"1"', '"3"', 'W/"2"', "2", '"x"', "", '"999999999999"'])
def test_a_change_of_something_older_is_refused(
    client: TestClient, ada: Headers, method: str, path: str, body: object, tag: str
) -> None:
    task = add(client, ada)
    client.patch(f"{URL}/{task['id']}", json={"title": "newer"}, headers=ada)
    headers = {**ada, "If-Match": tag}
    answer = client.request(method, f"{URL}/{task['id']}{path}", json=body, headers=headers)
    assert answer.status_code == 412
    assert client.get(f"{URL}/{task['id']}", headers=ada).json()["title"] == "newer"


def test_what_is_missing_is_not_found_whatever_was_seen(client: TestClient, ada: Headers) -> None:
    headers = {**ada, "If-Match": '"1"'}
    assert client.delete(f"{URL}/{MISSING}", headers=headers).status_code == 404


def test_of_many_changes_of_one_version_one_is_made(client: TestClient, ada: Headers) -> None:
    task = add(client, ada)
    headers = {**ada, "If-Match": '"1"'}

    def change(number: int) -> int:
        body = {"title": f"by {number}"}
        answer = client.patch(f"{URL}/{task['id']}", json=body, headers=headers)
        return answer.status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = sorted(pool.map(change, range(8)))
    assert statuses == [200] + [412] * 7


def test_a_key_creates_once_and_answers_twice(client: TestClient, ada: Headers) -> None:
    headers = {**ada, "Idempotency-Key": "key-1"}
    first, second = (client.post(URL, json={"title": "x"}, headers=headers) for _ in range(2))
    assert first.status_code == second.status_code == 201
    assert first.json() == second.json()
    assert first.headers["etag"] == second.headers["etag"] == '"1"'
    replayed = [answer.headers["idempotency-replayed"] for answer in (first, second)]
    assert replayed == ["false", "true"]
    assert len(client.get(URL, headers=ada).json()["items"]) == 1


def test_a_key_stands_for_one_request(client: TestClient, ada: Headers) -> None:
    headers = {**ada, "Idempotency-Key": "key-1"}
    client.post(URL, json={"title": "x"}, headers=headers)
    assert client.post(URL, json={"title": "y"}, headers=headers).status_code == 409


def test_a_refused_request_does_not_use_up_its_key(client: TestClient, ada: Headers) -> None:
    headers = {**ada, "Idempotency-Key": "key-1"}
    assert client.post(URL, json={"title": ""}, headers=headers).status_code == 422
    assert client.post(URL, json={"title": "x"}, headers=headers).status_code == 201


def test_many_at_once_with_one_key_create_once(client: TestClient, ada: Headers) -> None:
    headers = {**ada, "Idempotency-Key": "key-1"}

    def create(_: int) -> tuple[int, str]:
        answer = client.post(URL, json={"title": "x"}, headers=headers)
        return answer.status_code, answer.text

    with ThreadPoolExecutor(8) as pool:
        answers = set(pool.map(create, range(8)))
    assert len(answers) == 1
    assert len(client.get(URL, headers=ada).json()["items"]) == 1


@pytest.mark.parametrize("key", ["", "x" * 256, "with space", "tab\there"])
def test_keys_are_bounded(client: TestClient, ada: Headers, key: str) -> None:
    headers = {**ada, "Idempotency-Key": key}
    assert client.post(URL, json={"title": "x"}, headers=headers).status_code == 422


def test_old_keys_are_forgotten(
    client: TestClient, ada: Headers, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = {**ada, "Idempotency-Key": "key-1"}
    first = client.post(URL, json={"title": "x"}, headers=headers).json()
    run(client, idempotency.forget_old)
    assert client.post(URL, json={"title": "x"}, headers=headers).json() == first
    monkeypatch.setattr(idempotency, "KEPT", -idempotency.KEPT)
    run(client, idempotency.forget_old)
    assert client.post(URL, json={"title": "x"}, headers=headers).json()["id"] != first["id"]
