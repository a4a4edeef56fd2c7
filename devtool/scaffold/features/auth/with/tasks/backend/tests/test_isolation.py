"""Nobody sees, changes or guesses what belongs to somebody else."""

import pytest
from fastapi.testclient import TestClient

from tests.people import sign_in
from tests.test_tasks import CALLS, MISSING, URL, Headers, add


@pytest.fixture
def eve(client: TestClient) -> Headers:
    """Somebody else."""
    return sign_in(client, "eve")


@pytest.mark.parametrize(("method", "path", "body"), CALLS)
@pytest.mark.parametrize("tag", [None, '"1"'])
def test_tasks_of_others_are_as_if_missing(
    client: TestClient,
    ada: Headers,
    eve: Headers,
    method: str,
    path: str,
    body: object,
    tag: str | None,
) -> None:
    task = add(client, ada)
    headers = eve if tag is None else {**eve, "If-Match": tag}
    theirs, nothing = (
        client.request(method, f"{URL}/{number}{path}", json=body, headers=headers)
        for number in (task["id"], MISSING)
    )
    assert theirs.status_code == nothing.status_code == 404
    assert theirs.json()["detail"] == nothing.json()["detail"]
    assert client.get(f"{URL}/{task['id']}", headers=ada).json() == task


@pytest.mark.parametrize(("method", "path", "body"), [*CALLS, ("GET", "s", None)])
def test_nobody_is_let_in_without_a_token(
    client: TestClient, ada: Headers, method: str, path: str, body: object
) -> None:
    task = add(client, ada)
    url = URL if path == "s" else f"{URL}/{task['id']}{path}"
    assert client.request(method, url, json=body).status_code == 401


def test_lists_counts_and_searches_show_ones_own(
    client: TestClient, ada: Headers, eve: Headers
) -> None:
    mine = add(client, ada, "mine")
    add(client, eve, "hers")
    for query in (
        "total=true",
        "total=true&search=e",
        f"total=true&cursor=created_at.{mine['id'] - 1}",
    ):
        page = client.get(f"{URL}?{query}", headers=ada).json()
        assert {task["title"] for task in page["items"]} <= {"mine"}
        assert page["total"] <= 1


def test_keys_of_others_repeat_nothing(client: TestClient, ada: Headers, eve: Headers) -> None:
    key = {"Idempotency-Key": "the-same"}
    mine, hers = (
        client.post(URL, json={"title": "x"}, headers={**who, **key}) for who in (ada, eve)
    )
    assert mine.json()["id"] != hers.json()["id"]
    assert hers.headers["idempotency-replayed"] == "false"


def test_an_owner_cannot_be_chosen(client: TestClient, ada: Headers, eve: Headers) -> None:
    somebody = client.get("/api/v1/auth/me", headers=eve).json()["id"]
    for field in ("user_id", "owner", "id", "version", "created_at"):
        body = {"title": "x", field: somebody}
        assert client.post(URL, json=body, headers=ada).status_code == 422
