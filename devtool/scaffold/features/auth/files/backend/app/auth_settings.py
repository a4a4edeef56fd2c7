"""The settings of accounts; see `app/settings.py` for those of everything else."""

import hashlib
from functools import lru_cache
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, NoDecode

from app import NAME
from app.settings import CONFIG, get_settings, split

# Known to everybody who can read this file: good for one's own machine, refused elsewhere.
DEVELOPMENT_KEY = "for development only: everybody knows this key"
SHORTEST_KEY = 32
FEWEST_CHARACTERS = 10

Secrets = Annotated[list[SecretStr], NoDecode, BeforeValidator(split)]


class AuthSettings(BaseSettings):
    """What accounts and tokens need."""

    model_config = CONFIG

    secret_key: SecretStr = Field(
        default=SecretStr(DEVELOPMENT_KEY),
        description="Signs tokens; at least 32 random characters.",
    )
    previous_secret_keys: Secrets = Field(
        default=[],
        description="Keys that still verify tokens, for a change of SECRET_KEY without sign-outs.",
    )
    token_issuer: str = Field(default=NAME, min_length=1, description="`iss` of the tokens.")
    token_audience: str = Field(
        default=f"{NAME}-api", min_length=1, description="`aud` of the tokens."
    )
    access_token_minutes: int = Field(
        default=15, ge=1, le=60, description="How long a token works."
    )
    refresh_token_days: int = Field(
        default=14,
        ge=1,
        le=90,
        description="How long somebody may stay away and still be signed in.",
    )
    session_days: int = Field(
        default=90, ge=1, le=365, description="When everybody has to give the password again."
    )
    session_check_seconds: float = Field(
        default=5, ge=0, le=60, description="How long another process may not notice a sign-out."
    )
    require_verified_email: bool = Field(
        default=False, description="Whether signing in needs a verified address."
    )
    frontend_url: str = Field(
        default="http://localhost:3000",
        description="Where links in mails lead to.",
        pattern=r"^https?://",
    )
    mail_url: SecretStr = Field(
        default=SecretStr("console:"),
        description="console:, file:/folder, smtp://user:password@host:587 or smtps://...",
    )
    mail_from: str = Field(
        default="no-reply@localhost.localdomain", description="The sender of mails."
    )

    @model_validator(mode="after")
    def refuse_weak_keys(self) -> Self:
        """Outside of development, do not even start with a key that can be guessed."""
        if get_settings().environment == "development":
            return self
        for key in self.signing_keys:
            if key == DEVELOPMENT_KEY:
                raise ValueError("SECRET_KEY is not set")
            if len(key) < SHORTEST_KEY or len(set(key)) < FEWEST_CHARACTERS:
                raise ValueError(f"SECRET_KEY needs {SHORTEST_KEY} random characters")
        return self

    @property
    def signing_keys(self) -> list[str]:
        """The key that signs, then those that still verify."""
        return [key.get_secret_value() for key in (self.secret_key, *self.previous_secret_keys)]


def key_id(key: str) -> str:
    """The public name of a key."""
    return hashlib.sha256(key.encode()).hexdigest()[:8]


@lru_cache
def get_auth_settings() -> AuthSettings:
    """The settings of this process, read once."""
    return AuthSettings()
