"""How a model is reached -> the model."""

from collections.abc import Callable
from typing import Any

from openai import AsyncOpenAI
from pydantic_ai.exceptions import UserError
from pydantic_ai.models import Model, infer_model
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers import Provider, infer_provider_class
from pydantic_ai.providers.openai import OpenAIProvider

from app.ai.turn import Connection, ProviderError


def model_of(connection: Connection) -> Model:
    """The model at the end of a connection.

    Raises:
        ProviderError: If the provider is not known, or its library is not installed.
    """
    if connection.provider == "openai":
        return OpenAIChatModel(
            connection.model, provider=OpenAIProvider(openai_client=_client(connection))
        )
    return _inferred(connection)


def _client(connection: Connection) -> AsyncOpenAI:
    """The client for OpenAI and for every server that speaks its protocol."""
    return AsyncOpenAI(
        # A server on this machine asks for no key, but the client insists on one.
        api_key=connection.key.get_secret_value() or "none",
        base_url=connection.base_url or None,
        max_retries=connection.retries,
        timeout=connection.seconds,
    )


def _inferred(connection: Connection) -> Model:
    def provider(name: str) -> Provider[Any]:
        return _maker(name)(api_key=connection.key.get_secret_value())

    try:
        return infer_model(f"{connection.provider}:{connection.model}", provider_factory=provider)
    except ImportError as error:
        raise ProviderError(
            f"The library of {connection.provider} is not installed: "
            f"add pydantic-ai-slim[{connection.provider}] to pyproject.toml."
        ) from error
    except (UserError, ValueError, TypeError) as error:
        raise ProviderError(
            f"No provider {connection.provider!r} can be used: see AI_PROVIDER."
        ) from error


def _maker(name: str) -> Callable[..., Provider[Any]]:
    """The class of a provider: each takes a key, though their common class does not say so."""
    return infer_provider_class(name)
