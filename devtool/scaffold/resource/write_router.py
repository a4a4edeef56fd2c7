"""`app/routers/<names>.py`: HTTP on one side, the service on the other. Pure."""

from __future__ import annotations

from devtool.scaffold.resource import columns
from devtool.scaffold.resource.layout import imports, tidy
from devtool.scaffold.resource.names import article
from devtool.scaffold.resource.resource import Resource

PARAMETERS = ("documented_key", "documented_query", "read_key", "read_query")
ROUTER = '''"""The routes of {plural}, for `app.services.{one_}`."""

{imports}

router = APIRouter(prefix="/{path}", tags=["{tag}"], responses=USER_RESPONSES)


@router.get(
    "", response_model={name}Page, openapi_extra=documented_query({name}Query)
)
async def list_{plural_}(
    user: CurrentUser, request: Request
) -> Listed[{service}.{name}Record]:
    """List your {plural}, a page at a time."""
    return await {service}.list_{plural_}(user, read_query({name}Query, request))


@router.post(
    "",
    response_model={name}Read,
    status_code=201,
    responses=documented(409),
    openapi_extra=documented_key(),
)
async def create_{one_}(
    user: CurrentUser, data: {name}Create, request: Request, response: Response
) -> {service}.{name}Record | {name}Read:
    """Create {a}."""
    key = read_key(request)
    if key is None:
        return _tagged(await {service}.create_{one_}(user, data), response)
    made, replayed = await {service}.create_{one_}_once(user, data, key)
    response.headers["ETag"] = etag(1)
    response.headers["Idempotency-Replayed"] = str(replayed).lower()
    return made


@router.get("/{{{one_}_id}}", response_model={name}Read, responses=documented(404))
async def get_{one_}(
    user: CurrentUser, {one_}_id: Id, response: Response
) -> {service}.{name}Record:
    """Read one of your {plural}."""
    return _tagged(await {service}.get_{one_}(user, {one_}_id), response)


@router.put("/{{{one_}_id}}", response_model={name}Read, responses={changed})
async def replace_{one_}(
    user: CurrentUser, {one_}_id: Id, data: {name}Replace, response: Response, if_match: IfMatch = None
) -> {service}.{name}Record:
    """Replace all of {a}; with `If-Match: <ETag>` only as you saw it."""
    changed = await {service}.replace_{one_}(user, {one_}_id, data, versions(if_match))
    return _tagged(changed, response)


@router.patch("/{{{one_}_id}}", response_model={name}Read, responses={changed})
async def update_{one_}(
    user: CurrentUser, {one_}_id: Id, data: {name}Patch, response: Response, if_match: IfMatch = None
) -> {service}.{name}Record:
    """Change some of {a}; with `If-Match: <ETag>` only as you saw it."""
    changed = await {service}.update_{one_}(user, {one_}_id, data, versions(if_match))
    return _tagged(changed, response)


@router.delete("/{{{one_}_id}}", status_code=204, responses=documented(404, 409, 412))
async def delete_{one_}(
    user: CurrentUser, {one_}_id: Id, if_match: IfMatch = None
) -> None:
    """Delete {a}; with `If-Match: <ETag>` only as you saw it."""
    await {service}.delete_{one_}(user, {one_}_id, versions(if_match))


def _tagged(
    {one_}: {service}.{name}Record, response: Response
) -> {service}.{name}Record:
    response.headers["ETag"] = etag({one_}.version)
    return {one_}
'''


def router(resource: Resource) -> str:
    """The text of the module."""
    name = resource.class_name
    conflicts = any(field.is_unique or field.target for field in resource.fields)
    kinds = ("Create", "Page", "Patch", "Query", "Read", "Replace")
    text = ROUTER.format(
        plural=resource.plural.replace("_", " "),
        plural_=resource.plural,
        service=columns.service(resource),
        one_=resource.name,
        a=article(resource.words),
        name=name,
        path=resource.path,
        tag=resource.plural.replace("_", " "),
        changed="documented(404, 409, 412)" if conflicts else "documented(404, 412)",
        imports=imports(
            (
                *(f"fastapi:{item}" for item in ("APIRouter", "Request", "Response")),
                "app.current_user:USER_RESPONSES",
                "app.current_user:CurrentUser",
                "app.errors:documented",
                *(f"app.preconditions:{item}" for item in ("IfMatch", "etag", "versions")),
                *(f"app.parameters:{item}" for item in PARAMETERS),
                "app.schemas.base:Id",
                *(f"app.schemas.{resource.name}:{name}{kind}" for kind in kinds),
                f"app.services:{resource.name} as {columns.service(resource)}",
                "app.services.rows:Listed",
            )
        ),
    )
    return tidy(text)
