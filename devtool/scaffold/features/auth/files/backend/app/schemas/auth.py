"""What goes over the wire about accounts."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.schemas.base import NO_NUL, Input, Output

# Only what every mail server accepts; whether somebody reads there, a mail has to show.
EMAIL = r"^[A-Za-z0-9._%+-]{1,64}@([A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,63}$"

Email = Annotated[
    str,
    StringConstraints(max_length=254, pattern=EMAIL, to_lower=True),
    Field(examples=["ada@example.com"], description="Letter case makes no difference."),
]
# The upper bound keeps the work of hashing small.
NewPassword = Annotated[
    str,
    StringConstraints(min_length=8, max_length=128, pattern=NO_NUL),
    Field(examples=["correct horse battery"]),
]
Password = Annotated[str, StringConstraints(min_length=1, max_length=128)]
Token = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[A-Za-z0-9_-]+$")]


class SignUp(Input):
    """A new account."""

    email: Email
    password: NewPassword


class LoginForm(Input):
    """The form of OAuth2's password flow; only the name and the password count."""

    grant_type: Literal["password"] = "password"
    username: Annotated[str, StringConstraints(min_length=1, max_length=254, pattern=NO_NUL)]
    password: Password
    scope: Annotated[str, Field(max_length=1000)] = ""
    client_id: Annotated[str, Field(max_length=1000)] | None = None
    client_secret: Annotated[str, Field(max_length=1000)] | None = None


class Tokens(BaseModel):
    """What somebody who signed in is given."""

    access_token: str = Field(description="Send it as `Authorization: Bearer ...`.")
    refresh_token: str = Field(description="Gives new tokens, once.")
    token_type: Literal["bearer"] = "bearer"
    expires_in: int = Field(description="Seconds until the access token ends.", examples=[900])


class Refresh(Input):
    """The refresh token that was given last."""

    refresh_token: Token


class EmailOnly(Input):
    """An address."""

    email: Email


class TokenOnly(Input):
    """A token from a mail."""

    token: Token


class PasswordChange(Input):
    """The password as it is and as it shall be."""

    current_password: Password
    new_password: NewPassword


class PasswordReset(Input):
    """A token from a mail, and the password as it shall be."""

    token: Token
    new_password: NewPassword


class Accepted(BaseModel):
    """Said in every case, so that nobody learns who has an account."""

    model_config = ConfigDict(frozen=True)

    detail: str = Field(examples=["If that address is yours, look into your mail."])


class Me(Output):
    """Whoever is signed in."""

    id: str
    email: str
    verified: bool = Field(description="Whether the address was proven to be theirs.")
    created_at: datetime
