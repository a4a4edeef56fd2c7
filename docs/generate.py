"""Write docs/reference from the code, so that it cannot drift: commands, library, JSON.

usage: python docs/generate.py [--check]

With --check nothing is written; it ends with 1 and names the pages that differ.
"""

from __future__ import annotations

import enum
import inspect
import json
import os
import re
import subprocess
import sys
import typing
from collections.abc import Callable, Iterator
from pathlib import Path

from outputs import OUTPUTS, VERSION, Output, is_record, schema_of

import devtool
from devtool.cli.app import COMMANDS

REFERENCE = Path(__file__).parent / "reference"
NOTE = "<!-- Written by docs/generate.py; change the code and run it again. -->\n"


def commands() -> str:
    """Every command's help, as printed."""
    return page(
        "Commands", (section(f"devtool {name}".strip(), help_of(name)) for name in ("", *COMMANDS))
    )


def help_of(command: str) -> str:
    """What `--help` prints, at a fixed width and without colour."""
    argv = (sys.executable, "-m", "devtool", *command.split(), "--help")
    env = os.environ | {"COLUMNS": "88", "TERMINAL_WIDTH": "88", "NO_COLOR": "1"}
    done = subprocess.run(argv, env=env, capture_output=True, text=True, check=True)
    text = "\n".join(line.rstrip() for line in done.stdout.strip("\n").splitlines())
    return f"```\n{text}\n```"


def library() -> str:
    """Every public name, with its signature and docstring."""
    return page("Library", (section(name, describe(name)) for name in sorted(devtool.__all__)))


def describe(name: str) -> str:
    """The signature and the documentation of a public name."""
    value = getattr(devtool, name)
    if isinstance(value, str):
        return "The version, a string."
    parts = [inspect.cleandoc(value.__doc__ or "")]
    if not (isinstance(value, type) and issubclass(value, enum.Enum)):
        parts.insert(0, f"```python\n{name}{signature(value)}\n```")
    else:
        parts.append(", ".join(f"`{member.name}` = {member.value!r}" for member in value))
    for method, function in sorted(vars(value).items() if isinstance(value, type) else ()):
        if inspect.isfunction(function) and not method.startswith("_") and function.__doc__:
            parts.append(
                f"**`{method}{signature(function)}`** {inspect.cleandoc(function.__doc__)}"
            )
    return "\n\n".join(parts)


def signature(value: Callable[..., object]) -> str:
    """The parameters as they stand in the source."""
    shown = str(inspect.signature(value)).replace("(self, ", "(").replace("(self)", "()")
    plain = re.sub(r"ForwardRef\(([^()]*)\)", r"\1", shown.replace("'", ""))
    # The same page on every machine.
    plain = plain.replace(sys.executable, "sys.executable")
    return re.sub(r"<([\w.]+)[^<>]*>", r"\1", plain)


def json_page() -> str:
    """The objects that --json prints, with the fields of every record in them."""
    found: dict[type, None] = {}
    for output in OUTPUTS.values():
        for shape in (output.record, *output.fields.values()):
            for record in records(shape):
                collect(record, found)
    return page(
        "JSON",
        (
            JSON_INTRODUCTION,
            *(output_section(name, output) for name, output in OUTPUTS.items()),
            *(section(cls.__name__, fields(cls)) for cls in found),
        ),
    )


JSON_INTRODUCTION = f"""Every object says `"schema": {VERSION}`. Fields may be added under the same number; one that
goes or changes its meaning raises it. Each object has a JSON Schema beside this page.
"""


def output_section(name: str, output: Output) -> str:
    """One output: what it is, its schema, and its fields where they are not those of a record."""
    lines = [f"{output.about} [Schema](schemas/{name}.json)."]
    if output.record is not None:
        record = output.record.__name__
        lines.append(f"The fields of [{record}](#{record.lower()}), and `schema`.")
    if output.fields:
        rows = [f"| `{field}` | {spelled_shape(shape)} |" for field, shape in output.fields.items()]
        lines.append("\n".join(["| field | type |", "|---|---|", *rows]))
    return section(f"`devtool {output.command}`".replace(", ``", ""), "\n\n".join(lines))


def spelled_shape(shape: object) -> str:
    """A described field in the words of JSON."""
    if isinstance(shape, list):
        return f"array of {spelled_shape(shape[0])}"
    if isinstance(shape, dict):
        if "*" in shape:
            return f"object of {spelled_shape(shape['*'])}"
        named = {f"`{name}`": spelled_shape(part) for name, part in shape.items() if name}
        more = ", ".join(f"{name} {part}" for name, part in named.items())
        return f"{spelled_shape(shape[''])} with {more}" if "" in shape else f"object: {more}"
    return "any" if shape is object else spelled(shape)


def records(shape: object) -> Iterator[type]:
    """The records in a described field."""
    if isinstance(shape, list):
        for part in shape:
            yield from records(part)
    elif isinstance(shape, dict):
        for part in shape.values():
            yield from records(part)
    else:
        yield from (part for part in leaves(shape) if is_record(part))


def schema(name: str) -> Callable[[], str]:
    """What writes the JSON Schema of one output."""
    return lambda: json.dumps(schema_of(name), indent=2, ensure_ascii=False) + "\n"


def collect(cls: type, found: dict[type, None]) -> None:
    """Add a record and those in its fields, in the order of first use."""
    if cls in found or not is_record(cls):
        return
    found[cls] = None
    for hint in typing.get_type_hints(cls).values():
        for part in leaves(hint):
            collect(part, found)


def leaves(hint: object) -> Iterator[type]:
    """The plain types that an annotation is made of."""
    parts = typing.get_args(hint)
    if not parts and isinstance(hint, type):
        yield hint
    for part in parts:
        yield from leaves(part)


def fields(cls: type) -> str:
    """A record: what it says of itself, and its fields."""
    hints = typing.get_type_hints(cls)
    rows = [f"| `{name}` | {spelled(hint)} |" for name, hint in hints.items()]
    return "\n".join(
        [inspect.cleandoc(cls.__doc__ or ""), "", "| field | type |", "|---|---|", *rows]
    )


def spelled(hint: object) -> str:
    """An annotation in the words of JSON."""
    if isinstance(hint, type) and is_record(hint):
        return f"[{hint.__name__}](#{hint.__name__.lower()})"
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return ", ".join(json.dumps(member.value) for member in hint)
    parts = typing.get_args(hint)
    if typing.get_origin(hint) is tuple:
        inner = [spelled(part) for part in parts if part is not Ellipsis]
        return f"array of {inner[0]}" if len(parts) != len(inner) else f"[{', '.join(inner)}]"
    if parts:
        return " or ".join(spelled(part) for part in parts)
    plain = {str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null"}
    return plain[typing.cast("type", hint)]


def page(title: str, sections: typing.Iterable[str]) -> str:
    """A whole page."""
    return "\n".join((NOTE, f"# {title}\n", *sections))


def section(title: str, text: str) -> str:
    """One part of a page."""
    return f"## {title}\n\n{text}\n"


PAGES = {"commands.md": commands, "library.md": library, "json.md": json_page}
PAGES |= {f"schemas/{name}.json": schema(name) for name in OUTPUTS}


def main(arguments: list[str]) -> int:
    """Write the pages, or compare them."""
    texts = {REFERENCE / name: write() for name, write in PAGES.items()}
    if arguments != ["--check"]:
        for path, text in texts.items():
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return 0
    stale = [
        path for path, text in texts.items() if not path.exists() or path.read_text("utf-8") != text
    ]
    for path in stale:
        print(f"{path.name} is not what the code says; run `python docs/generate.py`")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
