"""The routes of the running application, from the OpenAPI document that it serves."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from devtool.errors import DevtoolError
from devtool.mcp.requests import send, service_of
from devtool.model.state import ProcessState

PLACES = ("/openapi.json", "/api/openapi.json", "/api/v1/openapi.json", "/schema/openapi.json")
METHODS = ("get", "post", "put", "patch", "delete", "options", "head")
MAX_ROUTES = 400
MAX_DEPTH = 6
OK = 200


def routes(root: Path, arguments: Mapping[str, object]) -> object:
    """Every route, one a line; for one path, its parameters, body and answers.

    Raises:
        DevtoolError: When nothing runs, or it describes no such routes.
    """
    document = document_of(service_of(root))
    paths = document.get("paths")
    known = paths if isinstance(paths, dict) else {}
    path = arguments.get("path")
    if isinstance(path, str):
        return _one(document, known, path)
    found = [line for at, item in known.items() for line in _lines(at, item)]
    more = [f"and {len(found) - MAX_ROUTES} more"] if len(found) > MAX_ROUTES else []
    return "\n".join(found[:MAX_ROUTES] + more) or "no routes"


def document_of(service: ProcessState) -> dict[str, Any]:
    """The OpenAPI document that a service serves.

    Raises:
        DevtoolError: When it serves none, or does not answer.
    """
    for place in PLACES:
        answer = send(service, "GET", place)
        if answer.status == OK and "json" in answer.kind:
            try:
                document = json.loads(answer.body)
            except (ValueError, RecursionError):
                continue
            if isinstance(document, dict) and "paths" in document:
                return document
    raise DevtoolError(
        f"{service.name} describes its routes at none of {', '.join(PLACES)}",
        hint="request can still ask it",
    )


def _lines(path: str, item: object) -> Iterator[str]:
    for method, operation in item.items() if isinstance(item, dict) else ():
        if method in METHODS and isinstance(operation, dict):
            about = operation.get("summary") or operation.get("operationId") or ""
            locked = "  (needs credentials)" if operation.get("security") else ""
            yield f"{method.upper()} {path}  {about}{locked}".rstrip()


def _one(document: dict[str, Any], known: dict[str, Any], path: str) -> object:
    item = known.get(path)
    if not isinstance(item, dict):
        near = [at for at in known if at.startswith(path.rstrip("/")[:-1] or "/")][:10]
        raise DevtoolError(f"there is no route {path!r}", hint=f"near it: {', '.join(near)}")
    kept = ("summary", "parameters", "requestBody", "responses", "security")
    return {
        method.upper(): {
            key: _resolved(document, operation[key], MAX_DEPTH) for key in kept if key in operation
        }
        for method, operation in item.items()
        if method in METHODS and isinstance(operation, dict)
    }


def _resolved(document: dict[str, Any], value: Any, depth: int) -> Any:
    """A part of the document with what it refers to in it, without titles."""
    if isinstance(value, list):
        return [_resolved(document, each, depth) for each in value]
    if not isinstance(value, dict):
        return value
    reference = value.get("$ref")
    if isinstance(reference, str):
        if depth <= 0:
            return {"$ref": reference}
        return _resolved(document, _target(document, reference), depth - 1)
    # A title is text; a field may be called so too, and is then described by an object.
    return {
        key: _resolved(document, each, depth)
        for key, each in value.items()
        if key != "title" or not isinstance(each, str)
    }


def _target(document: dict[str, Any], reference: str) -> Any:
    found: Any = document
    for part in reference.removeprefix("#/").split("/"):
        name = part.replace("~1", "/").replace("~0", "~")
        found = found.get(name) if isinstance(found, dict) else None
    return found if found is not None else {"unresolved": reference}
