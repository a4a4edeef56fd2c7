"""Parameters that are read and checked in one step: the queries of lists, and `Idempotency-Key`.

`Annotated[Model, Query()]` and `Annotated[str | None, Header()]` mean the same and document
themselves, but FastAPI works out anew for every request of what types they are: more work than to
read and check them. A test compares both ways.
"""

from typing import Annotated, Any, TypeVar

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

KEY = "idempotency-key"
ABOUT_KEY = (
    "A fresh name for this request, such as a UUID: sent again within a day, it is answered as "
    "before and creates nothing."
)
Key = Annotated[
    str | None,
    Field(min_length=1, max_length=255, pattern=r"^[\x21-\x7e]+$", title="Idempotency-Key"),
]
Model = TypeVar("Model", bound=BaseModel)

_key: TypeAdapter[str | None] = TypeAdapter(Annotated[Key, Field(description=ABOUT_KEY)])


def documented_query(model: type[BaseModel]) -> dict[str, Any]:
    """The `openapi_extra` of a route that reads its query with `read_query`.

    Raises:
        TypeError: If the model has models or enums of its own in it: leave that one to FastAPI.
    """
    schema = model.model_json_schema()
    if "$defs" in schema:
        raise TypeError(f"{model.__name__} needs Annotated[{model.__name__}, Query()]")
    required = schema.get("required", ())
    fields = schema["properties"].items()
    parameters = [
        {"name": name, "in": "query", "required": name in required, "schema": field}
        for name, field in fields
    ]
    return {"parameters": parameters}


def read_query(model: type[Model], request: Request) -> Model:
    """The query of a request.

    Raises:
        RequestValidationError: If the model does not allow it.
    """
    try:
        return model.model_validate(dict(request.query_params))
    except ValidationError as error:
        raise _invalid(error, "query") from error


def documented_key() -> dict[str, Any]:
    """The `openapi_extra` of a route that reads its key with `read_key`."""
    parameter = {
        "name": KEY,
        "in": "header",
        "required": False,
        "schema": _key.json_schema(),
        "description": ABOUT_KEY,
    }
    return {"parameters": [parameter]}


def read_key(request: Request) -> str | None:
    """The `Idempotency-Key` of a request, if it has one.

    Raises:
        RequestValidationError: If it is too long, or has odd characters.
    """
    key = request.headers.get(KEY)
    if key is None:
        return None
    try:
        return _key.validate_python(key)
    except ValidationError as error:
        raise _invalid(error, "header", KEY) from error


def _invalid(error: ValidationError, *where: str) -> RequestValidationError:
    return RequestValidationError(
        [{**problem, "loc": (*where, *problem["loc"])} for problem in error.errors()]
    )
