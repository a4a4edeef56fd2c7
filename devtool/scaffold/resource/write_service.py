"""`app/services/<name>.py`: what can be done with a resource; knows nothing of HTTP. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from devtool.scaffold.resource import columns
from devtool.scaffold.resource.fields import Field
from devtool.scaffold.resource.layout import call, imports, tidy
from devtool.scaffold.resource.names import article
from devtool.scaffold.resource.resource import Resource, Target

SERVICE = '''"""What can be done with {plural}. Whoever asks reaches their own and no others."""

{imports}


@dataclass(frozen=True, slots=True)
class {name}Record:
    """{A} as the database holds it."""

    id: int
{fields}
    created_at: {datetime}
    updated_at: {datetime}
    version: int
{links}

{tables}


async def list_{plural_}(owner: str, query: {name}Query) -> Listed[{name}Record]:
    """A page of the owner's {plural}."""
{listing}


async def create_{one_}(owner: str, data: {name}Create) -> {name}Record:
    """{A_new} of the owner{raises}"""
{creating}


async def create_{one_}_once(
    owner: str, data: {name}Create, key: str
) -> tuple[{name}Read, bool]:
    """{A_new}, or that of an earlier request with the key; and which."""

    async def create(connection: AsyncConnection) -> str:
        record = await _create(Within(connection), owner, data)
        return {name}Read.model_validate(record).model_dump_json()

    done = await once(owner, key, f"create {one} {{data.model_dump_json()}}", create)
    return {name}Read.model_validate_json(done.response), done.replayed


async def get_{one_}(owner: str, {one_}_id: int) -> {name}Record:
    """One {one} of the owner.

    Raises:
        NotFoundError: If the owner has no such {one}.
    """
{getting}


async def replace_{one_}(
    owner: str, {one_}_id: int, data: {name}Replace, seen: Sequence[int] | None = None
) -> {name}Record:
    """The {one} after all of it was replaced; raises as updating does."""
    return await _change(owner, {one_}_id, data.model_dump(), seen)


async def update_{one_}(
    owner: str, {one_}_id: int, data: {name}Patch, seen: Sequence[int] | None = None
) -> {name}Record:
    """The {one} after what was given was changed.

    Args:
        owner: Whose {one} it is.
        {one_}_id: Which one.
        data: What shall be different.
        seen: The versions the caller may have seen; None for any.

    Raises:
        NotFoundError: If the owner has no such {one}.
        PreconditionFailedError: If it has another version by now.{more_raises}
    """
    changes = changes_of(
        {changes}
    )
    return await _change(owner, {one_}_id, changes, seen)


async def delete_{one_}(
    owner: str, {one_}_id: int, seen: Sequence[int] | None = None
) -> None:
    """Delete {a}; raises as updating does."""
    with told(in_use="The {one} is in use."):
        await {ROWS}.delete(get_database(), owner, {one_}_id, seen)


{helpers}
'''


def service(resource: Resource) -> str:
    """The text of the module."""
    a = article(resource.words)
    moment = columns.moment(resource, "datetime")
    text = SERVICE.format(
        plural=resource.plural.replace("_", " "),
        plural_=resource.plural,
        one=resource.words,
        one_=resource.name,
        a=a,
        A=a[:1].upper() + a[1:],
        A_new=f"A new {resource.words}",
        name=resource.class_name,
        ROWS=rows(resource),
        imports=imports(_imports(resource)),
        fields="\n".join(_field(resource, field) for field in resource.columns),
        links="".join(_link_field(resource, field) for field in resource.links),
        datetime=moment,
        tables="\n".join(_tables(resource)),
        creating="\n".join(_creating(resource)),
        listing="\n".join(_listing(resource)),
        getting="\n".join(_getting(resource)),
        raises=_create_raises(resource),
        more_raises="".join(f"\n        {line}" for line in _raised(resource)),
        changes=", ".join(
            ("data", *(f'"{columns.name(f)}"' for f in resource.fields if f.is_optional))
        ),
        helpers="\n\n\n".join(_helpers(resource)),
    )
    return tidy(text)


def rows(resource: Resource) -> str:
    """What its rows are called: `INVOICES`."""
    return resource.plural.upper()


def needs_transaction(resource: Resource) -> bool:
    """Whether creating one takes more than one statement."""
    return bool(resource.links or any(resource.target(f).is_owned for f in resource.references))


def _imports(resource: Resource) -> list[str]:
    name = resource.class_name
    wanted = [
        "collections.abc:Mapping",
        "collections.abc:Sequence",
        "dataclasses:dataclass",
        columns.moment_import(resource, "datetime"),
        "typing:Any",
        "sqlalchemy.ext.asyncio:AsyncConnection",
        "sqlmodel:SQLModel",
        "app.database:get_database",
        *(f"app.schemas.{resource.name}:{name}{kind}" for kind in KINDS),
        "app.services.idempotency:once",
        *(f"app.services.rows:{item}" for item in SHARED),
    ]
    if resource.links:
        maker = "dataclasses:field" if _maker(resource) == "field" else "dataclasses"
        wanted += [maker, "dataclasses:replace", "app.services.rows:Links"]
    if _owned(resource):
        wanted += ["app.services.rows:Owned", "app.services.rows:Statements"]
    elif not resource.links or _owned(resource):
        wanted.append("app.services.rows:Statements")
    for field in resource.scalars:
        if field.kind != "enum":
            wanted += columns.own_imports(resource, field.table_entry.record_imports)
    return wanted


SHARED = ("Listed", "Rows", "Within", "changes_of", "page_of", "told")
WHOLE = "(await _whole(on, [record]))[0]"
# What the functions that know of links call something else.
LOCALS = frozenset(
    (
        *("changes", "connection", "data", "ids", "on", "owner", "record", "records"),
        *("replace", "seen", "values"),
    )
)
KINDS = ("Create", "Patch", "Query", "Read", "Replace")


def _field(resource: Resource, field: Field) -> str:
    kind = columns.optional(columns.stored_type(resource, field), field)
    return f"    {columns.name(field)}: {kind}"


def _link_field(resource: Resource, field: Field) -> str:
    kind = columns.python_type(resource, field)
    return f"    {columns.name(field)}: {kind} = {_maker(resource)}(default_factory=list)\n"


def _maker(resource: Resource) -> str:
    """What makes a default; by its whole name where a column is called like it."""
    taken = any(columns.name(each) == "field" for each in resource.fields)
    return "dataclasses.field" if taken else "field"


def _owned(resource: Resource) -> list[Target]:
    """The resources that are referred to and have owners, each once."""
    found: dict[str, Target] = {}
    for field in (*resource.references, *resource.links):
        target = resource.target(field)
        if target.is_owned:
            found[target.name] = target
    return list(found.values())


def _tables(resource: Resource) -> Iterator[str]:
    yield "TABLES = SQLModel.metadata.tables"
    searched = [columns.name(field) for field in resource.fields if field.is_text]
    items = [f'TABLES["{resource.plural}"]', f"{resource.class_name}Record", f'"{resource.words}"']
    if searched:
        shown = ", ".join(f'"{name}"' for name in searched)
        items.append(f"searched=({shown}{',' if len(searched) == 1 else ''})")
    yield call(f"{rows(resource)} = Rows(", items, ")")
    for field in resource.links:
        table = f'TABLES["{columns.link_table(resource, field)}"]'
        keys = [f'"{resource.name}_id"', f'"{columns.other_column(resource, field)}"']
        yield call(f"{_links(field)} = Links(", [table, *keys], ")")
    for target in _owned(resource):
        words = target.name.replace("_", " ")
        yield call(
            f"{_owned_name(target)} = Owned(", [f'TABLES["{target.table}"]', f'"{words}"'], ")"
        )


def _ids(field: Field) -> str:
    """What a function calls the ids of what a row is linked to."""
    return columns.name(field) if field.name in LOCALS else field.name


def _links(field: Field) -> str:
    return f"{field.name.upper()}_OF"


def _owned_name(target: Target) -> str:
    return f"OWN_{target.table.upper()}"


def _listing(resource: Resource) -> Iterator[str]:
    page = f"await {rows(resource)}.page(get_database(), owner, page_of(query))"
    if not resource.links:
        yield f"    return {page}"
        return
    yield f"    listed = {page}"
    yield "    return listed._replace(items=await _whole(get_database(), listed.items))"


def _getting(resource: Resource) -> Iterator[str]:
    get = f"await {rows(resource)}.get(get_database(), owner, {resource.name}_id)"
    if not resource.links:
        yield f"    return {get}"
        return
    yield f"    record = {get}"
    yield f"    return {WHOLE.replace('(on,', '(get_database(),')}"


def _creating(resource: Resource) -> Iterator[str]:
    if not needs_transaction(resource):
        yield "    return await _create(get_database(), owner, data)"
        return
    yield "    async with get_database().transaction() as connection:"
    yield "        return await _create(Within(connection), owner, data)"


def _raised(resource: Resource) -> Iterator[str]:
    """The lines of a docstring for what else can go wrong."""
    unique = any(field.is_unique for field in resource.fields)
    refers = bool(resource.references or resource.links)
    if unique and refers:
        yield "ConflictError: If something has to be unique, or it refers to what is not there."
    elif unique:
        yield "ConflictError: If another one has what has to be unique."
    elif refers:
        yield "ConflictError: If it refers to what is not there."


def _create_raises(resource: Resource) -> str:
    lines = list(_raised(resource))
    if not lines:
        return "."
    return "".join((".\n\n    Raises:", *(f"\n        {line}" for line in lines), "\n    "))


def _helpers(resource: Resource) -> Iterator[str]:
    yield _create(resource)
    yield _change(resource)
    if _owned(resource):
        yield _check(resource)
    if resource.links:
        yield _whole(resource)


def _told(resource: Resource, indent: int) -> str:
    """The `with` line around what the database may refuse, or an empty string."""
    items = []
    unique = [field.name.replace("_", " ") for field in resource.fields if field.is_unique]
    if unique:
        a = article(resource.words)
        whose = f"{a[:1].upper()}{a[1:]} with this {' or '.join(unique)} is there already."
        items.append(f'taken="{whose}"')
    if resource.references or resource.links:
        items.append('missing="It refers to what is not there."')
    return call("with told(", items, "):", indent=indent) if items else ""


def _where(resource: Resource) -> str:
    """What runs the statements that create one."""
    return "Within" if resource.links else "Statements"


def _create(resource: Resource) -> str:
    name = resource.class_name
    lines = [
        "async def _create(",
        f"    on: {_where(resource)}, owner: str, data: {name}Create",
        f") -> {name}Record:",
        "    values = data.model_dump()",
    ]
    if _owned(resource):
        lines.append("    await _check(on, owner, values)")
    lines += [
        f'    {_ids(field)} = values.pop("{columns.name(field)}")' for field in resource.links
    ]
    told, space = _told(resource, 4), "    "
    if told:
        lines.append(told)
        space = "        "
    create = f"await {rows(resource)}.create(on, owner, values)"
    if not resource.links:
        return "\n".join((*lines, f"{space}return {create}"))
    lines.append(f"{space}record = {create}")
    lines += [
        f"{space}await {_links(field)}.put(on, record.id, {_ids(field)})"
        for field in resource.links
    ]
    return "\n".join((*lines, f"    return {WHOLE}"))


def _change(resource: Resource) -> str:
    one, name = resource.name, resource.class_name
    lines = [
        "async def _change(",
        f"    owner: str, {one}_id: int, changes: dict[str, Any], seen: Sequence[int] | None",
        f") -> {name}Record:",
    ]
    if not resource.links:
        lines = [line.replace("dict[", "Mapping[") for line in lines]
    space, on = "    ", "get_database()"
    if needs_transaction(resource):
        lines.append("    async with get_database().transaction() as connection:")
        lines.append("        on = Within(connection)")
        space, on = "        ", "on"
    if _owned(resource):
        lines.append(f"{space}await _check(on, owner, changes)")
    lines += [
        f'{space}{_ids(field)} = changes.pop("{columns.name(field)}", None)'
        for field in resource.links
    ]
    told, inner = _told(resource, len(space)), space
    if told:
        lines.append(told)
        inner += "    "
    change = f"{rows(resource)}.change({on}, owner, {one}_id, changes, seen)"
    if not resource.links:
        return "\n".join((*lines, f"{inner}return await {change}"))
    lines.append(f"{inner}record = await {change}")
    for field in resource.links:
        lines.append(f"{inner}if {_ids(field)} is not None:")
        lines.append(f"{inner}    await {_links(field)}.put(on, {one}_id, {_ids(field)})")
    return "\n".join((*lines, f"{space}return {WHOLE}"))


def _check(resource: Resource) -> str:
    lines = [
        "async def _check(",
        "    on: Statements, owner: str, values: Mapping[str, Any]",
        ") -> None:",
        '    """Refuse what refers to somebody else\'s rows."""',
    ]
    for target in _owned(resource):
        wanted = [
            f'values.get("{columns.name(field)}")'
            for field in resource.references
            if resource.target(field) == target
        ]
        wanted += [
            f'*(values.get("{columns.name(field)}") or ())'
            for field in resource.links
            if resource.target(field) == target
        ]
        head = f"await {_owned_name(target)}.check("
        lines.append(call(head, ["on", "owner", *wanted], ")", indent=4))
    return "\n".join(lines)


def _whole(resource: Resource) -> str:
    name = resource.class_name
    pairs = [f"{columns.name(field)}={_ids(field)}[record.id]" for field in resource.links]
    return "\n".join(
        (
            "async def _whole(",
            f"    on: Statements, records: list[{name}Record]",
            f") -> list[{name}Record]:",
            '    """Records together with what they are linked to."""',
            "    ids = [record.id for record in records]",
            *(f"    {_ids(field)} = await {_links(field)}.of(on, ids)" for field in resource.links),
            "    return [",
            *_each(["record", *pairs]),
            "    ]",
        )
    )


def _each(items: list[str]) -> list[str]:
    """The lines of a comprehension that replaces some of every record."""
    one, loop = call("replace(", items, ")", indent=8), "for record in records"
    return [one, f"        {loop}"] if "\n" in one else [f"{one} {loop}"]
