"""Accounts: signing up, in and out, and what the tokens are good for."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from fastapi.testclient import TestClient
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from app import security
from app.auth_settings import get_auth_settings
from app.errors import UnauthorizedError
from app.services import auth, session
from tests.conftest import run
from tests.people import PASSWORD, URL, bearer, email, log_in, sign_in, sign_up

Headers = dict[str, str]


def test_somebody_signs_up_in_and_out(client: TestClient) -> None:
    sign_up(client, "ada")
    tokens = log_in(client, "ada")
    assert tokens["token_type"] == "bearer"
    headers = bearer(tokens["access_token"])
    me = client.get(f"{URL}/me", headers=headers).json()
    assert me["email"] == "ada@example.com"
    assert me["verified"] is False
    assert set(me) == {"id", "email", "verified", "created_at"}
    assert client.post(f"{URL}/logout", headers=headers).status_code == 204
    assert client.get(f"{URL}/me", headers=headers).status_code == 401
    body = {"refresh_token": tokens["refresh_token"]}
    assert client.post(f"{URL}/refresh", json=body).status_code == 401


def test_signing_out_ends_one_session(client: TestClient) -> None:
    sign_up(client, "ada")
    first, second = (bearer(log_in(client, "ada")["access_token"]) for _ in range(2))
    client.post(f"{URL}/logout", headers=first)
    assert client.get(f"{URL}/me", headers=second).status_code == 200


def test_letter_case_makes_no_second_account(client: TestClient) -> None:
    sign_up(client, "ada")
    body = {"email": "ADA@Example.com", "password": "another password"}
    assert client.post(f"{URL}/signup", json=body).status_code == 201
    form = {"username": "Ada@EXAMPLE.com", "password": PASSWORD}
    assert client.post(f"{URL}/login", data=form).status_code == 200
    form["password"] = "another password"
    assert client.post(f"{URL}/login", data=form).status_code == 401


def test_nobody_learns_who_has_an_account(client: TestClient) -> None:
    body = {"email": email("ada"), "password": PASSWORD}
    first, second = (client.post(f"{URL}/signup", json=body) for _ in range(2))
    assert (first.status_code, first.json()) == (second.status_code, second.json())
    wrong = {"username": email("ada"), "password": "wrong"}
    nobody = {"username": email("nobody"), "password": "wrong"}
    answers = [client.post(f"{URL}/login", data=form) for form in (wrong, nobody)]
    assert [answer.status_code for answer in answers] == [401, 401]
    assert answers[0].json()["detail"] == answers[1].json()["detail"]
    asked = [
        client.post(f"{URL}/password/forgot", json={"email": email(name)})
        for name in ("ada", "nobody")
    ]
    assert [answer.status_code for answer in asked] == [202, 202]
    assert asked[0].json() == asked[1].json()


def test_an_unknown_user_costs_a_hash_too(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashes: list[str] = []
    verify = security.hasher.verify_and_update

    def count(password: str, hashed: str) -> tuple[bool, str | None]:
        hashes.append(hashed)
        return verify(password, hashed)

    monkeypatch.setattr(security.hasher, "verify_and_update", count)
    client.post(f"{URL}/login", data={"username": email("nobody"), "password": "wrong"})
    assert len(hashes) == 1


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"email": "ada", "password": PASSWORD},
        {"email": "ada@localhost", "password": PASSWORD},
        {"email": "a b@example.com", "password": PASSWORD},
        {"email": "ada@example.com\n", "password": PASSWORD},
        {"email": "a" * 65 + "@example.com", "password": PASSWORD},
        {"email": "ada@" + "a." * 130 + "com", "password": PASSWORD},
        {"email": "ada@example.com", "password": "short"},
        {"email": "ada@example.com", "password": "x" * 129},
        {"email": "ada@example.com", "password": "nul\0nul\0nul"},
        {"email": "ada@example.com", "password": PASSWORD, "is_admin": True},
    ],
)
def test_bad_sign_ups_are_refused_and_not_repeated(
    client: TestClient, body: dict[str, object]
) -> None:
    answer = client.post(f"{URL}/signup", json=body)
    assert answer.status_code == 422
    assert PASSWORD not in answer.text


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"username": "ada@example.com"},
        {"username": "", "password": "x"},
        {"username": "x\0", "password": "x"},
        {"username": "x" * 300, "password": "x"},
        {"username": "x", "password": "x" * 129},
        {"username": "x", "password": "x", "grant_type": "client_credentials"},
    ],
)
def test_bad_login_forms_are_refused(client: TestClient, form: dict[str, str]) -> None:
    assert client.post(f"{URL}/login", data=form).status_code == 422


def test_ten_sign_ups_at_once_make_one_account(client: TestClient) -> None:
    body = {"email": email("ada"), "password": PASSWORD}
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: client.post(f"{URL}/signup", json=body), range(10)))
    assert {answer.status_code for answer in answers} == {201}
    assert log_in(client, "ada")


def test_refreshing_gives_new_tokens(client: TestClient) -> None:
    sign_up(client, "ada")
    tokens = log_in(client, "ada")
    for _ in range(3):
        answer = client.post(f"{URL}/refresh", json={"refresh_token": tokens["refresh_token"]})
        newer = answer.json()
        assert newer["refresh_token"] != tokens["refresh_token"]
        assert client.get(f"{URL}/me", headers=bearer(newer["access_token"])).status_code == 200
        tokens = newer


def test_a_refresh_token_used_twice_ends_the_session(client: TestClient) -> None:
    sign_up(client, "ada")
    first = log_in(client, "ada")
    old = {"refresh_token": first["refresh_token"]}
    second = client.post(f"{URL}/refresh", json=old).json()
    assert client.post(f"{URL}/refresh", json=old).status_code == 401
    newest = {"refresh_token": second["refresh_token"]}
    assert client.post(f"{URL}/refresh", json=newest).status_code == 401
    for tokens in (first, second):
        assert client.get(f"{URL}/me", headers=bearer(tokens["access_token"])).status_code == 401


def test_of_many_refreshes_at_once_one_works(client: TestClient) -> None:
    sign_up(client, "ada")
    body = {"refresh_token": log_in(client, "ada")["refresh_token"]}
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: client.post(f"{URL}/refresh", json=body), range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] + [401] * 7


@pytest.mark.parametrize("token", ["x", "A" * 43, "", "x" * 201, "with space"])
def test_invented_refresh_tokens_are_refused(client: TestClient, token: str) -> None:
    answer = client.post(f"{URL}/refresh", json={"refresh_token": token})
    assert answer.status_code == (401 if token in {"x", "A" * 43} else 422)


def test_a_session_has_an_end(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    sign_up(client, "ada")
    over = get_auth_settings().model_copy(update={"session_days": -1})
    monkeypatch.setattr(session, "get_auth_settings", lambda: over)
    tokens = log_in(client, "ada")
    assert client.get(f"{URL}/me", headers=bearer(tokens["access_token"])).status_code == 401
    body = {"refresh_token": tokens["refresh_token"]}
    assert client.post(f"{URL}/refresh", json=body).status_code == 401
    run(client, session.forget_old)


def test_a_refresh_token_has_an_end(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    sign_up(client, "ada")
    over = get_auth_settings().model_copy(update={"refresh_token_days": -1})
    monkeypatch.setattr(session, "get_auth_settings", lambda: over)
    tokens = log_in(client, "ada")
    body = {"refresh_token": tokens["refresh_token"]}
    assert client.post(f"{URL}/refresh", json=body).status_code == 401
    assert client.get(f"{URL}/me", headers=bearer(tokens["access_token"])).status_code == 200


def test_changing_the_password_ends_every_other_session(client: TestClient) -> None:
    ada = sign_in(client, "ada")
    other = bearer(log_in(client, "ada")["access_token"])
    body = {"current_password": PASSWORD, "new_password": "a better password"}
    answer = client.post(f"{URL}/password", json=body, headers=ada)
    for headers in (ada, other):
        assert client.get(f"{URL}/me", headers=headers).status_code == 401
    newer = bearer(answer.json()["access_token"])
    assert client.get(f"{URL}/me", headers=newer).status_code == 200
    assert log_in(client, "ada", "a better password")


def test_changing_the_password_needs_the_old_one(client: TestClient) -> None:
    ada = sign_in(client, "ada")
    body = {"current_password": "wrong", "new_password": "a better password"}
    assert client.post(f"{URL}/password", json=body, headers=ada).status_code == 403
    assert log_in(client, "ada")


def test_hashes_are_renewed_when_they_become_too_cheap(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_up(client, "ada")
    before = run(client, auth.find, email("ada"))
    dearer = Argon2Hasher(time_cost=2, memory_cost=16, parallelism=1)
    monkeypatch.setattr(security, "hasher", PasswordHash((dearer,)))
    log_in(client, "ada")
    after = run(client, auth.find, email("ada"))
    assert before.password_hash != after.password_hash
    assert "$argon2id$" in after.password_hash
    assert log_in(client, "ada")


def test_an_address_may_have_to_be_verified_first(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_up(client, "ada")
    strict = get_auth_settings().model_copy(update={"require_verified_email": True})
    monkeypatch.setattr(auth, "get_auth_settings", lambda: strict)
    form = {"username": email("ada"), "password": PASSWORD}
    assert client.post(f"{URL}/login", data=form).status_code == 403


def test_somebody_who_is_gone_is_not_signed_in(client: TestClient) -> None:
    ada = sign_in(client, "ada")
    user_id = client.get(f"{URL}/me", headers=ada).json()["id"]
    with pytest.raises(UnauthorizedError):
        run(client, auth.get, "nobody")
    assert run(client, auth.get, user_id).email == email("ada")
