"""Every error is a problem document (RFC 9457), and says no more than the caller may know."""

import json
import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, ClassVar

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from pydantic import BaseModel, Field
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException

from app.database import is_outage
from app.logs import logger, request_id
from app.running import DatabaseUnavailableError

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
MEDIA_TYPE = "application/problem+json"
LONGEST_NAME = 100


class FieldProblem(BaseModel):
    """What is wrong with one part of a request."""

    where: list[str | int] = Field(examples=[["body", "title"]])
    message: str = Field(examples=["String should have at least 1 character"])
    type: str = Field(examples=["string_too_short"])


class Problem(BaseModel):
    """A problem document (RFC 9457)."""

    type: str = Field("about:blank", examples=["about:blank"])
    title: str = Field(examples=["Not Found"])
    status: int = Field(examples=[404], ge=400, le=599)
    detail: str = Field(examples=["There is no such task."])
    request_id: str = Field(examples=["5f2b6c1e9a7d4e0f"])
    errors: list[FieldProblem] | None = Field(None, description="Given where fields are wrong.")


class ApiError(Exception):
    """An error the caller is told about; services raise its subclasses."""

    status: ClassVar[int] = 400

    def __init__(self, detail: str, *, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.headers = dict(headers or {})


class UnauthorizedError(ApiError):
    """Nobody is signed in, or what says so is not valid."""

    status = 401


class ForbiddenError(ApiError):
    """Somebody is signed in who may not do this."""

    status = 403


class NotFoundError(ApiError):
    """There is no such thing, or it is somebody else's: callers cannot tell which."""

    status = 404


class ConflictError(ApiError):
    """The request contradicts what is there."""

    status = 409


class PreconditionFailedError(ApiError):
    """The thing is no longer as the caller saw it."""

    status = 412


class TooManyRequestsError(ApiError):
    """The caller has to wait."""

    status = 429

    def __init__(self, detail: str, *, retry_after: int) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after)})


def problem(
    status: int,
    detail: str,
    *,
    headers: Mapping[str, str] | None = None,
    errors: Sequence[Mapping[str, object]] = (),
) -> Response:
    """A response that holds a problem document."""
    body: dict[str, object] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "request_id": request_id.get(),
    }
    if errors:
        body["errors"] = list(errors)
    return Response(json.dumps(body), status, dict(headers or {}), media_type=MEDIA_TYPE)


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that may answer with these problems."""
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": schema}},
        }
        for status in statuses
    }


def install(app: FastAPI) -> None:
    """Answer every known error with a problem document; `middleware.py` has the rest."""
    app.exception_handler(ApiError)(_api_error)
    app.exception_handler(HTTPException)(_http_error)
    app.exception_handler(RequestValidationError)(_invalid)
    app.exception_handler(SQLAlchemyError)(_database_error)
    app.exception_handler(DatabaseUnavailableError)(_database_error)


async def _api_error(_request: Request, error: ApiError) -> Response:
    return problem(error.status, error.detail, headers=error.headers)


async def _http_error(request: Request, error: HTTPException) -> Response:
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(methods_of(request.app, request.url.path))
    return problem(error.status_code, _sentence(error), headers=headers)


def _sentence(error: HTTPException) -> str:
    if error.status_code == HTTPStatus.NOT_FOUND:
        return "There is nothing at this address."
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        return "This address does not answer to that method."
    return str(error.detail)


def methods_of(app: FastAPI, path: str) -> list[str]:
    """The methods that a path answers to, by the schema: each route knows only its own."""
    found: set[str] = set()
    for template, operations in app.openapi()["paths"].items():
        if re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", template), path):
            found |= {method.upper() for method in operations}
    return [method for method in METHODS if method in found]


async def _invalid(_request: Request, error: RequestValidationError) -> Response:
    errors = [
        {"where": _where(item["loc"]), "message": item["msg"], "type": item["type"]}
        for item in error.errors()
    ]
    return problem(422, "The request is not valid.", errors=errors)


def _where(path: Sequence[str | int]) -> list[str | int]:
    """Where the problem is. Names come from the caller: short ones only, and encodable."""
    return [
        part if isinstance(part, int) else part.encode("utf-8", "replace").decode()[:LONGEST_NAME]
        for part in path
    ]


async def _database_error(
    _request: Request, error: SQLAlchemyError | DatabaseUnavailableError
) -> Response:
    if not is_outage(error):
        raise error
    logger.error("database unavailable", extra={"reason": type(error).__name__})
    headers = {"Retry-After": "5"}
    return problem(503, "The database is not available. Try again soon.", headers=headers)


def unexpected() -> Response:
    """What is answered when something is broken here; why, only the log says."""
    return problem(500, "Something went wrong here. The request id helps us to find it.")
