"""Query strings that are models, for lists.

`Annotated[Model, Query()]` means the same and documents itself, but FastAPI works out the types of
all fields anew for every request: more work than to read and check the values.
"""

from typing import Any, TypeVar

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError

Model = TypeVar("Model", bound=BaseModel)


def documented_query(model: type[BaseModel]) -> dict[str, Any]:
    """The `openapi_extra` of a route that reads its query as this model.

    Raises:
        TypeError: If the model has models or enums of its own in it: leave that one to FastAPI.
    """
    schema = model.model_json_schema()
    if "$defs" in schema:
        raise TypeError(f"{model.__name__} needs Annotated[{model.__name__}, Query()]")
    return {
        "parameters": [
            {
                "name": name,
                "in": "query",
                "required": name in schema.get("required", ()),
                "schema": field,
            }
            for name, field in schema["properties"].items()
        ]
    }


def read_query(model: type[Model], request: Request) -> Model:
    """The query of a request.

    Raises:
        RequestValidationError: If the model does not allow it.
    """
    try:
        return model.model_validate(dict(request.query_params))
    except ValidationError as error:
        problems = [{**item, "loc": ("query", *item["loc"])} for item in error.errors()]
        raise RequestValidationError(problems) from error
