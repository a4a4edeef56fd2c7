"""What goes over the wire about sessions of browsers."""

from typing import Literal

from pydantic import Field

from app.schemas.auth import Email, Password
from app.schemas.base import Input, Output


class SignIn(Input):
    """Who somebody is, and the proof."""

    email: Email
    password: Password


class AccessToken(Output):
    """What a page is given; the refresh token stays in a cookie."""

    access_token: str = Field(description="Send it as `Authorization: Bearer ...`.")
    token_type: Literal["bearer"] = "bearer"
    expires_in: int = Field(description="Seconds until the access token ends.", examples=[900])
