"""The OpenAPI document: FastAPI's own, with the schemas of problem documents in it."""

from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute
from pydantic.json_schema import models_json_schema

from app.errors import Problem


class Application(FastAPI):
    """FastAPI, with an OpenAPI document that knows what errors look like."""

    def openapi(self) -> dict[str, Any]:
        """The document; made once, since FastAPI keeps it."""
        document = super().openapi()
        schemas: dict[str, Any] = document.setdefault("components", {}).setdefault("schemas", {})
        schemas.update(_problem_schemas())
        return document


def operation_id(route: APIRoute) -> str:
    """A short name for generated clients: that of the function."""
    return route.name


def _problem_schemas() -> dict[str, Any]:
    _, definitions = models_json_schema(
        [(Problem, "serialization")], ref_template="#/components/schemas/{model}"
    )
    schemas: dict[str, Any] = definitions["$defs"]
    return schemas
