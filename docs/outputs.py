"""What `--json` prints, command by command, and the JSON Schema of each; used by docs/generate.py.

Fields that are records of the code are described from the code; the objects that a command puts
around them are described here, and tests/cli/test_json.py holds real output against the schemas.
"""

from __future__ import annotations

import dataclasses
import enum
import inspect
import typing
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from devtool.model.detection import Candidate, Detection, Note
from devtool.model.doctor import Diagnosis
from devtool.model.launch import LaunchPlan, Service
from devtool.model.state import ProcessState, RunState
from devtool.runner.assistants import Assistant

DRAFT = "https://json-schema.org/draft/2020-12/schema"
VERSION = 1

Shape = object
Object = Mapping[str, Shape]


class Output(NamedTuple):
    """What one way to call a command prints.

    `fields` come beside, and instead of, those of `record`.
    """

    command: str
    about: str
    fields: Object = MappingProxyType({})
    record: type | None = None


ROOT_STATE: Object = {
    "root": str,
    "running": bool,
    "supervisor_pid": int | None,
    "supervisor_started": float | None,
    "started_at": float | None,
    "processes": [
        {
            "": ProcessState,
            "uptime": float | None,
            "supervisor_pid": int,
            "assistant": Assistant | None,
        }
    ],
    "runs": [RunState],
    "last": RunState | None,
    "problems": [str],
}
OUTPUTS = {
    "phase": Output("phase --json", "What the project is.", record=Detection),
    "plan": Output(
        "run --dry-run --json",
        "What would be started. Of variables the names are given, and never the values.",
        {"services": [{"": Service, "env": [str]}]},
        LaunchPlan,
    ),
    "detach": Output(
        "run --detach --json",
        "The run that was left in the background, once everything in it answers.",
        {"supervisor_pid": int, "processes": [ProcessState]},
    ),
    "status": Output(
        "status --json",
        "What runs. `processes` holds the services of every run; the fields before it are those of"
        " the first run. `last` is how the last run ended. With `--watch` a line for each change.",
        ROOT_STATE,
    ),
    "page": Output("status --web --json", "The link to the page.", {"url": str}),
    "stop": Output(
        "stop --json",
        "The runs that were ended. `leftovers` are the processes that a killed run had left.",
        {"stopped": [{"supervisor_pid": int, "services": [str], "leftovers": [int]}]},
    ),
    "service": Output(
        "stop SERVICE --json` and `restart SERVICE --json",
        "The service as it is now.",
        {"service": ProcessState},
    ),
    "wait": Output(
        "wait --json", "The runs whose services all answer.", {"ready": bool, "runs": [RunState]}
    ),
    "logs": Output(
        "logs --json",
        "One object a line. `time` is in seconds since the epoch.",
        {"service": str, "time": float, "line": str},
    ),
    "config": Output(
        "config --json",
        "Every setting with its source, and the services that files declare. Of variables the names"
        " are given.",
        {
            "values": {"*": {"value": object, "source": str, "where": str}},
            "services": [
                {
                    "name": str,
                    "where": str,
                    "command": [str],
                    "entry": str,
                    "cwd": str | None,
                    "port": int | None,
                    "env": [str],
                }
            ],
            "files": [str],
        },
    ),
    "doctor": Output("doctor --json", "What keeps the project from running.", record=Diagnosis),
    "init": Output("init --json", "The file that was written.", {"path": str, "text": str}),
    "install": Output(
        "mcp --install CLIENT --json",
        "What the client's file lacks; it is written with `--yes` only.",
        {"path": str, "needed": bool, "entry": str, "written": bool},
    ),
    "error": Output(
        "COMMAND --json`, where it fails, `",
        "Printed instead of the above, with the exit code that the command ends with.",
        {
            "error": {
                "type": str,
                "message": str,
                "hint": str,
                "exit_code": int,
                "candidates": [Candidate],
                "notes": [Note],
            }
        },
    ),
}


def schema_of(name: str) -> Object:
    """The JSON Schema of one output."""
    output = OUTPUTS[name]
    found: dict[str, Object] = {}
    own = {} if output.record is None else _hints(output.record)
    body = _object({**own, **output.fields, "schema": VERSION}, found)
    return {
        "$schema": DRAFT,
        "title": f"devtool {output.command}".replace("`", ""),
        "description": output.about,
        **body,
        "$defs": dict(sorted(found.items())),
    }


def is_record(shape: object) -> bool:
    """Whether a type is a record of fields: a dataclass or a named tuple."""
    return isinstance(shape, type) and (
        dataclasses.is_dataclass(shape) or hasattr(shape, "_fields")
    )


def _hints(record: type) -> Object:
    return dict(typing.get_type_hints(record).items())


def _object(fields: Object, found: dict[str, Object]) -> Object:
    properties = {name: _schema(shape, found) for name, shape in fields.items()}
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
    }


def _schema(shape: Shape, found: dict[str, Object]) -> Object:
    if isinstance(shape, int):
        return {"const": shape}
    if isinstance(shape, list):
        return {"type": "array", "items": _schema(shape[0], found)}
    if isinstance(shape, Mapping):
        return _of_fields(shape, found)
    if isinstance(shape, type):
        return _of_type(shape, found)
    return _of_hint(shape, found)


def _of_fields(fields: Object, found: dict[str, Object]) -> Object:
    """An object that is described here: with any names (`*`), or those of a record (``) and more."""
    if "*" in fields:
        return {"type": "object", "additionalProperties": _schema(fields["*"], found)}
    record = fields.get("")
    own = _hints(record) if isinstance(record, type) else {}
    rest = {name: shape for name, shape in fields.items() if name}
    return _object({**own, **rest}, found)


def _of_type(shape: type, found: dict[str, Object]) -> Object:
    if is_record(shape):
        if shape.__name__ not in found:
            found[shape.__name__] = {}  # so that a record in itself ends
            about = inspect.cleandoc(shape.__doc__ or "")
            found[shape.__name__] = {"description": about, **_object(_hints(shape), found)}
        return {"$ref": f"#/$defs/{shape.__name__}"}
    if issubclass(shape, enum.Enum):
        return {"enum": [member.value for member in shape]}
    names = {str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null"}
    return {"type": names[shape]} if shape in names else {}


def _of_hint(hint: object, found: dict[str, Object]) -> Object:
    parts = typing.get_args(hint)
    if typing.get_origin(hint) is tuple:
        if Ellipsis in parts:
            return {"type": "array", "items": _schema(parts[0], found)}
        inner = [_schema(part, found) for part in parts]
        return {"type": "array", "prefixItems": inner, "items": False, "minItems": len(inner)}
    return {"anyOf": [_schema(part, found) for part in parts]}
