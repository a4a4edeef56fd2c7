"""Settings -> the model that is asked."""

from collections.abc import Callable
from typing import Any

from openai import AsyncOpenAI
from pydantic_ai.exceptions import UserError
from pydantic_ai.models import Model, infer_model
from pydantic_ai.models.function import FunctionModel
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers import Provider, infer_provider_class
from pydantic_ai.providers.openai import OpenAIProvider

from app.ai import local
from app.ai.rules import stream
from app.ai.settings import AISettings
from app.ai.turn import ProviderError


def model_of(settings: AISettings) -> Model:
    """The model that the settings name; without any, the assistant of this application.

    Raises:
        ProviderError: If the provider is not known, or its library is not installed.
    """
    if settings.is_offline:
        return FunctionModel(stream_function=stream, model_name=local.NAME)
    if settings.ai_provider == "openai":
        return OpenAIChatModel(
            settings.ai_model, provider=OpenAIProvider(openai_client=_client(settings))
        )
    return _inferred(settings)


def _client(settings: AISettings) -> AsyncOpenAI:
    """The client for OpenAI and for every server that speaks its protocol."""
    return AsyncOpenAI(
        # A server on this machine asks for no key, but the client insists on one.
        api_key=settings.ai_api_key.get_secret_value() or "none",
        base_url=settings.ai_base_url or None,
        max_retries=settings.ai_retries,
        timeout=settings.ai_turn_seconds,
    )


def _inferred(settings: AISettings) -> Model:
    def provider(name: str) -> Provider[Any]:
        made: Callable[..., Provider[Any]] = infer_provider_class(name)
        return made(api_key=settings.ai_api_key.get_secret_value())

    try:
        return infer_model(f"{settings.ai_provider}:{settings.ai_model}", provider_factory=provider)
    except ImportError as error:
        raise ProviderError(
            f"The library of {settings.ai_provider} is not installed: "
            f"add pydantic-ai-slim[{settings.ai_provider}] to pyproject.toml."
        ) from error
    except (UserError, ValueError, TypeError) as error:
        raise ProviderError(
            f"No provider {settings.ai_provider!r} can be used: see AI_PROVIDER."
        ) from error
