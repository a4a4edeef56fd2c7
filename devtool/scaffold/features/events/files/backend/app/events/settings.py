"""What can be set about events; see `app/settings.py` for everything else."""

from functools import lru_cache
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings

from app.settings import CONFIG


class EventSettings(BaseSettings):
    """Where events go, and how often somebody looks for new ones."""

    model_config = CONFIG

    events_broker: Literal["local", "kafka", "redis", "dapr"] = Field(
        default="local", description="local: the consumers of this process, without a broker."
    )
    events_url: SecretStr = Field(
        default=SecretStr(""), description="Where the broker is; it may hold a password."
    )
    events_topic: str = Field(
        default="__PROJECT__.events",
        pattern=r"^[\w.-]{1,200}$",
        description="The topic of Kafka and Dapr, or the stream of Redis.",
    )
    events_pubsub: str = Field(default="pubsub", description="The component of Dapr.")
    events_token: SecretStr = Field(
        default=SecretStr(""),
        description="APP_API_TOKEN of Dapr: only a caller that knows it may bring events.",
    )
    events_group: str = Field(
        default="__PROJECT__",
        description="Consumers with one name share the events.",
    )
    events_batch: int = Field(default=100, ge=1, le=1000, description="Events told at a time.")
    events_interval: float = Field(
        default=0.5, gt=0, le=60, description="Seconds between two looks for new events."
    )
    events_kept_days: int = Field(
        default=7, ge=1, le=3650, description="How long events are kept once they were told."
    )


@lru_cache
def get_event_settings() -> EventSettings:
    """The settings of this process, read once."""
    return EventSettings()
