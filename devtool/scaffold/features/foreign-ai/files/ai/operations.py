"""The application's routes as tools: what each is called, takes and does."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from fastapi import FastAPI

from .settings import NO_TOOLS

DEEPEST = 12
JSON = "application/json"
METHODS = ("get", "post", "put", "patch", "delete")


class Operation(NamedTuple):
    """One route.

    Attributes:
        name: The tool's name.
        method: GET, POST, PUT, PATCH or DELETE.
        path: Its path, with the parameters in braces.
        description: What it does.
        schema: What it takes, as JSON schema.
        places: Where each argument goes: `path`, `query` or `body`.
        body: The argument that is the whole body, where the body is no table.
    """

    name: str
    method: str
    path: str
    description: str
    schema: dict[str, Any]
    places: dict[str, str]
    body: str = ""

    @property
    def is_reading(self) -> bool:
        """Whether it changes nothing."""
        return self.method == "GET"

    @property
    def is_destructive(self) -> bool:
        """Whether something is gone afterwards."""
        return self.method == "DELETE"


def operations(app: FastAPI) -> dict[str, Operation]:
    """Every route that is a tool, by the tool's name."""
    document = app.openapi()
    found: dict[str, Operation] = {}
    for path, methods in document.get("paths", {}).items():
        for method, described in methods.items():
            if method not in METHODS or NO_TOOLS.search(path):
                continue
            name = _name(described.get("operationId", ""), path, method)
            tool = _operation(
                _free(name, method, found), path, method, described, document
            )
            if tool is not None and not NO_TOOLS.search(name):
                found[tool.name] = tool
    return found


def is_protected(app: FastAPI) -> bool:
    """Whether the application knows its callers by a token."""
    return bool(app.openapi().get("components", {}).get("securitySchemes"))


def _name(operation_id: str, path: str, method: str) -> str:
    """The function behind a route: FastAPI puts its path and its method behind the name."""
    return operation_id.removesuffix("_" + method).removesuffix(
        re.sub(r"\W", "_", path)
    )


def _free(name: str, method: str, taken: Mapping[str, Operation]) -> str:
    """A name that clients accept and no other tool has."""
    plain = re.sub(r"[^a-zA-Z0-9_-]+", "_", name).strip("_")[:56] or method
    number = 2
    free = plain
    while free in taken:
        free = f"{plain}_{number}"
        number += 1
    return free


def _operation(
    name: str,
    path: str,
    method: str,
    described: Mapping[str, Any],
    document: Mapping[str, Any],
) -> Operation | None:
    properties: dict[str, Any] = {}
    required: list[str] = []
    places: dict[str, str] = {}
    for parameter in described.get("parameters", []):
        if parameter["in"] not in ("path", "query"):
            continue
        key = parameter["name"]
        properties[key] = _inlined(parameter.get("schema", {}), document)
        places[key] = parameter["in"]
        if parameter.get("required"):
            required.append(key)
    content = described.get("requestBody", {}).get("content", {})
    if content and JSON not in content:
        return None  # files and forms are not for assistants
    body = ""
    if content:
        schema = _inlined(content[JSON].get("schema", {}), document)
        fields = schema.get("properties") if schema.get("type") == "object" else None
        if fields and not set(fields) & set(places):
            properties |= fields
            places |= dict.fromkeys(fields, "body")
            required += schema.get("required", [])
        else:
            body = "body"
            properties[body] = schema
            places[body] = "body"
            required.append(body)
    text = (
        described.get("description") or described.get("summary") or f"{method} {path}"
    )
    whole = {"type": "object", "properties": properties, "additionalProperties": False}
    if required:
        whole["required"] = required
    return Operation(name, method.upper(), path, str(text)[:1000], whole, places, body)


def _inlined(schema: Any, document: Mapping[str, Any], depth: int = 0) -> Any:
    """A schema that needs no other part of the document."""
    if depth > DEEPEST:
        return {}
    if isinstance(schema, list):
        return [_inlined(item, document, depth + 1) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        name = str(schema["$ref"]).rpartition("/")[2]
        target = document.get("components", {}).get("schemas", {}).get(name, {})
        return _inlined(target, document, depth + 1)
    return {key: _inlined(value, document, depth + 1) for key, value in schema.items()}
