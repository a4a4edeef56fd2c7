"""Parameters that are read in one step are documented and refused as FastAPI does it."""

from enum import Enum
from typing import Annotated, Any, Literal

import pytest
from fastapi import FastAPI, Header, Query, Request
from fastapi.testclient import TestClient
from pydantic import Field

from app.errors import install
from app.parameters import ABOUT_KEY, documented_key, documented_query, read_key, read_query
from app.schemas.base import Input


class Wanted(Input):
    """What can be asked for."""

    number: Annotated[int, Field(ge=1, le=9)]
    sort: Literal["up", "down"] = "up"
    text: Annotated[str, Field(max_length=3)] | None = None


def test_it_is_what_fastapi_does_with_a_query() -> None:
    quick, usual = FastAPI(), FastAPI()

    @quick.get("/", openapi_extra=documented_query(Wanted))
    async def read(request: Request) -> dict[str, Any]:
        return read_query(Wanted, request).model_dump()

    @usual.get("/", name=read.__name__)
    async def other(wanted: Annotated[Wanted, Query()]) -> dict[str, Any]:
        return wanted.model_dump()

    for app in (quick, usual):
        install(app)
    assert other.__name__ == "other"
    schemas = [app.openapi()["paths"]["/"]["get"]["parameters"] for app in (quick, usual)]
    assert schemas[0] == schemas[1]
    queries = ("number=1", "number=1&number=2", "number=x&text=long", "", "number=1&more=1&sort=")
    for query in queries:
        answers = [TestClient(app).get(f"/?{query}") for app in (quick, usual)]
        assert answers[0].status_code == answers[1].status_code
        assert answers[0].json() == answers[1].json()


def test_a_key_is_what_fastapi_does_with_a_header() -> None:
    quick, usual = FastAPI(), FastAPI()
    header = Header(min_length=1, max_length=255, pattern=r"^[\x21-\x7e]+$", description=ABOUT_KEY)

    @quick.get("/", openapi_extra=documented_key())
    async def read(request: Request) -> str | None:
        return read_key(request)

    @usual.get("/", name=read.__name__)
    async def other(idempotency_key: Annotated[str | None, header] = None) -> str | None:
        return idempotency_key

    for app in (quick, usual):
        install(app)
    assert other.__name__ == "other"
    schemas = [app.openapi()["paths"]["/"]["get"]["parameters"] for app in (quick, usual)]
    assert schemas[0] == schemas[1]
    for headers in ({}, *({"Idempotency-Key": key} for key in ("a-key", "a key", "", "x" * 256))):
        answers = [TestClient(app).get("/", headers=headers) for app in (quick, usual)]
        assert answers[0].status_code == answers[1].status_code
        assert answers[0].json() == answers[1].json()


def test_types_that_need_a_name_are_left_to_fastapi() -> None:
    class Kind(Enum):
        """A type with a name in the schema."""

        ONE = 1

    class Named(Input):
        """A query with it."""

        kind: Kind

    with pytest.raises(TypeError, match="Annotated"):
        documented_query(Named)
