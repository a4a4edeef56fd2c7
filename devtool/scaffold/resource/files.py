"""Every file of a resource, by its path. Pure."""

from __future__ import annotations

from devtool.scaffold.resource.resource import Resource
from devtool.scaffold.resource.write_model import model
from devtool.scaffold.resource.write_revision import dropping, revision
from devtool.scaffold.resource.write_router import router
from devtool.scaffold.resource.write_schemas import schemas
from devtool.scaffold.resource.write_service import service

# The feature that brings what resources share.
SHARED = "resources"


def files(resource: Resource) -> dict[str, str]:
    """The text of each file, without the revision, which is written once."""
    app = "backend/app"
    return {
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
