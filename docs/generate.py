"""Write docs/reference from the code, so that it cannot drift: commands, library, JSON.

usage: python docs/generate.py [--check]

With --check nothing is written; it ends with 1 and names the pages that differ.
"""

from __future__ import annotations

import dataclasses
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

import devtool
from devtool.cli.app import COMMANDS
from devtool.model.detection import Detection
from devtool.model.doctor import Diagnosis
from devtool.model.launch import LaunchPlan
from devtool.model.state import RunState

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
    return re.sub(r"<([\w.]+)[^<>]*>", r"\1", shown.replace("'", ""))


def json_schema() -> str:
    """The objects that --json prints, with the fields of every record in them."""
    tops = {
        "devtool phase --json": Detection,
        "devtool run --dry-run --json": LaunchPlan,
        "devtool status --json": RunState,
        "devtool doctor --json": Diagnosis,
    }
    intro = [
        section(f"`{command}`", f"A [{top.__name__}](#{top.__name__.lower()}).")
        for command, top in tops.items()
    ]
    found: dict[type, None] = {}
    for top in tops.values():
        collect(top, found)
    return page("JSON", (*intro, *(section(cls.__name__, fields(cls)) for cls in found)))


def collect(cls: type, found: dict[type, None]) -> None:
    """Add a record and those in its fields, in the order of first use."""
    if cls in found or not is_noun(cls):
        return
    found[cls] = None
    for hint in typing.get_type_hints(cls).values():
        for part in leaves(hint):
            collect(part, found)


def is_noun(cls: type) -> bool:
    """Whether a type is a record of fields: a dataclass or a named tuple."""
    return dataclasses.is_dataclass(cls) or hasattr(cls, "_fields")


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
    if isinstance(hint, type) and is_noun(hint):
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


PAGES = {"commands.md": commands, "library.md": library, "json.md": json_schema}


def main(arguments: list[str]) -> int:
    """Write the pages, or compare them."""
    texts = {REFERENCE / name: write() for name, write in PAGES.items()}
    if arguments != ["--check"]:
        for path, text in texts.items():
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
