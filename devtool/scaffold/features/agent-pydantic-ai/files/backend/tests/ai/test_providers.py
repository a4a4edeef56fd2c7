"""Any provider can be named; what cannot be used is told in a sentence."""

import pytest
from pydantic import SecretStr

from app.ai.providers import model_of
from app.ai.turn import Connection, ProviderError


def connection(provider: str, base_url: str = "") -> Connection:
    return Connection(provider, "some-model", SecretStr("key"), base_url, 1, 10.0)


def test_a_server_that_speaks_openais_protocol_is_asked_where_it_is() -> None:
    model = model_of(connection("openai", "http://127.0.0.1:11434/v1"))
    assert (model.system, model.model_name) == ("openai", "some-model")
    assert model.base_url == "http://127.0.0.1:11434/v1/"


def test_another_provider_is_found_by_its_name() -> None:
    assert model_of(connection("deepseek")).system == "deepseek"


@pytest.mark.parametrize(
    ("provider", "told"),
    [("nobody", "No provider 'nobody'"), ("mistral", "pydantic-ai-slim[mistral]")],
)
def test_what_cannot_be_used_is_told(provider: str, told: str) -> None:
    with pytest.raises(ProviderError) as refused:
        model_of(connection(provider))
    assert told in str(refused.value)
