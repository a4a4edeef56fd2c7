"""Access tokens: only our own, whole and in time, are believed."""

import time
from typing import Any

import jwt
import pytest
from fastapi.testclient import TestClient

from app import security
from app.application import create_app
from app.auth_settings import DEVELOPMENT_KEY, AuthSettings, get_auth_settings, key_id
from app.services import session
from tests.conftest import run
from tests.people import URL, bearer, log_in, sign_up

KEY = "a key of the tests that is long enough for anybody"
OTHER = "another key, which is long enough as well!"


def claims_of(token: str) -> dict[str, Any]:
    """What a token says."""
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


def forged(claims: dict[str, Any], key: str = KEY, kid: str = "", **header: str) -> str:
    """A token that somebody else made."""
    names = {"kid": kid or key_id(KEY), **header}
    return jwt.encode(claims, key, header.get("alg", "HS256"), headers=names)


@pytest.fixture
def token(client: TestClient) -> str:
    """A good token."""
    sign_up(client, "ada")
    return log_in(client, "ada")["access_token"]


def status(client: TestClient, token: str) -> int:
    """What is answered to a token."""
    return client.get(f"{URL}/me", headers=bearer(token)).status_code


@pytest.mark.parametrize("name", ["iss", "aud", "sub", "sid", "iat", "exp"])
def test_a_token_lacks_nothing(client: TestClient, token: str, name: str) -> None:
    claims = claims_of(token)
    assert status(client, forged(claims)) == 200
    del claims[name]
    assert status(client, forged(claims)) == 401


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("iss", "somebody"),
        ("aud", "something"),
        ("sub", "somebody"),
        ("sub", ""),
        ("sub", "00000000-0000-0000-0000-000000000000"),
        ("sid", "\0"),
        ("sid", 7),
        ("sid", "00000000-0000-0000-0000-000000000000"),
        ("exp", 1),
        ("exp", "soon"),
        ("iat", 2**40),
    ],
)
def test_a_token_says_the_truth(client: TestClient, token: str, name: str, value: object) -> None:
    assert status(client, token) == 200
    assert status(client, forged(claims_of(token) | {name: value})) == 401


def test_a_token_is_signed_by_us(client: TestClient, token: str) -> None:
    claims = claims_of(token)
    assert status(client, forged(claims, OTHER)) == 401
    assert status(client, forged(claims, OTHER, key_id(OTHER))) == 401
    assert status(client, forged(claims, DEVELOPMENT_KEY, key_id(DEVELOPMENT_KEY))) == 401
    assert status(client, jwt.encode(claims, "", "none", headers={"kid": key_id(KEY)})) == 401
    head, body, signature = token.split(".")
    for broken in (
        f"{head}.{body}.",
        f"{head}.{body}",
        f"{head}.{body}.{signature[:-2]}AA",
        "x.y.z",
    ):
        assert status(client, broken) == 401


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Basic YTpi", "bearer x y", "Token x", "Bearer \xff"]
)
def test_other_headers_are_refused(client: TestClient, header: str) -> None:
    answer = client.get(f"{URL}/me", headers=[(b"Authorization", header.encode("latin-1"))])
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"


def test_the_scheme_is_read_in_any_letter_case(client: TestClient, token: str) -> None:
    headers = {"Authorization": f"bEARER {token}"}
    assert client.get(f"{URL}/me", headers=headers).status_code == 200


def test_a_token_that_was_believed_once_still_ends(
    client: TestClient, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    over = time.time() - 1
    ended = forged(claims_of(token) | {"exp": int(over)})
    remembered = run(client, session.identify, token)._replace(expires=over)
    monkeypatch.setitem(session._identities, ended, remembered)
    assert status(client, ended) == 401


def test_a_key_can_be_changed_without_signing_anybody_out(
    client: TestClient, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = AuthSettings.model_validate({"secret_key": OTHER, "previous_secret_keys": KEY})
    monkeypatch.setattr(security, "get_auth_settings", lambda: changed)
    session.forget_tokens()
    assert status(client, token) == 200
    assert jwt.get_unverified_header(security.access_token("u", "s"))["kid"] == key_id(OTHER)


def test_what_is_remembered_is_bounded(
    client: TestClient, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "MOST_REMEMBERED", 1)
    other = log_in(client, "ada")["access_token"]
    for each in (token, other, token):
        assert run(client, session.identify, each)


@pytest.mark.parametrize("key", [DEVELOPMENT_KEY, "short", "x" * 64, "ab" * 30])
def test_weak_keys_are_refused_and_not_printed(
    environment: pytest.MonkeyPatch, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setenv("SECRET_KEY", key)
    get_auth_settings.cache_clear()
    with pytest.raises(ValueError, match="SECRET_KEY") as caught:
        create_app()
    assert key not in str(caught.value)


def test_old_keys_may_not_be_weak_either(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREVIOUS_SECRET_KEYS", "short")
    with pytest.raises(ValueError, match="SECRET_KEY"):
        AuthSettings()


def test_development_starts_without_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    from app import auth_settings
    from app.settings import Settings

    monkeypatch.delenv("SECRET_KEY")
    development = Settings(environment="development")
    monkeypatch.setattr(auth_settings, "get_settings", lambda: development)
    assert AuthSettings().signing_keys == [DEVELOPMENT_KEY]
