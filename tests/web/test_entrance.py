"""Who gets in: nobody but the holder of the link, and no page of another origin on his behalf."""

from __future__ import annotations

import http.client
import json
import socket
import time

import pytest

from devtool.web.entrance import Entrance
from devtool.web.server import MAX_BODY, MAX_CONNECTIONS, WebServer
from tests.web.conftest import Asker

ASKED = ("/api/events", "/api/project", "/api/routes", "/api/checks")
REBOUND = (
    "evil.example",
    "evil.example:80",
    "127.0.0.1.evil.example",
    "localhost.evil.example",
    "",
)


def test_the_page_itself_holds_nothing_and_needs_nothing(asker: Asker) -> None:
    answer = asker("/", headers={"Host": asker.host})
    assert answer.status == 200
    assert asker.server.entrance.token.encode() not in answer.body
    assert str(asker.server.root).encode() not in answer.body
    assert "Set-Cookie" not in answer.headers


def test_the_policy_lets_nothing_in_but_the_page_s_own_script(asker: Asker) -> None:
    first, second = asker("/"), asker("/")
    policy = first.headers["Content-Security-Policy"]
    nonce = policy.partition("script-src 'nonce-")[2].partition("'")[0]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert first.body.count(f'nonce="{nonce}"'.encode()) == 2
    assert nonce.encode() not in second.body
    assert b"http://" not in first.body.replace(b"http://www.w3.org/2000/svg", b"")
    assert b"https://" not in first.body


@pytest.mark.parametrize("path", ASKED)
def test_nothing_is_told_without_the_token(asker: Asker, path: str) -> None:
    wrong = "x" * len(asker.server.entrance.token)
    for headers in (
        {"Host": asker.host},
        {"Host": asker.host, "Authorization": f"Bearer {wrong}"},
        {"Host": asker.host, "Authorization": "Bearer "},
        {"Host": asker.host, "Authorization": asker.server.entrance.token},
        {"Host": asker.host, "Cookie": f"token={asker.server.entrance.token}"},
    ):
        answer = asker(path, headers=headers)
        assert answer.status == 401
        assert str(asker.server.root).encode() not in answer.body


@pytest.mark.parametrize("path", ["/", *ASKED])
@pytest.mark.parametrize("name", REBOUND)
def test_a_name_that_was_rebound_to_this_machine_is_refused(
    asker: Asker, path: str, name: str
) -> None:
    port = asker.server.server_port
    for host in {name, f"{name}:{port}"}:
        answer = asker(path, headers=asker.known | {"Host": host})
        assert answer.status == 421


def test_a_request_without_a_host_is_refused(asker: Asker) -> None:
    headers = {name: value for name, value in asker.known.items() if name != "Host"}
    assert asker("/api/project", headers=headers).status == 421


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "https://127.0.0.1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},  # the project's own page, on another port
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"},
    ],
    ids=str,
)
def test_pages_of_other_origins_are_refused(asker: Asker, headers: dict[str, str]) -> None:
    for path in ("/", *ASKED):
        assert asker(path, headers=asker.known | headers).status == 403
    body = json.dumps({"pid": 1, "service": "web", "do": "stop"}).encode()
    kind = {"Content-Type": "application/json"}
    answer = asker("/api/act", method="POST", headers=asker.known | kind | headers, body=body)
    assert answer.status == 403


def test_our_own_page_and_a_link_to_it_are_let_in(asker: Asker) -> None:
    own = {"Origin": f"http://{asker.host}", "Sec-Fetch-Site": "same-origin"}
    assert asker("/api/project", headers=asker.known | own).status == 200
    link = {
        "Sec-Fetch-Site": "cross-site",
        "Sec-Fetch-Mode": "navigate",
        "Sec-Fetch-Dest": "document",
    }
    assert asker("/", headers={"Host": asker.host} | link).status == 200


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_a_form_of_another_page_cannot_do_anything(asker: Asker, kind: str) -> None:
    body = json.dumps({"pid": 1, "service": "web", "do": "stop"}).encode()
    headers = {"Host": asker.host, "Content-Type": kind}
    assert asker("/api/act", method="POST", headers=headers, body=body).status == 401
    headers = asker.known | {"Content-Type": kind}
    assert asker("/api/act", method="POST", headers=headers, body=body).status == 415


def test_no_other_origin_is_ever_allowed_to_read(asker: Asker) -> None:
    asked = {"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"}
    answer = asker("/api/act", method="OPTIONS", headers=asker.known | asked)
    assert answer.status == 501
    assert not [name for name in answer.headers if name.lower().startswith("access-control")]


@pytest.mark.parametrize(
    ("body", "length", "status"),
    [
        (b"{", None, 400),
        (b"[" * 4000, None, 400),
        (b"\xff\xfe", None, 400),
        (b"[]", None, 400),
        (b'{"pid": true, "service": "web", "do": "stop"}', None, 409),
        (b'{"pid": "1", "service": "web", "do": "stop"}', None, 400),
        (b'{"pid": 1, "service": ["web"], "do": "stop"}', None, 400),
        (b'{"pid": 1, "service": "web", "do": "kill"}', None, 400),
        (b"x" * (MAX_BODY + 1), None, 413),
        (b"", "-1", 413),
        (b"", "many", 413),
        (b"", "9" * 400, 413),
    ],
)
def test_odd_requests_are_refused(
    asker: Asker, body: bytes, length: str | None, status: int
) -> None:
    headers = asker.known | {"Content-Type": "application/json"}
    if length is not None:
        headers |= {"Content-Length": length}
    answer = asker("/api/act", method="POST", headers=headers, body=body)
    assert answer.status == status
    assert answer.said["error"]


def test_only_what_is_named_is_served(asker: Asker) -> None:
    for path in ("/etc/passwd", "/../../etc/passwd", "/page/page.js", "/api", "/%2e%2e/x"):
        assert asker(path).status == 404


def test_it_listens_on_the_loopback_interface_alone(server: WebServer) -> None:
    assert server.server_address[0] == "127.0.0.1"


def test_many_silent_connections_do_not_exhaust_it(asker: Asker) -> None:
    address = ("127.0.0.1", asker.server.server_port)
    silent = [socket.create_connection(address) for _ in range(MAX_CONNECTIONS + 20)]
    # Those beyond the limit are closed at once; the rest are let go, and there is room again.
    for each in silent:
        each.close()
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            if asker("/").status == 200:
                return
        except (OSError, http.client.HTTPException):
            continue
    pytest.fail("nothing was answered any more")


def test_every_server_has_another_secret() -> None:
    assert Entrance(1).token != Entrance(1).token
    assert len(Entrance(1).token) >= 40
