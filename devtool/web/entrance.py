"""Who may come in.

Pages of other origins run in the same browser, and the project's own pages are served from the same
host: only a secret that no other origin can read tells ours from theirs.

A cookie would be sent to every port of the host, and so to the project that is being developed; the
page keeps the secret to itself instead, and sends it in a header that other origins cannot set.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from http import HTTPStatus
from typing import NamedTuple

NAMES = ("127.0.0.1", "localhost", "[::1]")
SCHEME = "Bearer "


class Refusal(NamedTuple):
    """Why a request is not answered."""

    status: HTTPStatus
    reason: str


class Entrance:
    """The rules for one server.

    Args:
        port: Where it listens.
        token: The secret; a new one if empty.
    """

    def __init__(self, port: int, token: str = "") -> None:
        self.token = token or secrets.token_urlsafe(32)
        self._hosts = {f"{name}:{port}" for name in NAMES}
        if port == 80:
            self._hosts |= set(NAMES)

    def refuses_visit(self, headers: Mapping[str, str]) -> Refusal | None:
        """Why a request may not even have the empty page, or None.

        A name that was rebound to this machine still stands in `Host`.
        """
        host = headers.get("Host", "").lower()
        if host not in self._hosts:
            return Refusal(HTTPStatus.MISDIRECTED_REQUEST, "this host is not served here")
        origin = headers.get("Origin")
        if origin is not None and origin.lower() != f"http://{host}":
            return Refusal(HTTPStatus.FORBIDDEN, "other origins may not ask")
        if headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
            return self._of_other_site(headers)
        return None

    @staticmethod
    def _of_other_site(headers: Mapping[str, str]) -> Refusal | None:
        """A link to the page may stand anywhere; it leads to the page and nowhere else."""
        if (
            headers.get("Sec-Fetch-Mode") == "navigate"
            and headers.get("Sec-Fetch-Dest") == "document"
        ):
            return None
        return Refusal(HTTPStatus.FORBIDDEN, "other sites may not ask")

    def refuses_asking(self, headers: Mapping[str, str]) -> Refusal | None:
        """Why a request may not have what is known of the project, or None."""
        if refusal := self.refuses_visit(headers):
            return refusal
        given = headers.get("Authorization", "")
        if not given.startswith(SCHEME) or not self._is_token(given.removeprefix(SCHEME)):
            return Refusal(HTTPStatus.UNAUTHORIZED, "the link that devtool printed lets in")
        return None

    def _is_token(self, given: str) -> bool:
        return hmac.compare_digest(given.encode(errors="replace"), self.token.encode())
