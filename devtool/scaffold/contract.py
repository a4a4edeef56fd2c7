"""A test for each manager of a console program: the same calls in memory and over HTTP, the same answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import NamedTuple

from devtool.scaffold.bounds import LONGEST
from devtool.scaffold.contract_texts import CONFTEST, KEY, PLAIN, POST, POST_ONLY, SENT, TEST
from devtool.scaffold.entities import Entity, Reading
from devtool.scaffold.managers import Manager, Method, Verb, takes_whole
from devtool.scaffold.mapping import Mapped, MappedField

FOLDER = "backend/tests/contract"
# Two values for each kind of field that can be given on both sides, as Python.
SAMPLES = {
    "str": ('"One"', '"Two"'),
    "int": ("3", "4"),
    "float": ("1.5", "2.5"),
    "bool": ("True", "False"),
    "date": ("date(2026, 1, 31)", "date(2026, 2, 28)"),
    "decimal": ('Decimal("1.50")', 'Decimal("2.50")'),
}
ANOTHER = 2
# Kinds that JSON has as text, with what they are imported from.
AS_TEXT = {"date": "from datetime import date\n", "decimal": "from decimal import Decimal\n"}
OTHER = {
    "str": '"Other"',
    "int": "5",
    "float": "3.5",
    "bool": "True",
    "date": "date(2026, 3, 31)",
    "decimal": 'Decimal("3.50")',
}
DONE = ("completed", "done", "is_done", "is_completed", "finished")


class Contract(NamedTuple):
    """What can be called on both sides.

    Attributes:
        mapped: The entity and its resource.
        manager: What keeps it in memory.
        path: Where the API has it.
        create: The method that makes one.
        listing: The method that gives all.
        given: Fields that are given to it.
        takes_whole: Whether it takes a whole entity.
    """

    mapped: Mapped
    manager: Manager
    path: str
    create: Method
    listing: Method
    given: tuple[MappedField, ...]
    takes_whole: bool


def files(reading: Reading, mapped: Iterable[Mapped], paths: Mapping[str, str]) -> dict[str, str]:
    """The tests, by their paths; none where nothing can be called on both sides. Pure.

    Args:
        reading: What was read.
        mapped: The resources.
        paths: Name of a resource -> where the API has it.
    """
    found = [item for item in contracts(reading, mapped, paths) if isinstance(item, Contract)]
    if not found:
        return {}
    texts = {f"{FOLDER}/__init__.py": '"""Phase I and phase II, side by side."""\n'}
    program = reading.home.folder
    texts[f"{FOLDER}/conftest.py"] = _conftest(program, reading)
    for contract in found:
        name = contract.path.rpartition("/")[2].replace("-", "_")
        texts[f"{FOLDER}/test_{name}.py"] = _test(program, contract)
    return texts


def contracts(
    reading: Reading, mapped: Iterable[Mapped], paths: Mapping[str, str]
) -> list[Contract | str]:
    """For each entity its contract, or why there is none."""
    return [_contract(reading, item, paths) for item in mapped]


def _contract(reading: Reading, mapped: Mapped, paths: Mapping[str, str]) -> Contract | str:
    """The contract with the first manager that has one, or why the first has none."""
    keepers = [item for item in reading.managers if item.entity == mapped.entity.name]
    found = [_contract_with(manager, reading, mapped, paths) for manager in keepers]
    whole = (item for item in found if isinstance(item, Contract))
    return next(whole, found[0] if found else f"{mapped.entity.name}: nothing keeps it")


def _contract_with(
    manager: Manager, reading: Reading, mapped: Mapped, paths: Mapping[str, str]
) -> Contract | str:
    entity = mapped.entity
    create, listing = manager.method(Verb.CREATE), manager.method(Verb.LIST)
    if create is None or listing is None or manager.needs:
        return f"{manager.name} cannot be made and asked for its things without arguments"
    for method in (create, listing):
        if not _is_callable(method):
            why = "has to be awaited" if method.is_async else "asks somebody at the terminal"
            return f"{manager.name}.{method.name} {why}"
    if set(listing.parameters) - set(listing.optional) or not listing.gives:
        return f"{manager.name}.{listing.name} needs arguments, or gives nothing"
    if reading.home.missing:
        return f"{reading.home.missing[0]} is imported from elsewhere than the rest"
    starting = reading.starting & {manager.path, entity.path}
    if starting:
        return f"importing {min(starting)} starts the program"
    fields = [field.name for field in entity.fields]
    whole = takes_whole(create, entity.name, fields)
    given = tuple(_given(mapped, create, is_whole=whole))
    must = _required(entity) if whole else set(create.parameters) - set(create.optional)
    must |= {field.name for field in mapped.fields if field.word.endswith("!")}
    key = {entity.key.name} if whole and entity.key is not None else set()
    if not given or must - {field.name for field in given} - key:
        return f"{manager.name}.{create.name} takes what a test cannot make up"
    return Contract(mapped, manager, paths[mapped.resource], create, listing, given, whole)


def _is_callable(*methods: Method) -> bool:
    """Whether a test can call them: they need no event loop, and nobody at the terminal."""
    return not any(method.is_async or method.asks for method in methods)


def _given(mapped: Mapped, create: Method, *, is_whole: bool) -> Iterator[MappedField]:
    """The fields that a test can make up values for, on both sides."""
    known = {field.name: field for field in mapped.entity.fields}
    taken = {name for name, field in known.items() if field.is_given}
    names = taken if is_whole else set(create.parameters)
    refused = mapped.entity.bounded | create.bounded
    for field in mapped.fields:
        column = known[field.name].column
        has_samples = field.kind in SAMPLES or (field.kind == "enum" and column.is_literal)
        is_wide = not column.longest or column.longest >= LONGEST
        if (
            field.name in names - refused - {*DONE}
            and has_samples
            and is_wide
            and "*" not in refused
        ):
            yield field


def _sample(field: MappedField, index: int) -> str:
    """A value as Python: two that a test begins with, and another."""
    if field.kind == "enum":
        return f'"{field.values[index % 2 if index < ANOTHER else 1]}"'
    return (*SAMPLES[field.kind], OTHER[field.kind])[index]


def _required(entity: Entity) -> set[str]:
    return {field.name for field in entity.fields if field.is_required}


def _conftest(program: str, reading: Reading) -> str:
    told = {*(item.path for item in reading.entities), *(item.path for item in reading.managers)}
    paths = told | reading.home.reached
    tops = sorted({_module(program, path).partition(".")[0] for path in paths})
    steps = "".join(f' / "{part}"' for part in PurePosixPath(program).parts)
    names = "".join(f'    "{name}",\n' for name in tops)
    return CONFTEST.replace("STEPS", steps).replace("NAMES", f"{{\n{names}}}")


def _module(program: str, path: str) -> str:
    """What a file is imported as from the program's folder."""
    parts = PurePosixPath(path).relative_to(program or ".").with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _test(program: str, contract: Contract) -> str:
    manager, entity = contract.manager, contract.mapped.entity
    done = next((field for field in contract.mapped.fields if field.name in DONE), None)
    as_text = sorted({field.kind for field in contract.given if field.kind in AS_TEXT})
    translated = bool(as_text) or any(field.name != field.api for field in contract.given)
    seen = [*contract.given, *([done] if done is not None else [])]
    one, two = (_values(contract, index) for index in (0, 1))
    module = _module(program, manager.path)
    keeper = f'load("{module}")' + ("" if manager.is_module else f".{manager.name}()")
    later = _later(contract, done) if entity.key is not None else []
    steps = [
        f"    keeper = {keeper}",
        *_creation(program, contract),
        *(
            line.replace("json=values", "json=sent(values)" if translated else "json=values")
            for line in (POST if later else POST_ONLY)
        ),
    ]
    steps += ["    assert listed(api) == kept(keeper)", *later]
    pairs = "".join(f'    "{field.name}": "{field.api}",\n' for field in seen)
    return TEST.format(
        about=manager.name,
        entity=entity.name,
        path=contract.path,
        seen=f"{{\n{pairs}}}",
        first=one,
        second=two,
        listing=contract.listing.name,
        imports="".join(AS_TEXT[kind] for kind in as_text),
        held="plain(held(item, name))" if as_text else "held(item, name)",
        key=_translating(as_text, is_needed=translated) + (KEY if later else ""),
        steps="\n".join(steps),
    )


def _translating(as_text: list[str], *, is_needed: bool) -> str:
    """What makes JSON of values: other names, and texts of what JSON has no type for."""
    if not is_needed:
        return ""
    sent = SENT.replace("VALUE", "plain(value)" if as_text else "value")
    types = {"date": "date", "decimal": "Decimal"}
    kinds = " | ".join(types[kind] for kind in as_text)
    return (PLAIN.replace("KINDS", kinds) if as_text else "") + sent


def _values(contract: Contract, index: int) -> str:
    lines = "".join(f'    "{field.name}": {_sample(field, index)},\n' for field in contract.given)
    return f"{{\n{lines}}}"


def _creation(program: str, contract: Contract) -> list[str]:
    create, entity = contract.create.name, contract.mapped.entity
    if not contract.takes_whole:
        calls = [f"    keeper.{create}(**FIRST)", f"    keeper.{create}(**SECOND)"]
    else:
        key = entity.key
        numbers = ("1", "2") if key is not None and key.is_required else ("", "")
        made = f'    make = load("{_module(program, entity.path)}").{entity.name}'
        ids = [f"{key.name}={number}, " if key and number else "" for number in numbers]
        calls = [
            made,
            f"    keeper.{create}(make({ids[0]}**FIRST))",
            f"    keeper.{create}(make({ids[1]}**SECOND))",
        ]
    return calls


def _later(contract: Contract, done: MappedField | None) -> list[str]:
    """The calls that change one, each followed by a look at all."""
    key = contract.mapped.entity.key
    name = key.name if key is not None else "id"
    found: list[str] = []
    update = contract.manager.method(Verb.UPDATE)
    if update is not None and _is_callable(update):
        changed = set(update.parameters[1:]) - update.bounded
        field = next((f for f in contract.given if f.name in changed), None)
        rest = set(update.parameters[1:]) - set(update.optional)
        if field is not None and (rest | update.overwrites) <= {field.name}:
            value = _sample(field, ANOTHER)
            json = f"plain({value})" if field.kind in AS_TEXT else value
            found += [
                f"    keeper.{update.name}(first, {field.name}={value})",
                f'    api.patch(f"{{PATH}}/{{ids[0]}}", json={{"{field.api}": {json}}})',
                "    assert listed(api) == kept(keeper)",
            ]
    complete = contract.manager.method(Verb.COMPLETE)
    if complete is not None and done is not None and _is_simple(complete):
        address = "/complete" if contract.mapped.is_feature else ""
        body = "" if contract.mapped.is_feature else f', json={{"{done.api}": True}}'
        found += [
            f"    keeper.{complete.name}(first)",
            f'    api.patch(f"{{PATH}}/{{ids[0]}}{address}"{body})',
            "    assert listed(api) == kept(keeper)",
        ]
    delete = contract.manager.method(Verb.DELETE)
    if delete is not None and _is_simple(delete):
        found += [
            f"    keeper.{delete.name}(first)",
            '    api.delete(f"{PATH}/{ids[0]}")',
            "    assert listed(api) == kept(keeper)",
        ]
    return found and [f'    first = key(keeper, "{name}")', *found]


def _is_simple(method: Method) -> bool:
    """Whether a method takes a key and needs no more."""
    rest = set(method.parameters[1:]) - set(method.optional)
    return bool(method.parameters) and _is_callable(method) and not rest
