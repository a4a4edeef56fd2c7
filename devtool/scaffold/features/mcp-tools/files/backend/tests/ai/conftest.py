"""The application on a real socket, for clients that bring a network stack of their own."""

from collections.abc import Iterator

import pytest

from app.application import create_app
from tests.ai.client import Person
from tests.ai.serving import served


@pytest.fixture(scope="package")
def url() -> Iterator[str]:
    """The address of this application."""
    with served(create_app()) as address:
        yield address


@pytest.fixture(scope="package")
def ada(url: str) -> Iterator[Person]:
    """Somebody who uses this application."""
    person = Person(url, "ada")
    yield person
    person.close()
