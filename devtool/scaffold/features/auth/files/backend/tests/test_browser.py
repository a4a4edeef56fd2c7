"""Sessions of browsers: the lasting token is in a cookie that no script reads."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from app.routers import browser
from tests.people import PASSWORD, bearer, email, sign_up
from tests.people import URL as AUTH

URL = "/api/v1/session"


@pytest.fixture
def secure(client: TestClient) -> TestClient:
    """A browser on a page of this address, over TLS, with an account."""
    client.base_url = client.base_url.copy_with(scheme="https")
    sign_up(client, "ada")
    return client


@pytest.fixture(autouse=True)
def plain_again(served: TestClient) -> Iterator[None]:
    """Leave the client as it was."""
    before = served.base_url
    yield
    served.base_url = before
    served.cookies.clear()


def open_session(client: TestClient) -> str:
    """The access token of a new session."""
    body = {"email": email("ada"), "password": PASSWORD}
    answer = client.post(URL, json=body)
    assert answer.status_code == 201, answer.text
    assert "refresh_token" not in answer.json()
    cookie = answer.headers["set-cookie"].lower()
    for attribute in ("httponly", "secure", "samesite=strict", f"path={URL}"):
        assert attribute in cookie
    return str(answer.json()["access_token"])


def test_a_browser_signs_in_stays_and_leaves(secure: TestClient) -> None:
    token = open_session(secure)
    assert secure.get(f"{AUTH}/me", headers=bearer(token)).status_code == 200
    renewed = secure.post(f"{URL}/refresh").json()["access_token"]
    assert secure.get(f"{AUTH}/me", headers=bearer(renewed)).status_code == 200
    assert secure.delete(URL).status_code == 204
    assert secure.get(f"{AUTH}/me", headers=bearer(renewed)).status_code == 401
    assert secure.post(f"{URL}/refresh").status_code == 401


def test_without_the_cookie_nobody_is_known(secure: TestClient) -> None:
    assert secure.post(f"{URL}/refresh").status_code == 401
    secure.cookies.set(browser.COOKIE, "invented")
    assert secure.post(f"{URL}/refresh").status_code == 401
    assert secure.delete(URL).status_code == 204


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_pages_of_others_may_not(secure: TestClient, site: str) -> None:
    open_session(secure)
    headers = {"Sec-Fetch-Site": site}
    assert secure.post(f"{URL}/refresh", headers=headers).status_code == 403
    assert secure.post(f"{URL}/refresh", headers={"Sec-Fetch-Site": "same-origin"}).is_success


def test_the_same_page_may_ask_twice_within_moments(secure: TestClient) -> None:
    open_session(secure)
    (old,) = [cookie.value for cookie in secure.cookies.jar]
    assert secure.post(f"{URL}/refresh").is_success
    secure.cookies.clear()
    secure.cookies.set(browser.COOKIE, str(old))
    assert secure.post(f"{URL}/refresh").is_success
