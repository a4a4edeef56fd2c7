"""Who uses the application: everybody has an account."""

from uuid import uuid4

import httpx2

PASSWORD = "correct horse battery"


def sign_in(client: httpx2.Client, name: str) -> str:
    """The access token of somebody new."""
    email = f"{name}-{uuid4().hex}@example.com"
    made = client.post("/api/v1/auth/signup", json={"email": email, "password": PASSWORD})
    made.raise_for_status()
    form = {"username": email, "password": PASSWORD}
    token: str = (
        client.post("/api/v1/auth/login", data=form).raise_for_status().json()["access_token"]
    )
    return token
