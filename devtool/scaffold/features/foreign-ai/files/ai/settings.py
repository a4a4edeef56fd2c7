"""What can be set from the environment, and which routes are no tools."""

import os
import re
from typing import NamedTuple

# Routes that an assistant has no business with: signing in, secrets, health, the documents.
NO_TOOLS = re.compile(
    r"^/ai/|log_?(in|out)|password|token|sign_?(up|in|out)|register|reset|verif|oauth|auth/|refresh"
    r"|secret|private|admin|health|metrics|webhook|/docs|/redoc|openapi",
    re.IGNORECASE,
)
LONGEST_MESSAGE = 4000
LONGEST_ANSWER = 20_000


class Settings(NamedTuple):
    """What the environment says.

    Attributes:
        provider: What serves the model; `openai` is everything that speaks its protocol.
        model: The model's name; rules answer where it is empty.
        base_url: Where it is served; the provider's own address when empty.
        api_key: The key for it.
    """

    provider: str
    model: str
    base_url: str
    api_key: str


def get_settings() -> Settings:
    """The settings as they are now."""
    read = os.environ.get
    return Settings(
        read("AI_PROVIDER", "openai"),
        read("AI_MODEL", ""),
        read("AI_BASE_URL", ""),
        read("AI_API_KEY", ""),
    )
