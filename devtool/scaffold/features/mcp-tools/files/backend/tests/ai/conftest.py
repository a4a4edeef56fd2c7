"""The application of the other tests on a real socket, for clients with a network stack."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from tests.ai.client import Person
from tests.ai.serving import beside
from tests.people import sign_in


@pytest.fixture(scope="session")
def url(served: TestClient) -> Iterator[str]:
    """The address of the application."""
    with beside(served) as address:
        yield address


@pytest.fixture
def ada(client: TestClient, url: str) -> Iterator[Person]:
    """Somebody who uses the application."""
    with Person(url, sign_in(client, "ada")) as person:
        yield person
