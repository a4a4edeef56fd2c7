"""Sessions of browsers: what lasts is in a cookie, and only pages of this address get at it."""

from http.cookies import Morsel, SimpleCookie

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

from app.routers import browser
from tests.people import PASSWORD, bearer, email, sign_up
from tests.people import URL as ACCOUNTS

URL = "/api/v1/session"


def enter(client: TestClient, name: str = "ada", password: str = PASSWORD) -> Response:
    return client.post(URL, json={"email": email(name), "password": password})


def cookie_of(answer: Response) -> Morsel[str]:
    """The cookie that an answer sets."""
    return SimpleCookie(answer.headers["set-cookie"])[browser.COOKIE]


def holding(answer: Response) -> dict[str, str]:
    """The headers of a browser that keeps the cookie of an answer."""
    return {"Cookie": f"{browser.COOKIE}={cookie_of(answer).value}"}


def is_known(client: TestClient, answer: Response) -> bool:
    """Whether the access token of an answer works."""
    headers = bearer(answer.json()["access_token"])
    return client.get(f"{ACCOUNTS}/me", headers=headers).status_code == 200


@pytest.fixture
def entered(client: TestClient) -> Response:
    """The answer to somebody who signed in."""
    sign_up(client, "ada")
    answer = enter(client)
    client.cookies.clear()  # every request says which cookie it holds
    return answer


def test_the_token_that_lasts_is_in_a_cookie_alone(client: TestClient, entered: Response) -> None:
    assert entered.status_code == 201
    assert set(entered.json()) == {"access_token", "token_type", "expires_in"}
    assert is_known(client, entered)
    cookie = cookie_of(entered)
    assert cookie["httponly"] is True
    assert cookie["secure"] is True
    assert (cookie["samesite"], cookie["path"]) == ("strict", URL)
    assert int(cookie["max-age"]) == 14 * browser.DAY


def test_the_cookie_gives_a_new_token_and_is_replaced(
    client: TestClient, entered: Response
) -> None:
    answer = client.post(f"{URL}/refresh", headers=holding(entered))
    assert answer.status_code == 200
    assert is_known(client, answer)
    assert cookie_of(answer).value != cookie_of(entered).value


def test_a_page_that_missed_the_answer_may_ask_again(client: TestClient, entered: Response) -> None:
    first, second = (client.post(f"{URL}/refresh", headers=holding(entered)) for _ in range(2))
    assert is_known(client, first)
    assert is_known(client, second)


def test_a_cookie_that_was_replaced_long_ago_ends_the_session(
    client: TestClient, entered: Response, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer = client.post(f"{URL}/refresh", headers=holding(entered))
    monkeypatch.setattr(browser, "LEEWAY_SECONDS", 0)
    assert client.post(f"{URL}/refresh", headers=holding(entered)).status_code == 401
    assert client.post(f"{URL}/refresh", headers=holding(newer)).status_code == 401
    assert not is_known(client, newer)


def test_signing_out_ends_the_session_and_takes_the_cookie(
    client: TestClient, entered: Response
) -> None:
    answer = client.delete(URL, headers=holding(entered))
    assert answer.status_code == 204
    assert cookie_of(answer)["max-age"] == "0"
    assert client.post(f"{URL}/refresh", headers=holding(entered)).status_code == 401
    assert not is_known(client, entered)


def test_signing_out_with_a_token_that_nobody_gave_out_does_no_harm(
    client: TestClient, entered: Response
) -> None:
    headers = {"Cookie": f"{browser.COOKIE}=made-up"}
    assert client.delete(URL, headers=headers).status_code == 204
    assert is_known(client, entered)


def test_without_the_cookie_there_is_no_session(client: TestClient) -> None:
    assert client.post(f"{URL}/refresh").status_code == 401
    assert client.delete(URL).status_code == 401


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_pages_of_other_addresses_are_refused(
    client: TestClient, entered: Response, site: str
) -> None:
    headers = {**holding(entered), "Sec-Fetch-Site": site}
    assert client.post(f"{URL}/refresh", headers=headers).status_code == 403
    assert client.delete(URL, headers=headers).status_code == 403
    own = {**headers, "Sec-Fetch-Site": "same-origin"}
    assert client.post(f"{URL}/refresh", headers=own).status_code == 200


def test_a_wrong_password_sets_no_cookie(client: TestClient, entered: Response) -> None:
    assert entered.is_success
    answer = enter(client, password="wrong")
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers


def test_attempts_are_counted_as_those_of_programs_are(client: TestClient) -> None:
    statuses = [enter(client, "nobody").status_code for _ in range(11)]
    assert statuses == [401] * 10 + [429]
