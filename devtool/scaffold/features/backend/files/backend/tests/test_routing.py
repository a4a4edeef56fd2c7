"""Routes that are added directly are what `include_router` would have made of them."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.testclient import TestClient
from pydantic import BaseModel
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from app import instruments
from app.routing import QuickRoute, add_routes

Include = Callable[..., None]


class Thing(BaseModel):
    """What is answered."""

    number: int
    who: str
    nothing: None = None


async def caller() -> str:
    """Who asks."""
    return "somebody"


def new_router(**options: Any) -> APIRouter:
    router = APIRouter(prefix="/things", tags=["things"], responses={404: {}}, **options)

    @router.get("/{number}", summary="One", response_model_exclude_none=True)
    async def one(number: int, who: Annotated[str, Depends(caller)]) -> Thing:
        return Thing(number=number, who=who)

    @router.post("", status_code=201, deprecated=True)
    async def new(request: Request) -> str:
        return request.url.path

    assert [one.__name__, new.__name__] == ["one", "new"]
    return router


def application(include: Include, router: APIRouter) -> FastAPI:
    app = FastAPI(responses={503: {}})
    include(app, router, prefix="/v1")
    return app


def test_they_have_the_same_schema_and_the_same_answers() -> None:
    quick, usual = (
        application(include, new_router()) for include in (add_routes, FastAPI.include_router)
    )
    assert quick.openapi() == usual.openapi()
    assert any(isinstance(route, QuickRoute) for route in quick.routes)
    for method, path in (("GET", "/1"), ("GET", "/x"), ("POST", ""), ("PUT", ""), ("GET", "/1/2")):
        answers = [
            TestClient(app, "http://localhost").request(method, f"/v1/things{path}")
            for app in (quick, usual)
        ]
        assert answers[0].status_code == answers[1].status_code
        assert answers[0].content == answers[1].content


def test_dependencies_can_be_replaced() -> None:
    app = application(add_routes, new_router())
    app.dependency_overrides[caller] = lambda: "somebody else"
    answer = TestClient(app, "http://localhost").get("/v1/things/1")
    assert answer.json() == {"number": 1, "who": "somebody else"}


def test_they_are_found_behind_a_proxy_that_keeps_its_prefix() -> None:
    app = application(add_routes, new_router())
    behind = TestClient(app, "http://localhost", root_path="/shop")
    assert behind.get("/shop/v1/things/1").status_code == 200


def test_a_router_that_does_more_is_included_as_usual() -> None:
    begun: list[FastAPI] = []

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        begun.append(app)
        yield

    app = application(add_routes, new_router(lifespan=lifespan))
    with TestClient(app, "http://localhost") as client:
        assert begun == [app]
        assert client.get("/v1/things/1").status_code == 200

    async def plain(_request: Request) -> PlainTextResponse:
        return PlainTextResponse("plain")

    other = new_router()
    other.routes.append(Route("/plain", plain))
    client = TestClient(application(add_routes, other), "http://localhost")
    assert client.get("/v1/plain").text == "plain"


def test_telemetry_is_left_to_fastapi_where_the_environment_speaks_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("os.environ", {"PATH": "/bin"})
    assert instruments.telemetry() == {"tracing": False, "metrics": False, "logs": False}
    monkeypatch.setattr("os.environ", {"OTEL_SERVICE_NAME": "shop"})
    assert instruments.telemetry() is None
