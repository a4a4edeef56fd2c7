"""What strangers try against a generated backend that is served as in production, on PostgreSQL.

The ten classes of the OWASP API Security Top 10 (2023) are marked A1 to A10; H is plain HTTP, D is
an outage of the database. No answer may be a 500, and every refusal is a problem document.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import pytest

from tests.generated.attacks import FORGERIES, forged, refused
from tests.generated.installed import files_of, link_python, python_packages, write_files
from tests.generated.postgres import create_database, postgres, run_sql
from tests.generated.served import API, PASSWORD, SECRET, Answer, Server, address, served

pytestmark = pytest.mark.generated

TASKS = f"{API}/tasks"
AUTH = f"{API}/auth"
MISSING = 2**40


class World(NamedTuple):
    """A server, two people who have accounts there, and a task of the first."""

    server: Server
    database: str
    ada: str
    eve: str
    task: int


@pytest.fixture(scope="module")
def backend(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("attacked")
    write_files(files_of("auth", "tasks"), folder)
    link_python(python_packages(request.config), folder / "backend")
    return folder / "backend"


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with postgres(tmp_path_factory.mktemp("postgres")) as server:
        yield create_database(server, "attacked")


@pytest.fixture(scope="module")
def world(backend: Path, database: str) -> Iterator[World]:
    python = backend / ".venv" / "bin" / "python"
    with served(python, backend, database) as server:
        for name in ("ada", "eve"):
            server.sign_up(name)
        ada, eve = server.token("ada"), server.token("eve")
        yield World(server, database, ada, eve, server.add(ada))


CALLS: tuple[tuple[str, str, object], ...] = (
    ("GET", "", None),
    ("PUT", "", {"title": "taken"}),
    ("PATCH", "", {"title": "taken"}),
    ("PATCH", "/complete", None),
    ("DELETE", "", None),
)


# A1: other people's objects
@pytest.mark.parametrize(("method", "path", "body"), CALLS)
def test_a1_tasks_of_others_look_missing(
    world: World, method: str, path: str, body: object
) -> None:
    theirs, nothing = (
        world.server.ask(method, f"{TASKS}/{number}{path}", body, world.eve)
        for number in (world.task, MISSING)
    )
    refused(theirs, 404)
    assert theirs.json["detail"] == nothing.json["detail"]
    assert world.server.ask("GET", f"{TASKS}/{world.task}", token=world.ada).status == 200


def test_a1_lists_and_searches_hold_ones_own(world: World) -> None:
    for query in ("", "?search=task", "?cursor=created_at.0", "?total=true", "?user_id=x"):
        answer = world.server.ask("GET", f"{TASKS}{query}", token=world.eve)
        refused(answer, 200, 422)
        assert answer.status == 422 or world.task not in [t["id"] for t in answer.json["items"]]


# A2 is about who somebody is
@pytest.mark.parametrize("name", FORGERIES)
def test_a2_forged_tokens_are_refused(world: World, name: str) -> None:
    refused(world.server.ask("GET", TASKS, token=forged(world.ada, name)), 401)


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer ", "Basic YTpi", "Token x", "Bearer a.b.c", "Bearer " + "x" * 9000],
)
def test_a2_other_credentials_are_refused(world: World, header: str) -> None:
    answer = world.server.ask("GET", TASKS, Authorization=header)
    refused(answer, 401, 431)
    assert answer.headers["www-authenticate"] == "Bearer"


def test_a2_a_token_with_another_signature_is_refused(world: World) -> None:
    head, claims, signature = world.ada.split(".")
    for token in (f"{head}.{claims}.", f"{head}.{claims}.{signature[::-1]}", f"{head}.{claims}"):
        refused(world.server.ask("GET", TASKS, token=token), 401)


def test_a2_a_token_in_the_address_does_not_count(world: World) -> None:
    refused(world.server.ask("GET", f"{TASKS}?access_token={world.ada}"), 401)


def test_a2_passwords_cannot_be_guessed(world: World) -> None:
    world.server.sign_up("guessed")
    statuses = [world.server.log_in("guessed", f"wrong {n}").status for n in range(30)]
    assert set(statuses) == {401, 429}
    assert statuses[:5] == [401] * 5
    last = world.server.log_in("guessed")
    refused(last, 429)
    assert int(last.headers["retry-after"]) > 0


def test_a2_signing_out_counts_at_once(world: World) -> None:
    world.server.sign_up("leaver")
    tokens = world.server.log_in("leaver").json
    token = tokens["access_token"]
    assert world.server.ask("POST", f"{AUTH}/logout", token=token).status == 204
    refused(world.server.ask("GET", TASKS, token=token), 401)
    body = {"refresh_token": tokens["refresh_token"]}
    refused(world.server.ask("POST", f"{AUTH}/refresh", body), 401)


def test_a2_a_stolen_refresh_token_ends_the_session(world: World) -> None:
    world.server.sign_up("robbed")
    old = {"refresh_token": world.server.log_in("robbed").json["refresh_token"]}
    new = world.server.ask("POST", f"{AUTH}/refresh", old).json
    refused(world.server.ask("POST", f"{AUTH}/refresh", old), 401)
    refused(world.server.ask("GET", TASKS, token=new["access_token"]), 401)
    body = {"refresh_token": new["refresh_token"]}
    refused(world.server.ask("POST", f"{AUTH}/refresh", body), 401)


def test_a2_a_new_password_ends_every_session(world: World) -> None:
    world.server.sign_up("changer")
    first, second = world.server.token("changer"), world.server.token("changer")
    body = {"current_password": PASSWORD, "new_password": "a better password"}
    assert world.server.ask("POST", f"{AUTH}/password", body, first).status == 200
    for token in (first, second):
        refused(world.server.ask("GET", TASKS, token=token), 401)


def test_a2_nobody_learns_who_has_an_account(world: World) -> None:
    taken, free = (
        world.server.ask("POST", f"{AUTH}/signup", {"email": address(n), "password": PASSWORD})
        for n in ("ada", "nobody-yet")
    )
    assert (taken.status, taken.body) == (free.status, free.body)
    known, unknown = (world.server.log_in(name, "wrong") for name in ("ada", "stranger"))
    assert known.json["detail"] == unknown.json["detail"]
    asked = [
        world.server.ask("POST", f"{AUTH}/password/forgot", {"email": address(name)})
        for name in ("ada", "stranger")
    ]
    assert asked[0].body == asked[1].body


def test_a2_time_does_not_tell_who_has_an_account(world: World) -> None:
    """Hashing takes tens of times as long as all the rest: without it the ratio would be far off."""
    world.server.sign_up("timed")

    def seconds(name: str) -> float:
        started = time.perf_counter()
        refused(world.server.log_in(name, "wrong"), 401)
        return time.perf_counter() - started

    pairs = [(seconds("timed"), seconds(f"not-there-{number}")) for number in range(7)]
    assert 0.3 < median(known / unknown for known, unknown in pairs) < 3


@pytest.mark.parametrize("email", ["ADA@EXAMPLE.COM", "Ada@example.com"])
def test_a2_letter_case_makes_no_second_account(world: World, email: str) -> None:
    body = {"email": email, "password": "another password"}
    assert world.server.ask("POST", f"{AUTH}/signup", body).status == 201
    assert world.server.log_in(email.split("@", maxsplit=1)[0].lower()).status == 200


# A3: properties that are nobody's business
@pytest.mark.parametrize(
    "field",
    ["id", "user_id", "owner", "version", "completed", "created_at", "__class__", "is_admin"],
)
def test_a3_no_other_properties_can_be_set(world: World, field: str) -> None:
    body = {"title": "x", field: 1}
    refused(world.server.ask("POST", TASKS, body, world.ada), 422)


def test_a3_accounts_cannot_be_given_more(world: World) -> None:
    for field in ("id", "verified", "is_admin", "role"):
        body = {"email": "more@example.com", "password": PASSWORD, field: True}
        refused(world.server.ask("POST", f"{AUTH}/signup", body), 422)


def test_a3_answers_hold_no_secrets(world: World) -> None:
    me = world.server.ask("GET", f"{AUTH}/me", token=world.ada)
    assert set(me.json) == {"id", "email", "verified", "created_at"}
    task = world.server.ask("GET", f"{TASKS}/{world.task}", token=world.ada).json
    assert not {"user_id", "password_hash"} & set(task)


# A4 is about what a request may cost
def test_a4_long_bodies_are_refused_before_they_are_read(world: World) -> None:
    head = b"POST /api/v1/tasks HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\n\r\n"
    assert b" 413 " in world.server.raw(head).split(b"\r\n")[0]


def test_a4_bodies_without_an_end_are_cut_off(world: World) -> None:
    head = (
        b"POST /api/v1/tasks HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n"
    )
    chunk = b"4000\r\n" + b"x" * 0x4000 + b"\r\n"
    assert b" 413 " in world.server.raw(head + chunk * 5).split(b"\r\n")[0]


@pytest.mark.parametrize(
    "query", ["limit=-1", "limit=0", "limit=101", "limit=1" + "0" * 30, "limit=NaN"]
)
def test_a4_pages_are_bounded(world: World, query: str) -> None:
    refused(world.server.ask("GET", f"{TASKS}?{query}", token=world.ada), 422)


def test_a4_long_passwords_cost_nothing(world: World) -> None:
    body = {"email": "long@example.com", "password": "x" * 50_000}
    refused(world.server.ask("POST", f"{AUTH}/signup", body), 422)


def test_a4_mails_are_bounded(world: World) -> None:
    for _ in range(8):
        world.server.ask("POST", f"{AUTH}/password/forgot", {"email": address("eve")})
    sent = [file.read_bytes() for file in (world.server.folder / "mails").glob("*.eml")]
    assert sum(b"To: eve@" in mail for mail in sent) <= 5


# A5 and A7 to A9: functions, requests of the server, configuration, inventory
@pytest.mark.parametrize(
    "path", ["/docs", "/redoc", "/openapi.json", "/admin", "/metrics", "/.env", "/app.db"]
)
def test_a5_nothing_else_is_shown(world: World, path: str) -> None:
    refused(world.server.ask("GET", path), 404)


@pytest.mark.parametrize("method", ["TRACE", "OPTIONS", "CONNECT", "PROPFIND", "HEAD"])
def test_a5_other_methods_do_nothing(world: World, method: str) -> None:
    head = f"{method} {TASKS} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    status = world.server.raw(head.encode()).split(b" ")[1]
    assert status in {b"400", b"404", b"405"}


def test_a5_a_wrong_method_is_told_the_right_ones(world: World) -> None:
    answer = world.server.ask("DELETE", TASKS, token=world.ada)
    refused(answer, 405)
    assert answer.headers["allow"] == "GET, POST"


@pytest.mark.parametrize("origin", ["https://evil.test", "null", "http://localhost:3000"])
def test_a8_no_page_may_call(world: World, origin: str) -> None:
    for method in ("GET", "OPTIONS"):
        answer = world.server.ask(
            method, TASKS, token=world.ada, Origin=origin, Access_Control_Request_Method="GET"
        )
        assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("host", ["evil.test", "localhost.evil.test", "localhost@evil.test", ""])
def test_a8_other_hosts_are_refused(world: World, host: str) -> None:
    for path in ("/health/live", "/health/live/", TASKS):
        head = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        answer = world.server.raw(head.encode())
        assert b" 400 " in answer.split(b"\r\n")[0]
        assert b"evil" not in answer


def test_a8_a_slash_is_no_redirect(world: World) -> None:
    refused(world.server.ask("GET", f"{TASKS}/", token=world.ada), 404)


def test_a8_answers_are_safe_to_show_and_not_kept(world: World) -> None:
    for answer in (
        world.server.ask("GET", f"{TASKS}/{world.task}", token=world.ada),
        world.server.ask("GET", "/nothing"),
    ):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert "max-age" in answer.headers["strict-transport-security"]


@pytest.mark.parametrize("key", ["secret", "change-me", "changethis", "short-k3y", "x" * 64])
def test_a8_weak_keys_do_not_start_and_are_not_printed(world: World, key: str) -> None:
    env = world.server.env | {"SECRET_KEY": key}
    python = str(world.server.folder / ".venv" / "bin" / "python")
    done = subprocess.run(
        (python, "-c", "import main"),
        cwd=world.server.folder,
        env=env,
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert done.returncode != 0
    assert key.encode() not in done.stderr.replace(b"import secrets", b"")[-400:]


# A10 and injection: what comes in is data
BODIES: dict[str, bytes] = {
    "blank": b'{"title": "   "}',
    "too long": b'{"title": "' + b"x" * 201 + b'"}',
    "NUL": b'{"title": "a\\u0000b"}',
    "NUL below": b'{"title": "a", "description": "\\u0000"}',
    "a lone surrogate": b'{"title": "\\ud800"}',
    "a lone surrogate as name": b'{"title": "a", "\\udfff": 1}',
    "NaN": b'{"title": NaN}',
    "Infinity": b'{"title": "a", "x": -Infinity}',
    "a number": b'{"title": 1e400}',
    "digits": b'{"title": "a", "x": ' + b"9" * 5000 + b"}",
    "null": b"null",
    "a list": b'[{"title": "a"}]',
    "a text": b'"title"',
    "nothing": b"",
    "half": b'{"title": "a"',
    "deep": b"[" * 30_000,
    "deep objects": b'{"title":' * 6_000,
    "not UTF-8": b'{"title": "\xff\xfe"}',
    "a long name": b'{"title": "a", "' + b"n" * 20_000 + b'": 1}',
}


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a10_bad_bodies_are_refused(world: World, name: str, method: str) -> None:
    path = TASKS if method == "POST" else f"{TASKS}/{world.task}"
    answer = world.server.ask(method, path, BODIES[name], world.ada)
    refused(answer, 400, 422)
    assert len(answer.body) < 1500


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "multipart/form-data", ""])
def test_a10_other_kinds_of_bodies_are_refused(world: World, kind: str) -> None:
    answer = world.server.ask("POST", TASKS, b'{"title": "a"}', world.ada, Content_Type=kind)
    refused(answer, 400, 415, 422)


@pytest.mark.parametrize("number", ["0", "-1", "1.5", "abc", "9" * 30, "1%00", "%ff", "1;2", "٣"])
def test_a10_bad_numbers_are_refused(world: World, number: str) -> None:
    path = f"{TASKS}/{number}" if number.isascii() else f"{TASKS}/%D9%A3"
    refused(world.server.ask("GET", path, token=world.ada), 404, 422)


@pytest.mark.parametrize(
    "query",
    [
        "sort=user_id",
        "sort=title%3Bdrop",
        "search=%00",
        "cursor=%00",
        "cursor=title.zz.1",
        "nothing=1",
        "completed=2",
    ],
)
def test_a10_bad_queries_are_refused(world: World, query: str) -> None:
    refused(world.server.ask("GET", f"{TASKS}?{query}", token=world.ada), 422)


@pytest.mark.parametrize(
    "search", ["%25", "_", "%27%20OR%201%3D1%20--", "%5C", "%ED%A0%80", "%F0%9F%98%80"]
)
def test_a10_searches_take_characters_as_they_are(world: World, search: str) -> None:
    answer = world.server.ask("GET", f"{TASKS}?search={search}", token=world.ada)
    assert answer.status == 200
    assert answer.json["items"] == []


def test_a10_passwords_are_not_repeated(world: World) -> None:
    body = {"email": "no address", "password": "hunter2-hunter2"}
    answer = world.server.ask("POST", f"{AUTH}/signup", body)
    refused(answer, 422)
    assert b"hunter2" not in answer.body
    assert b"hunter2" not in (world.server.folder / "served.log").read_bytes()


# Races
def test_r_ten_sign_ups_at_once_make_one_account(world: World) -> None:
    body = {"email": "ten@example.com", "password": PASSWORD}
    answers = at_once(10, lambda: world.server.ask("POST", f"{AUTH}/signup", body))
    assert {answer.status for answer in answers} == {201}
    found = run_sql(world.database, "SELECT count(*) FROM users WHERE email = 'ten@example.com'")
    assert found == "1"


def test_r_of_many_deletes_one_succeeds(world: World) -> None:
    number = world.server.add(world.ada)
    path = f"{TASKS}/{number}"
    answers = at_once(8, lambda: world.server.ask("DELETE", path, token=world.ada))
    assert sorted(answer.status for answer in answers) == [204] + [404] * 7


def test_r_changes_that_race_a_delete_do_no_harm(world: World) -> None:
    number = world.server.add(world.ada)
    path = f"{TASKS}/{number}"
    with ThreadPoolExecutor(8) as pool:
        work = [
            pool.submit(world.server.ask, method, path, body, world.ada)
            for method, body in [("PUT", {"title": "x"}), ("PATCH", {"completed": True})] * 3
            + [("DELETE", None)]
        ]
        statuses = {item.result().status for item in work}
    assert statuses <= {200, 204, 404}


def test_r_of_many_changes_of_one_version_one_is_made(world: World) -> None:
    number = world.server.add(world.ada)
    body, path = {"title": "changed"}, f"{TASKS}/{number}"
    answers = at_once(8, lambda: world.server.ask("PATCH", path, body, world.ada, If_Match='"1"'))
    assert sorted(answer.status for answer in answers) == [200] + [412] * 7


def test_r_one_key_creates_once(world: World) -> None:
    key = "a-key-of-the-race"
    answers = at_once(
        8, lambda: world.server.ask("POST", TASKS, {"title": "x"}, world.ada, Idempotency_Key=key)
    )
    assert {answer.status for answer in answers} == {201}
    assert len({answer.body for answer in answers}) == 1


def test_r_of_many_refreshes_one_works(world: World) -> None:
    world.server.sign_up("racer")
    body = {"refresh_token": world.server.log_in("racer").json["refresh_token"]}
    answers = at_once(8, lambda: world.server.ask("POST", f"{AUTH}/refresh", body))
    assert sorted(answer.status for answer in answers) == [200] + [401] * 7


def at_once(times: int, ask: Any) -> list[Answer]:
    with ThreadPoolExecutor(times) as pool:
        return [item.result() for item in [pool.submit(ask) for _ in range(times)]]


# Plain HTTP
@pytest.mark.parametrize(
    "data",
    [
        b"NOT HTTP\r\n\r\n",
        b"\0\0\0\0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.test\r\nConnection: close\r\n\r\n",
        b"GET /%zz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        b"POST /api/v1/tasks HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        b"POST /api/v1/tasks HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
    ],
)
def test_h_what_is_no_proper_http_does_no_harm(world: World, data: bytes) -> None:
    answer = world.server.raw(data)
    assert b" 500 " not in answer[:20]
    assert world.server.ask("GET", "/health/live").status == 200


def test_h_half_sent_requests_keep_nobody_waiting(world: World) -> None:
    import socket

    half = b"POST /api/v1/tasks HTTP/1.1\r\nHost: localhost\r\nContent-Length: 900\r\n\r\n{"
    slow = [socket.create_connection(("127.0.0.1", world.server.port)) for _ in range(60)]
    try:
        for sock in slow:
            sock.sendall(half)
        assert world.server.ask("GET", TASKS, token=world.ada).status == 200
    finally:
        for sock in slow:
            sock.close()


def test_h_ids_of_requests_are_checked(world: World) -> None:
    given = world.server.ask("GET", "/health/live", X_Request_ID="good-id-0123456789")
    assert given.headers["x-request-id"] == "good-id-0123456789"
    for bad in ("<script>alert(1)</script>", "x" * 500):
        answer = world.server.ask("GET", "/health/live", X_Request_ID=bad)
        assert answer.headers["x-request-id"] != bad


# Outages: last, since they stop what all the others need
def test_y_cut_connections_are_not_noticed(world: World) -> None:
    cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid != pg_backend_pid()"
    for _ in range(3):
        run_sql(world.database, f"{cut} AND datname = current_database()")
        time.sleep(0.05)
        assert world.server.ask("GET", TASKS, token=world.ada).status == 200


def test_z_without_a_database_it_says_so_and_recovers(world: World) -> None:
    name = world.database.rpartition("/")[2]
    admin = world.database.rpartition("/")[0] + "/postgres"
    run_sql(admin, f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
    run_sql(
        admin, f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
    )
    time.sleep(0.05)
    try:
        for path in (TASKS, f"{TASKS}/{world.task}", "/health/ready", f"{AUTH}/me"):
            answer = world.server.ask("GET", path, token=world.ada)
            refused(answer, 503)
            assert answer.headers["retry-after"]
        refused(world.server.log_in("ada"), 503)
        assert world.server.ask("GET", "/health/live").status == 200
    finally:
        run_sql(admin, f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
    for _ in range(20):
        assert world.server.ask("GET", TASKS, token=world.ada).status == 200


def test_zz_the_log_holds_no_secrets(world: World) -> None:
    log = (world.server.folder / "served.log").read_bytes()
    assert world.ada.encode() not in log
    assert PASSWORD.encode() not in log
    assert SECRET.encode() not in log


def test_zz_nothing_was_unexpected(world: World) -> None:
    log = (world.server.folder / "served.log").read_text("utf-8", "replace")
    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    assert [line for line in lines if line["message"] == "unexpected error"] == []
    assert not [line for line in lines if line.get("status") == 500]
