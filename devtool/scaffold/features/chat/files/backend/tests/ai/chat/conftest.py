"""A model to talk to: a server that says what a test has told it to."""

from collections.abc import Iterator

import pytest

from app.ai.settings import get_ai_settings
from tests.ai.chat.fake_openai import FakeOpenAI
from tests.ai.chat.talk import Setting, Talk
from tests.ai.client import Person
from tests.ai.serving import served


@pytest.fixture(scope="session")
def provider() -> Iterator[tuple[FakeOpenAI, str]]:
    """The server and its address."""
    fake = FakeOpenAI()
    with served(fake.app) as address:
        yield fake, address


@pytest.fixture
def setting(monkeypatch: pytest.MonkeyPatch) -> Iterator[Setting]:
    """Sets a variable of the chat; no test sees those of another."""

    def set_(name: str, value: str) -> None:
        monkeypatch.setenv(name, value)
        get_ai_settings.cache_clear()

    for name in ("AI_API_KEY", "AI_BASE_URL", "AI_MODEL"):
        set_(name, "")
    # The tests say more in a minute than a person.
    set_("AI_MESSAGES_PER_MINUTE", "10000")
    yield set_
    get_ai_settings.cache_clear()


@pytest.fixture
def model(provider: tuple[FakeOpenAI, str], setting: Setting) -> FakeOpenAI:
    """A connected model."""
    fake, address = provider
    setting("AI_API_KEY", "fake-key")
    setting("AI_BASE_URL", f"{address}/v1")
    setting("AI_MODEL", "fake-1")
    setting("AI_RETRIES", "1")
    fake.script.clear()
    fake.seen.clear()
    return fake


@pytest.fixture
def talk(ada: Person, setting: Setting) -> Iterator[Talk]:
    """A new conversation."""
    talk = Talk(ada)
    yield talk
    talk.end()
