"""`tests/test_<names>.py`: every route and every bound, and nobody else's rows. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from devtool.scaffold.resource import columns
from devtool.scaffold.resource.fields import Field
from devtool.scaffold.resource.kinds import ENUM, MANY, REF
from devtool.scaffold.resource.layout import imports, tidy
from devtool.scaffold.resource.names import article, plural
from devtool.scaffold.resource.resource import Resource, Target
from devtool.scaffold.resource.write_schemas import as_python

TESTS = '''"""{Plural}: every route, every bound, and nobody else's."""

{imports}

URL = "/api/v1/{path}"
MISSING = 2**40
STRANGER = "11111111-1111-1111-1111-111111111111"
Headers = dict[str, str]
{counter}

def example(client: TestClient, who: Headers) -> dict[str, Any]:
    """What a new {one} is made of; what it refers to is there."""
    return {{
{example}
    }}


def create(client: TestClient, who: Headers, **changes: object) -> dict[str, Any]:
    """A new {one}."""
    answer = client.post(URL, json={{**example(client, who), **changes}}, headers=who)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made

{user}
def test_a_new_one_can_be_read(client: TestClient, ada: Headers) -> None:
    asked = example(client, ada)
    answer = client.post(URL, json=asked, headers=ada)
    made = answer.json()
    assert answer.status_code == 201, answer.text
    assert answer.headers["etag"] == '"1"'
    assert made["created_at"] == made["updated_at"]
    read = client.get(f"{{URL}}/{{made['id']}}", headers=ada)
    assert read.json() == made
    assert read.headers["etag"] == '"1"'
    assert client.get(URL, headers=ada).json() == {{
        "items": [made],
        "next_cursor": None,
        "total": None,
    }}


BAD: list[tuple[str, object]] = [
{bad}
]


@pytest.mark.parametrize(("name", "value"), BAD)
def test_values_out_of_bounds_are_refused(
    client: TestClient, ada: Headers, name: str, value: object
) -> None:
    body = {{**example(client, ada), name: value}}
    assert client.post(URL, json=body, headers=ada).status_code == 422
    made = create(client, ada)
    place = f"{{URL}}/{{made['id']}}"
    assert client.put(place, json=body, headers=ada).status_code == 422
    if value is not None:  # which a patch takes for "left out"
        assert client.patch(place, json={{name: value}}, headers=ada).status_code == 422
    assert client.get(place, headers=ada).json() == made


{needed}def test_one_can_be_changed(client: TestClient, ada: Headers) -> None:
    made = create(client, ada)
    place = f"{{URL}}/{{made['id']}}"
    changed = client.patch(place, json={{"{field}": {changed}}}, headers=ada)
    assert changed.status_code == 200, changed.text
    assert changed.headers["etag"] == '"2"'
    assert {{**changed.json(), "updated_at": ""}} == {{
        **made,
        "{field}": changed.json()["{field}"],
        "updated_at": "",
    }}
    again = client.put(place, json=example(client, ada), headers=ada)
    assert again.status_code == 200, again.text
    assert again.headers["etag"] == '"3"'


def test_a_change_can_be_bound_to_what_was_seen(client: TestClient, ada: Headers) -> None:
    made = create(client, ada)
    place = f"{{URL}}/{{made['id']}}"
    seen = {{**ada, "If-Match": '"1"'}}
    assert client.patch(place, json={{}}, headers=seen).status_code == 200
    assert client.patch(place, json={{}}, headers=seen).status_code == 412
    assert client.put(place, json=example(client, ada), headers=seen).status_code == 412
    assert client.delete(place, headers=seen).status_code == 412
    assert client.delete(place, headers={{**ada, "If-Match": '"1", "2"'}}).status_code == 204
    assert client.delete(place, headers=ada).status_code == 404


def test_a_key_creates_once(client: TestClient, ada: Headers) -> None:
    body = example(client, ada)
    headers = {{**ada, "Idempotency-Key": "a-key"}}
    first = client.post(URL, json=body, headers=headers)
    second = client.post(URL, json=body, headers=headers)
    assert first.json() == second.json()
    assert first.headers["idempotency-replayed"] == "false"
    assert second.headers["idempotency-replayed"] == "true"
    assert client.get(URL, params={{"total": True}}, headers=ada).json()["total"] == 1


def test_lists_have_pages(client: TestClient, ada: Headers) -> None:
    made = [create(client, ada)["id"] for _ in range(3)]
    first = client.get(URL, params={{"limit": 2, "total": True}}, headers=ada).json()
    assert [item["id"] for item in first["items"]] == made[:0:-1]
    assert first["total"] == 3
    cursor = first["next_cursor"]
    last = client.get(URL, params={{"limit": 2, "cursor": cursor}}, headers=ada).json()
    assert [item["id"] for item in last["items"]] == made[:1]
    assert last["next_cursor"] is None
    oldest = client.get(URL, params={{"sort": "created_at"}}, headers=ada).json()
    assert [item["id"] for item in oldest["items"]] == made


{more}def test_what_is_not_there_is_not_found(client: TestClient, ada: Headers) -> None:
    place = f"{{URL}}/{{MISSING}}"
    body = example(client, ada)
    assert client.get(place, headers=ada).status_code == 404
    assert client.put(place, json=body, headers=ada).status_code == 404
    assert client.patch(place, json={{}}, headers=ada).status_code == 404
    assert client.delete(place, headers=ada).status_code == 404


def test_nobody_reaches_those_of_others(client: TestClient, ada: Headers) -> None:
    made = create(client, ada)
    body = {name}Replace.model_validate(example(client, ada))
    for call, arguments in (
        (service.get_{one_}, ()),
        (service.replace_{one_}, (body,)),
        (service.update_{one_}, ({name}Patch(),)),
        (service.delete_{one_}, ()),
    ):
        with pytest.raises({refused}):
            run(client, call, STRANGER, made["id"], *arguments)
    listed = run(client, service.list_{plural_}, STRANGER, {name}Query(total=True))
    assert (listed.items, listed.total) == ([], 0)
    assert client.get(f"{{URL}}/{{made['id']}}", headers=ada).json() == made
'''
NEEDED = """@pytest.mark.parametrize("name", [{names}])
def test_what_is_needed_has_to_be_given(client: TestClient, ada: Headers, name: str) -> None:
    body = example(client, ada)
    del body[name]
    assert client.post(URL, json=body, headers=ada).status_code == 422


"""
USER = '''
async def somebody() -> str:
    """The id of a user."""
    found: str = await get_database().value(select(User.id))
    return found

'''
UNIQUE = """def test_{name}_is_there_once(client: TestClient, ada: Headers) -> None:
    made = create(client, ada)
    other = create(client, ada)
    body = {{**example(client, ada), "{name}": made["{name}"]}}
    assert client.post(URL, json=body, headers=ada).status_code == 409
    change = {{"{name}": made["{name}"]}}
    assert client.patch(f"{{URL}}/{{other['id']}}", json=change, headers=ada).status_code == 409


"""
REFERENCE = """def test_{name}_has_to_be_there(client: TestClient, ada: Headers) -> None:
    body = {{**example(client, ada), "{column}": {missing}}}
    assert client.post(URL, json=body, headers=ada).status_code == 409
    made = create(client, ada)
    change = {{"{column}": {missing}}}
    assert client.patch(f"{{URL}}/{{made['id']}}", json=change, headers=ada).status_code == 409


"""
FILTER = """FILTERS: list[tuple[str, str | int]] = [
{cases}
]


def test_lists_are_filtered(client: TestClient, ada: Headers) -> None:
    made = create(client, ada)
    for name, other in FILTERS:
        listed = client.get(URL, params={{name: made[name]}}, headers=ada).json()
        assert listed["items"] == [made]
        assert client.get(URL, params={{name: other}}, headers=ada).json()["items"] == []


"""
SEARCH = """def test_texts_are_searched(client: TestClient, ada: Headers) -> None:
    made = {made}
    found = client.get(URL, params={{"search": "{part}", "total": True}}, headers=ada).json()
    assert (found["items"], found["total"]) == ([made], 1)
    assert client.get(URL, params={{"search": "%"}}, headers=ada).json()["items"] == []


"""
LINKS = """def test_{name}_are_replaced(client: TestClient, ada: Headers) -> None:
    made = create(client, ada)
    assert made["{column}"] != []
    place = f"{{URL}}/{{made['id']}}"
    emptied = client.patch(place, json={{"{column}": []}}, headers=ada)
    assert emptied.json()["{column}"] == []
    filled = client.patch(place, json={{"{column}": made["{column}"]}}, headers=ada)
    assert filled.json()["{column}"] == made["{column}"]


"""


def tests(resource: Resource) -> str:
    """The text of the module."""
    first = _changeable(resource)
    needed = [columns.name(field) for field in resource.fields if _is_needed(field)]
    return tidy(
        TESTS.format(
            Plural=_sentence(resource.plural.replace("_", " ")),
            imports=imports(_imports(resource)),
            path=resource.path,
            one=resource.words,
            one_=resource.name,
            plural_=resource.plural,
            a=article(resource.words),
            name=resource.class_name,
            counter="NUMBERS = count(1)\n" if _counts(resource) else "",
            example="\n".join(_example(resource)),
            user=USER if _needs_user(resource) else "",
            bad="\n".join(f"    {json_pair}," for json_pair in _bad(resource)),
            needed=NEEDED.format(names=", ".join(f'"{name}"' for name in needed)) if needed else "",
            field=columns.name(first),
            changed=_other(resource, first),
            more="".join(_more(resource)),
            refused="(ConflictError, NotFoundError)" if _refers(resource) else "NotFoundError",
        )
    )


def can_be_tested(resource: Resource) -> bool:
    """Whether every row it needs can be made from what is known about its resource."""
    return all(
        _way(resource.target(field)) or _is_own(resource, field) or field.is_optional
        for field in (*resource.references, *resource.links)
    )


def _way(target: Target) -> str:
    """How a row of a resource is made: as a user, by its own tests, or from its example."""
    if target.id_type == "str":
        return "user" if target.name == "user" else ""
    if target.tells_in_use:
        return "tests"
    return "example" if target.name == "task" else ""


def _is_own(resource: Resource, field: Field) -> bool:
    return bool(field.target) and field.target == resource.name


def _is_needed(field: Field) -> bool:
    return not columns.default(field)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _needs_user(resource: Resource) -> bool:
    return any(
        _way(resource.target(field)) == "user" for field in (*resource.references, *resource.links)
    )


def _refers(resource: Resource) -> bool:
    """Whether the example refers to rows that have an owner."""
    fields = (*resource.references, *resource.links)
    return any(resource.target(f).is_owned and _value(resource, f) for f in fields)


def _counts(resource: Resource) -> bool:
    return any(field.is_unique for field in resource.fields)


def _imports(resource: Resource) -> Iterator[str]:
    yield from ("typing:Any", "pytest", "fastapi.testclient:TestClient")
    yield from ("app.errors:NotFoundError", f"app.services:{resource.name} as service")
    for kind in ("Patch", "Query", "Replace"):
        yield f"app.schemas.{resource.name}:{resource.class_name}{kind}"
    yield "tests.conftest:run"
    if _refers(resource):
        yield "app.errors:ConflictError"
    if _counts(resource):
        yield "itertools:count"
    if _needs_user(resource):
        yield from ("sqlmodel:select", "app.database:get_database", "app.models.user:User")
    for field in (*resource.references, *resource.links):
        target = resource.target(field)
        if _is_own(resource, field):
            continue
        if _way(target) == "tests":
            yield f"tests.test_{target.table}:create as create_{target.name}"
        elif _way(target) == "example":
            yield f"app.schemas.{target.module}:EXAMPLE as {target.name.upper()}"


def _example(resource: Resource) -> Iterator[str]:
    for field in resource.fields:
        value = _value(resource, field)
        if value:
            yield f'        "{columns.name(field)}": {value},'


def _value(resource: Resource, field: Field) -> str:
    """A value as Python, or an empty string where it is better left out."""
    if field.kind in (REF, MANY):
        made = "" if _is_own(resource, field) else _made(resource.target(field))
        return f"[{made}]" if made and field.kind == MANY else made
    if field.is_unique:
        return _unique(field)
    return as_python(columns.samples(resource, field)[0])


# A value that was not there before, from the counter of the module.
UNIQUE_VALUES = {
    "str": 'f"{next(NUMBERS)}"',
    "int": "next(NUMBERS)",
    "bigint": "next(NUMBERS)",
    "decimal": "str(next(NUMBERS))",
    "uuid": 'f"00000000-0000-4000-8000-{next(NUMBERS):012}"',
    "date": 'f"{2000 + next(NUMBERS)}-01-01"',
}
FEW_DIGITS = 3


def _unique(field: Field) -> str:
    """An expression that is another value each time, as far as the type has so many."""
    if field.is_text and columns.longest(field) <= FEW_DIGITS:
        return "chr(0x4E00 + next(NUMBERS))"
    if field.kind == "decimal":
        digits, behind = field.arguments
        few = min(behind or digits, FEW_DIGITS)
        if digits - behind < FEW_DIGITS and not behind:
            return f'f"{{next(NUMBERS) % {10**few}}}"'
        if digits - behind < FEW_DIGITS:
            return f'f"0.{{next(NUMBERS) % {10**few}:0{few}}}"'
    return UNIQUE_VALUES[field.kind]


def _made(target: Target) -> str:
    way = _way(target)
    if way == "user":
        return "run(client, somebody)"
    if way == "tests":
        return f'create_{target.name}(client, who)["id"]'
    if way == "example":
        path = plural(target.name).replace("_", "-")
        return (
            f'client.post("/api/v1/{path}", json={target.name.upper()}, headers=who).json()["id"]'
        )
    return ""


def _bad(resource: Resource) -> Iterator[str]:
    for field in resource.fields:
        for value in _wrong(resource, field):
            yield f'("{columns.name(field)}", {value})'
    yield '("user_id", "somebody")'
    yield '("id", 1)'


def _wrong(resource: Resource, field: Field) -> Iterator[str]:
    """Values as Python that a field refuses."""
    if not field.is_optional:
        yield "None"
    if field.kind == ENUM:
        others = (
            text for text in ("other", "another", "none of these") if text not in field.values
        )
        yield f'"{next(others)}"'
        return
    if field.kind in (REF, MANY):
        of_user = resource.target(field).id_type == "str"
        one = '"x" * 37' if of_user else "0"
        yield from ((one, "[]") if field.kind == REF else (f"[{one}]", "1"))
        return
    if field.is_text:
        yield f'"x" * {columns.longest(field) + 1}'
        yield '"\\0"'
        if field.is_required:
            yield '" "'
    for value in field.table_entry.wrong:
        if value != "null":
            yield as_python(value)


def _changeable(resource: Resource) -> Field:
    """A field that can be given another value without another row."""
    plain = [field for field in resource.scalars if not field.is_unique]
    return next(iter(plain or resource.scalars), resource.fields[0])


def _other(resource: Resource, field: Field) -> str:
    """Another value for it, as Python."""
    if field.kind in (REF, MANY):
        return f'made["{columns.name(field)}"]'
    if field.is_unique:
        return _value(resource, field)
    return as_python(columns.samples(resource, field)[1])


def _more(resource: Resource) -> Iterator[str]:
    for field in resource.fields:
        if field.is_unique:
            yield UNIQUE.format(name=columns.name(field))
    for field in resource.references:
        missing = "STRANGER" if resource.target(field).id_type == "str" else "MISSING"
        yield REFERENCE.format(name=field.name, column=columns.name(field), missing=missing)
    for field in resource.links:
        if _value(resource, field):
            yield LINKS.format(name=field.name, column=columns.name(field))
    cases = list(_filters(resource))
    if cases:
        yield FILTER.format(cases="\n".join(f"    {case}," for case in cases))
    text = next((field for field in resource.fields if field.is_text and _is_wide(field)), None)
    if text is not None:
        yield SEARCH.format(made=_with(text.name, "Needle_x"), part="eedle_")


def _filters(resource: Resource) -> Iterator[str]:
    """Fields that lists are filtered by, each with a value that the example does not have."""
    for field in resource.columns:
        if columns.is_filtered(field) and _value(resource, field):
            if field.kind == REF:
                other = "STRANGER" if resource.target(field).id_type == "str" else "MISSING"
            else:
                other = as_python(columns.samples(resource, field)[1])
            yield f'("{columns.name(field)}", {other})'


def _with(name: str, text: str) -> str:
    """A new row with a text in a field, whose name may be that of an argument of `create`."""
    if name not in ("client", "who"):
        return f'create(client, ada, {name}="{text}")'
    body = f'{{**example(client, ada), "{name}": "{text}"}}'
    return f"client.post(URL, json={body}, headers=ada).json()"


def _is_wide(field: Field) -> bool:
    return field.arguments[0] >= len("Needle_x")
