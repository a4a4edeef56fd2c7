"""The numbers, for Prometheus."""

import secrets
from functools import lru_cache
from typing import Annotated

from fastapi import APIRouter, Header, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings

from app.errors import NotFoundError
from app.settings import CONFIG, get_settings

router = APIRouter(tags=["metrics"], include_in_schema=False)


class MetricsSettings(BaseSettings):
    """Who may see the numbers."""

    model_config = CONFIG

    metrics_token: SecretStr | None = Field(
        default=None, description="The bearer token that Prometheus shows."
    )


@lru_cache
def get_metrics_settings() -> MetricsSettings:
    """The settings of this process, read once."""
    return MetricsSettings()


@router.get("/metrics")
async def metrics(authorization: Annotated[str, Header()] = "") -> Response:
    """Tell the numbers to whoever may know them; to others there is nothing here."""
    token = get_metrics_settings().metrics_token
    if token is None:
        allowed = get_settings().is_development
    else:
        wanted = f"Bearer {token.get_secret_value()}"
        allowed = secrets.compare_digest(authorization.encode(), wanted.encode())
    if not allowed:
        raise NotFoundError("There is nothing at this address.")
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
