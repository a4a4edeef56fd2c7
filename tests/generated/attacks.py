"""What attacks have in common: tokens that nobody gave out, and refusals that give nothing away."""

from __future__ import annotations

from typing import Any

from tests.generated.served import SECRET, Answer
from tests.generated.tokens import decoded, signed

FORGERIES: dict[str, Any] = {
    "no algorithm": ({"alg": "none"}, {}, SECRET),
    "another algorithm": ({"alg": "HS512"}, {}, SECRET),
    "a known key": ({}, {}, "secret"),
    "an empty key": ({}, {}, ""),
    "an unknown key id": ({"kid": "deadbeef"}, {}, SECRET),
    "a path as key id": ({"kid": "../../dev/null"}, {}, ""),
    "a key id that is a list": ({"kid": ["a"]}, {}, SECRET),
    "an expired one": ({}, {"exp": 1_700_000_000}, SECRET),
    "no expiry": ({}, {"exp": None}, SECRET),
    "an expiry of text": ({}, {"exp": "later"}, SECRET),
    "another issuer": ({}, {"iss": "evil"}, SECRET),
    "another audience": ({}, {"aud": "evil"}, SECRET),
    "another user": ({}, {"sub": "00000000-0000-0000-0000-000000000000"}, SECRET),
    "a user that is no id": ({}, {"sub": "' OR 1=1 --"}, SECRET),
    "a user of NUL": ({}, {"sub": "a\0"}, SECRET),
    "a session of NUL": ({}, {"sid": "\0"}, SECRET),
    "a session that is a number": ({}, {"sid": 7}, SECRET),
    "no session": ({}, {"sid": None}, SECRET),
    "not yet valid": ({}, {"nbf": 2**40}, SECRET),
}


def forged(token: str, name: str) -> str:
    """A token as one that was given out, but for what its forger changed."""
    header, claims, key = FORGERIES[name]
    real = decoded(token, 1) | claims
    whole = {key: value for key, value in real.items() if value is not None}
    return signed(decoded(token, 0) | header, whole, key)


def refused(answer: Answer, *statuses: int) -> None:
    """The answer is one of these, and a problem document that gives nothing away."""
    assert answer.status in statuses, (answer.status, answer.body[:300])
    if answer.status >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json["status"] == answer.status
        assert not any(word in answer.body for word in (b"Traceback", b"sqlalchemy", b"asyncpg"))
