"""`app/ai/tools/<names>.py`: what the routes do, for assistants. Pure."""

from __future__ import annotations

from devtool.scaffold.resource import columns
from devtool.scaffold.resource.layout import imports, tidy
from devtool.scaffold.resource.names import article
from devtool.scaffold.resource.resource import Resource, column_of

TOOLS = '''"""The tools for {plural}: what their routes do, for assistants."""

{imports}

{name}Id = Annotated[
    int, Field(ge=1, le=LARGEST_ID, description="The id, from list_{service}.")
]


class Add{name}({name}Create):
    """What add_{one_} takes."""


class List{Plural}({name}Query):
    """What list_{plural_} takes."""


class One{name}(Input):
    """What tools take that work on one {one}."""

    {key}: {name}Id


class Update{name}({name}Patch):
    """What update_{one_} takes."""

    {key}: {name}Id


class {name}Deleted(Input):
    """What delete_{one_} gives back."""

    {key}: int
    deleted: bool = True


async def add_{one_}(caller: Caller, asked: Add{name}) -> {name}Read:
    """Create {a}."""
    return {name}Read.model_validate(
        await {service}.create_{one_}(caller.user_id, asked)
    )


async def list_{plural_}(caller: Caller, asked: List{Plural}) -> {name}Page:
    """List the user's {plural}, newest first, a page at a time."""
    return {name}Page.model_validate(
        await {service}.list_{plural_}(caller.user_id, asked)
    )


async def get_{one_}(caller: Caller, asked: One{name}) -> {name}Read:
    """Read one {one}."""
    found = await {service}.get_{one_}(caller.user_id, asked.{key})
    return {name}Read.model_validate(found)


async def update_{one_}(caller: Caller, asked: Update{name}) -> {name}Read:
    """Change {a}; what is left out stays."""
    changes = {name}Patch(**asked.model_dump(exclude_unset=True, exclude={{"{key}"}}))
    changed = await {service}.update_{one_}(caller.user_id, asked.{key}, changes)
    return {name}Read.model_validate(changed)


async def delete_{one_}(caller: Caller, asked: One{name}) -> {name}Deleted:
    """Delete {a} for good."""
    await {service}.delete_{one_}(caller.user_id, asked.{key})
    return {name}Deleted({key}=asked.{key})


TOOLS = (
    tool(Effect.ADD, add_{one_}),
    tool(Effect.READ, list_{plural_}),
    tool(Effect.READ, get_{one_}),
    tool(Effect.SET, update_{one_}),
    tool(Effect.DELETE, delete_{one_}),
)
'''


def key(resource: Resource) -> str:
    """What tools call the id of a row: `invoice_id`, or `id` where a field is called that."""
    own = columns.own_column(resource)
    return "id" if own in map(column_of, resource.fields) else own


def tools(resource: Resource) -> str:
    """The text of the module."""
    name = resource.class_name
    kinds = ("Create", "Page", "Patch", "Query", "Read")
    return tidy(
        TOOLS.format(
            plural=resource.plural.replace("_", " "),
            plural_=resource.plural,
            service=columns.service(resource),
            Plural="".join(word.capitalize() for word in resource.plural.split("_")),
            one=resource.words,
            one_=resource.name,
            key=key(resource),
            a=article(resource.words),
            name=name,
            imports=imports(
                (
                    "typing:Annotated",
                    "pydantic:Field",
                    "app.ai.caller:Caller",
                    "app.ai.tool:Effect",
                    "app.ai.tool:tool",
                    "app.schemas.base:LARGEST_ID",
                    "app.schemas.base:Input",
                    *(f"app.schemas.{resource.name}:{name}{kind}" for kind in kinds),
                    f"app.services:{resource.name} as {columns.service(resource)}",
                )
            ),
        )
    )
