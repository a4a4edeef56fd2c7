"""Every file of a resource, by its path. Pure."""

from __future__ import annotations

from devtool.scaffold.resource.resource import Resource
from devtool.scaffold.resource.write_model import model
from devtool.scaffold.resource.write_revision import dropping, revision
from devtool.scaffold.resource.write_router import router
from devtool.scaffold.resource.write_schemas import schemas
from devtool.scaffold.resource.write_service import service
from devtool.scaffold.resource.write_tests import can_be_tested, tests
from devtool.scaffold.resource.write_tools import tools

# The feature that brings what resources share.
SHARED = "resources"


def files(resource: Resource, *, with_tools: bool = False) -> dict[str, str]:
    """The text of each file, without the revision, which is written once.

    Args:
        resource: The resource.
        with_tools: Whether the project offers tools to assistants.
    """
    app = "backend/app"
    more = {}
    if can_be_tested(resource):
        more[f"backend/tests/test_{resource.plural}.py"] = tests(resource)
    if with_tools:
        more[f"{app}/ai/tools/{resource.plural}.py"] = tools(resource)
    return more | {
        f"{app}/models/{resource.name}.py": model(resource),
        f"{app}/schemas/{resource.name}.py": schemas(resource),
        f"{app}/services/{resource.name}.py": service(resource),
        f"{app}/routers/{resource.plural}.py": router(resource),
    }


def revision_file(resource: Resource) -> tuple[str, str]:
    """The revision, with its numbers still to be filled in."""
    return f"backend/alembic/versions/{resource.plural}.py", revision(resource)


def dropping_file(resource: Resource) -> tuple[str, str]:
    """The revision that takes the tables away, its numbers still to be filled in."""
    return f"backend/alembic/versions/drop_{resource.plural}.py", dropping(resource)
