"""What can be set from the environment or from `.env`, with its defaults and its meaning."""

import os
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

BACKEND = Path(__file__).parent.parent
CONFIG = SettingsConfigDict(
    env_file=os.environ.get("ENV_FILE", BACKEND / ".env"),
    env_file_encoding="utf-8",
    env_ignore_empty=True,
    extra="ignore",
    frozen=True,
    # A message about a wrong value must not print it: it may be a password.
    hide_input_in_errors=True,
)


def split(value: object) -> object:
    """Make a list of a text with commas."""
    if isinstance(value, str):
        return [item.strip() for item in value.split(",") if item.strip()]
    return value


Names = Annotated[list[str], NoDecode, BeforeValidator(split)]


class Settings(BaseSettings):
    """The settings that every part of the application may use."""

    model_config = CONFIG

    environment: Literal["development", "test", "production"] = Field(
        default="development", description="Development migrates by itself and shows the docs."
    )
    database_url: SecretStr = Field(
        default=SecretStr("sqlite:///app.db"),
        description="sqlite:///path (from this folder) or postgresql://user:password@host/name.",
    )
    database_pool_size: int = Field(
        default=10, ge=1, le=1000, description="Connections of one process; there are never more."
    )
    database_pool_timeout: float = Field(
        default=5, gt=0, le=60, description="Seconds a request waits for a connection before a 503."
    )
    database_statement_timeout: float = Field(
        default=15,
        gt=0,
        le=3600,
        description="Seconds after which PostgreSQL gives up on a statement.",
    )
    database_wait: float = Field(
        default=30, ge=0, le=600, description="Seconds to wait for the database at start-up."
    )
    seed_demo: bool = Field(
        default=False, description="Fill an empty database with a demo at start-up."
    )
    trusted_hosts: Names = Field(
        default=["localhost", "127.0.0.1", "::1"],
        description="Values of the Host header to answer; *.example.com and * are possible.",
    )
    cors_origins: Names = Field(
        default=[],
        description="Origins whose pages may call this API, such as https://app.example.com.",
    )
    max_body_bytes: int = Field(
        default=65_536, ge=1024, le=100_000_000, description="The longest request body to read."
    )
    docs: bool | None = Field(
        default=None, description="Serve /docs and /openapi.json; by default not in production."
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="What is worth a line in the log."
    )
    log_requests: bool = Field(
        default=False, description="Log every request, not only those that fail. Costs a line each."
    )

    @field_validator("cors_origins")
    @classmethod
    def refuse_any_origin(cls, origins: list[str]) -> list[str]:
        """Credentials and any origin together would open the API to every page there is."""
        if "*" in origins:
            raise ValueError("name the origins: * is not allowed together with credentials")
        return origins

    @model_validator(mode="after")
    def check_database_url(self) -> Self:
        """Refuse what no driver is installed for, before the first connection."""
        scheme = self.database_url.get_secret_value().split(":")[0].split("+")[0]
        if scheme not in {"sqlite", "postgresql", "postgres"}:
            raise ValueError("DATABASE_URL must start with sqlite:// or postgresql://")
        return self

    @property
    def is_development(self) -> bool:
        """Whether this is somebody's own machine."""
        return self.environment == "development"

    @property
    def shows_docs(self) -> bool:
        """Whether /docs and /openapi.json are served."""
        return self.environment != "production" if self.docs is None else self.docs


@lru_cache
def get_settings() -> Settings:
    """The settings of this process, read once."""
    return Settings()
