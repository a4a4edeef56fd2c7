"""Tasks: every route, every bound."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.services.task import escaped

URL = "/api/v1/tasks"
MISSING = 2**40
Headers = dict[str, str]


def add(
    client: TestClient, who: Headers, title: str = "Buy milk", **more: object
) -> dict[str, Any]:
    """A new task."""
    answer = client.post(URL, json={"title": title, **more}, headers=who)
    assert answer.status_code == 201, answer.text
    task: dict[str, Any] = answer.json()
    return task


def test_a_new_task_is_open_and_can_be_read(client: TestClient, ada: Headers) -> None:
    answer = client.post(URL, json={"title": "Buy milk", "description": "two"}, headers=ada)
    task = answer.json()
    assert answer.headers["etag"] == '"1"'
    assert task["completed"] is False
    assert task["created_at"] == task["updated_at"]
    assert task["created_at"].endswith("Z")
    read = client.get(f"{URL}/{task['id']}", headers=ada)
    assert read.json() == task
    assert read.headers["etag"] == '"1"'


@pytest.mark.parametrize(
    ("title", "stored"),
    [
        ("  Buy milk\n", "Buy milk"),
        ("x" * 200, "x" * 200),
        (" " + "ü" * 200, "ü" * 200),
        ("0", "0"),
    ],
)
def test_titles_are_stripped(client: TestClient, ada: Headers, title: str, stored: str) -> None:
    assert add(client, ada, title)["title"] == stored


BAD = [
    {},
    {"title": ""},
    {"title": " \t\n"},
    {"title": "x" * 201},
    {"title": None},
    {"title": 7},
    {"title": ["x"]},
    {"title": "a\0b"},
    {"title": "x", "description": "x" * 1001},
    {"title": "x", "description": "\0"},
    {"title": "x", "description": None},
    {"title": "x", "user_id": "somebody"},
    {"title": "x", "id": 1},
    [],
    "x",
    None,
]


@pytest.mark.parametrize("body", BAD)
def test_bad_bodies_are_refused(client: TestClient, ada: Headers, body: object) -> None:
    answer = client.post(URL, json=body, headers=ada)
    assert answer.status_code == 422
    assert answer.json()["errors"]
    task = add(client, ada)
    assert client.put(f"{URL}/{task['id']}", json=body, headers=ada).status_code == 422
    assert client.get(f"{URL}/{task['id']}", headers=ada).json() == task


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"title": "\\ud800"}', 422),
        (b'{"title": "x", "\\ud800": 1}', 422),
        (b'{"title": NaN}', 422),
        (b'{"title": "x", "extra": Infinity}', 422),
        (b'{"title": "x"', 422),
        (b'{"title": "\xff"}', 400),
        (b"[" * 60_000, 400),
        (b'{"title": "x", "n": ' + b"9" * 5000 + b"}", 400),
    ],
)
def test_what_is_no_proper_json_is_refused(
    client: TestClient, ada: Headers, body: bytes, status: int
) -> None:
    headers = {**ada, "Content-Type": "application/json"}
    answer = client.post(URL, content=body, headers=headers)
    assert answer.status_code == status
    assert answer.json()["status"] == answer.status_code


def test_a_stream_without_an_end_is_cut_off(client: TestClient, ada: Headers) -> None:
    headers = {**ada, "Content-Type": "application/json"}
    answer = client.post(URL, content=iter([b"x" * 40_000] * 5), headers=headers)
    assert answer.status_code == 413


def test_errors_do_not_repeat_what_was_sent(client: TestClient, ada: Headers) -> None:
    answer = client.post(URL, json={"title": "secret" * 100}, headers=ada)
    assert "secret" not in answer.text
    answer = client.post(URL, json={"title": "x", "k" * 5000: 1}, headers=ada)
    assert len(answer.text) < 600


def test_replacing_sets_everything(client: TestClient, ada: Headers) -> None:
    task = add(client, ada, description="two")
    answer = client.put(f"{URL}/{task['id']}", json={"title": "Bread"}, headers=ada)
    changed = answer.json()
    assert (changed["title"], changed["description"], changed["completed"]) == ("Bread", "", False)
    assert changed["created_at"] == task["created_at"]
    assert changed["updated_at"] >= task["updated_at"]
    assert answer.headers["etag"] == '"2"'


@pytest.mark.parametrize(
    "change",
    [{"title": "Bread"}, {"description": "three"}, {"completed": True}, {}, {"title": None}],
)
def test_patching_changes_only_what_is_given(
    client: TestClient, ada: Headers, change: dict[str, object]
) -> None:
    task = add(client, ada, description="two")
    changed = client.patch(f"{URL}/{task['id']}", json=change, headers=ada).json()
    expected = task | {key: value for key, value in change.items() if value is not None}
    assert {**changed, "updated_at": ""} == {**expected, "updated_at": ""}


@pytest.mark.parametrize("change", [{"completed": "yes"}, {"completed": 1}, {"done": True}])
def test_patching_is_strict(client: TestClient, ada: Headers, change: dict[str, object]) -> None:
    task = add(client, ada)
    assert client.patch(f"{URL}/{task['id']}", json=change, headers=ada).status_code == 422


def test_completing_twice_is_completing(client: TestClient, ada: Headers) -> None:
    task = add(client, ada)
    for _ in range(2):
        answer = client.patch(f"{URL}/{task['id']}/complete", headers=ada)
        assert answer.json()["completed"] is True


def test_a_deleted_task_is_gone(client: TestClient, ada: Headers) -> None:
    task = add(client, ada)
    answer = client.delete(f"{URL}/{task['id']}", headers=ada)
    assert (answer.status_code, answer.content) == (204, b"")
    assert client.delete(f"{URL}/{task['id']}", headers=ada).status_code == 404
    assert add(client, ada)["id"] != task["id"]


CALLS = [
    ("GET", "", None),
    ("PUT", "", {"title": "x"}),
    ("PATCH", "", {"title": "x"}),
    ("PATCH", "/complete", None),
    ("DELETE", "", None),
]


@pytest.mark.parametrize(("method", "path", "body"), CALLS)
def test_missing_tasks_are_not_found(
    client: TestClient, ada: Headers, method: str, path: str, body: object
) -> None:
    answer = client.request(method, f"{URL}/{MISSING}{path}", json=body, headers=ada)
    assert answer.status_code == 404
    assert answer.json()["detail"] == "There is no such task."


@pytest.mark.parametrize("number", ["0", "-1", "1.5", "x", str(2**53), "9" * 40, "%00"])
def test_ids_are_bounded(client: TestClient, ada: Headers, number: str) -> None:
    assert client.get(f"{URL}/{number}", headers=ada).status_code == 422


def test_a_list_knows_its_methods(client: TestClient, ada: Headers) -> None:
    assert client.put(URL, headers=ada).headers["allow"] == "GET, POST"
    assert client.post(f"{URL}/1", headers=ada).headers["allow"] == "GET, PUT, PATCH, DELETE"


def titles(client: TestClient, who: Headers, **query: object) -> list[str]:
    """The titles of a page."""
    answer = client.get(URL, params={key: str(value) for key, value in query.items()}, headers=who)
    assert answer.status_code == 200, answer.text
    return [task["title"] for task in answer.json()["items"]]


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("created_at", ["b", "c", "a", "b"]),
        ("-created_at", ["b", "a", "c", "b"]),
        ("title", ["a", "b", "b", "c"]),
        ("-title", ["c", "b", "b", "a"]),
    ],
)
@pytest.mark.parametrize("limit", [1, 2, 3, 100])
def test_pages_cover_everything_once(
    client: TestClient, ada: Headers, sort: str, expected: list[str], limit: int
) -> None:
    for title in ("b", "c", "a", "b"):
        add(client, ada, title)
    seen: list[dict[str, Any]] = []
    query: dict[str, str | int] = {"sort": sort, "limit": limit}
    while True:
        page = client.get(URL, params=query, headers=ada).json()
        seen += page["items"]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert [task["title"] for task in seen] == expected
    assert len({task["id"] for task in seen}) == 4


def test_a_page_stays_in_place_when_tasks_come_and_go(client: TestClient, ada: Headers) -> None:
    tasks = [add(client, ada, title) for title in "abcd"]
    page = client.get(URL, params={"limit": 2}, headers=ada).json()
    client.delete(f"{URL}/{tasks[2]['id']}", headers=ada)  # the last one of that page
    add(client, ada, "e")
    assert titles(client, ada, cursor=page["next_cursor"]) == ["b", "a"]


def test_a_list_can_be_filtered_and_counted(client: TestClient, ada: Headers) -> None:
    add(client, ada, "open")
    done = add(client, ada, "done")
    client.patch(f"{URL}/{done['id']}/complete", headers=ada)
    assert titles(client, ada, completed="true") == ["done"]
    assert titles(client, ada, completed="false") == ["open"]
    page = client.get(URL, params={"limit": 1, "total": True}, headers=ada).json()
    assert (page["total"], len(page["items"])) == (2, 1)
    assert client.get(URL, headers=ada).json()["total"] is None


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("MILK", ["milk"]),
        ("two", ["milk"]),
        ("100%", ["100%"]),
        ("%", ["100%"]),
        ("_", ["a_b"]),
        ("\\", ["c\\d"]),
        ("' OR 1=1 --", []),
        ("\ud7ff", []),
    ],
)
def test_a_search_takes_every_character_as_it_is(
    client: TestClient, ada: Headers, search: str, found: list[str]
) -> None:
    add(client, ada, "milk", description="two litres")
    for title in ("100%", "a_b", "c\\d"):
        add(client, ada, title)
    assert titles(client, ada, search=search) == found


def test_escaping_leaves_nothing_special() -> None:
    assert escaped(r"50%_\x") == r"50\%\_\\x"


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=-1",
        "limit=101",
        "limit=1000000000000000000000000000000",
        "limit=x",
        "limit=1.5",
        "sort=user_id",
        "sort=title;drop",
        "cursor=x",
        "cursor=title.zz.1",
        "cursor=created_at.99999999999999999999",
        "completed=maybe",
        "search=%00",
        f"search={'x' * 101}",
        "total=2",
        "offset=1",
    ],
)
def test_bad_queries_are_refused(client: TestClient, ada: Headers, query: str) -> None:
    assert client.get(f"{URL}?{query}", headers=ada).status_code == 422


@pytest.mark.parametrize("cursor", ["title.ff.1", "title.00.1", "-title..0", "-created_at.0"])
def test_strange_cursors_of_the_right_form_are_harmless(
    client: TestClient, ada: Headers, cursor: str
) -> None:
    assert client.get(URL, params={"cursor": cursor}, headers=ada).status_code == 200
