"""What can be set about the MCP server; see `app/settings.py` for everything else."""

from functools import lru_cache

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings

from app.settings import CONFIG, Names


class MCPSettings(BaseSettings):
    """The settings of `/mcp`, and of the server over stdio."""

    model_config = CONFIG

    mcp_public_url: str = Field(
        default="",
        pattern=r"^(https?://[^/]+)?$",
        description="Where clients reach this API; by default the address they asked.",
    )
    mcp_origins: Names = Field(
        default=[], description="Origins whose pages may call /mcp, besides CORS_ORIGINS."
    )
    mcp_authorization_servers: Names = Field(
        default=[], description="Who gives out tokens, for clients to know; by default this API."
    )
    mcp_calls_per_minute: int = Field(
        default=120, ge=1, le=100_000, description="Requests that one user may make in a minute."
    )
    mcp_token: SecretStr = Field(
        default=SecretStr(""), description="Whose tasks `python -m app.ai.mcp` works with."
    )


@lru_cache
def get_mcp_settings() -> MCPSettings:
    """The settings of this process, read once."""
    return MCPSettings()
