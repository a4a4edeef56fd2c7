"""What can be set about the chat; see `app/settings.py` for everything else."""

from decimal import Decimal
from functools import lru_cache

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings

from app.ai import local
from app.ai.turn import LOCAL, Connection
from app.settings import CONFIG


class AISettings(BaseSettings):
    """The model behind the chat, and what one user may ask of it."""

    model_config = CONFIG

    ai_provider: str = Field(
        default="openai",
        pattern=r"^[a-z][a-z0-9_-]{1,40}$",
        description="openai (and every server that speaks its protocol), anthropic, google, ...",
    )
    ai_model: str = Field(default="", max_length=100, description="The model's name there.")
    ai_api_key: SecretStr = Field(default=SecretStr(""), description="The key for the provider.")
    ai_base_url: str = Field(
        default="",
        pattern=r"^(https?://.+)?$",
        description="Another server that speaks OpenAI's protocol, such as Ollama's.",
    )
    ai_retries: int = Field(
        default=2, ge=0, le=10, description="How often a request that failed is made again."
    )
    ai_turn_steps: int = Field(
        default=8, ge=1, le=100, description="How often one answer may ask the model."
    )
    ai_turn_seconds: float = Field(
        default=120, gt=0, le=3600, description="How long one answer may take."
    )
    ai_turn_tokens: int = Field(
        default=50_000, ge=1, description="Tokens that one answer may read and write."
    )
    ai_turn_cost: Decimal = Field(
        default=Decimal(0), ge=0, description="What one answer may cost; 0 for no limit."
    )
    ai_input_price: Decimal = Field(
        default=Decimal(0), ge=0, description="Price of a million tokens that are read."
    )
    ai_output_price: Decimal = Field(
        default=Decimal(0), ge=0, description="Price of a million tokens that are written."
    )
    ai_day_tokens: int = Field(
        default=1_000_000, ge=1, description="Tokens that one user may spend in 24 hours."
    )
    ai_messages_per_minute: int = Field(
        default=20, ge=1, le=10_000, description="Messages that one user may send in a minute."
    )
    ai_streams: int = Field(
        default=20, ge=1, le=10_000, description="Answers one user may listen to, in one process."
    )
    ai_history_messages: int = Field(
        default=40, ge=2, le=1000, description="Messages that the model is told at most."
    )
    ai_history_characters: int = Field(
        default=40_000, ge=1000, description="Characters that the model is told at most."
    )
    ai_drain_seconds: float = Field(
        default=5, ge=0, le=600, description="How long a stop waits for answers to end."
    )

    def connection(self) -> Connection:
        """The model and how it is reached."""
        return Connection(
            provider=LOCAL if self.is_offline else self.ai_provider,
            model=self.model_name,
            key=self.ai_api_key,
            base_url=self.ai_base_url,
            retries=self.ai_retries,
            seconds=self.ai_turn_seconds,
        )

    @property
    def is_offline(self) -> bool:
        """Whether no model is connected, so that the local assistant answers."""
        return not self.ai_api_key.get_secret_value() and not self.ai_base_url

    @property
    def model_name(self) -> str:
        """The name of whatever answers."""
        return local.NAME if self.is_offline else self.ai_model


@lru_cache
def get_ai_settings() -> AISettings:
    """The settings of this process, read once."""
    return AISettings()
