"""The table of tools. Every name and description here is read by an agent at each turn: keep it short."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from devtool.errors import ConfigError
from devtool.mcp.errors import last_error
from devtool.mcp.lines import logs
from devtool.mcp.requests import request
from devtool.mcp.routes import routes
from devtool.mcp.runs import restart, start, status, stop
from devtool.mcp.why import why

Arguments = Mapping[str, object]
TEXT: dict[str, object] = {"type": "string"}


class Tool(NamedTuple):
    """One tool: `call` gets the project's root and checked arguments, and returns text or JSON."""

    name: str
    about: str
    call: Callable[[Path, Arguments], object]
    arguments: Mapping[str, dict[str, object]] = {}
    required: tuple[str, ...] = ()
    reads_only: bool = True

    @property
    def schema(self) -> dict[str, object]:
        """The JSON schema of the arguments; anything else is refused."""
        schema: dict[str, object] = {"type": "object", "properties": dict(self.arguments)}
        if self.required:
            schema["required"] = list(self.required)
        return schema | {"additionalProperties": False}


TOOLS = (
    Tool("status", "What runs: services, URLs, health, last error.", status),
    Tool(
        "start",
        "Start the project in the background, or reuse its run.",
        start,
        {"sync": {"type": "boolean", "description": "install packages first"}},
        reads_only=False,
    ),
    Tool("stop", "Stop the run, or one service.", stop, {"service": TEXT}, reads_only=False),
    Tool(
        "restart",
        "Restart a service; returns once it answers.",
        restart,
        {"service": TEXT},
        ("service",),
        reads_only=False,
    ),
    Tool(
        "logs",
        "Last lines that services printed.",
        logs,
        {
            "service": TEXT,
            "level": {"enum": ["info", "warning", "error"], "description": "at least"},
            "since": {"type": "string", "description": "10m, 2h or ISO time"},
            "grep": {"type": "string", "description": "regex"},
            "lines": {"type": "integer"},
        },
    ),
    Tool(
        "last_error",
        "Newest traceback or failed reload, with the source lines.",
        last_error,
        {"service": TEXT},
    ),
    Tool(
        "request",
        "HTTP request to the running app; a 5xx comes with its log.",
        request,
        {
            "method": TEXT,
            "path": TEXT,
            "body": {"description": "text or JSON"},
            "headers": {"type": "object"},
            "service": TEXT,
        },
        ("method", "path"),
        reads_only=False,
    ),
    Tool(
        "routes",
        "Routes of the running app; with path, their schemas.",
        routes,
        {"path": TEXT},
    ),
    Tool("why", "What the project is, with the file and line of each proof.", why),
)
_TYPES: dict[object, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "object": (dict,),
}


def tool_named(name: str) -> Tool:
    """An entry of the table.

    Raises:
        ConfigError: When there is none of this name.
    """
    found = next((tool for tool in TOOLS if tool.name == name), None)
    if found is None:
        raise ConfigError(f"no tool is called {name!r}", hint=f"there are: {_names(TOOLS)}")
    return found


def call(root: Path, name: str, arguments: Arguments) -> object:
    """What a tool answers.

    Raises:
        DevtoolError: When there is no such tool, an argument is wrong, or it could not be done.
    """
    tool = tool_named(name)
    _check(tool, arguments)
    return tool.call(root, arguments)


def _names(tools: tuple[Tool, ...]) -> str:
    return ", ".join(tool.name for tool in tools)


def _check(tool: Tool, arguments: Arguments) -> None:
    for name, value in arguments.items():
        if name not in tool.arguments:
            known = ", ".join(tool.arguments) or "no arguments"
            raise ConfigError(f"{tool.name} takes no {name!r}", hint=f"it takes: {known}")
        wanted = tool.arguments[name]
        choices = wanted.get("enum")
        if isinstance(choices, list) and value not in choices:
            raise ConfigError(f"{name} is one of {', '.join(choices)}, not {value!r}")
        types = _TYPES.get(wanted.get("type"))
        is_number = isinstance(value, bool) and bool not in (types or (bool,))
        if types is not None and (not isinstance(value, types) or is_number):
            raise ConfigError(f"{name} is of type {wanted['type']}, not {value!r}")
    missing = [name for name in tool.required if name not in arguments]
    if missing:
        raise ConfigError(f"{tool.name} needs {', '.join(missing)}")
