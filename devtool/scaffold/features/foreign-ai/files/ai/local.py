"""The assistant where no model is configured: a few rules over the same tools, and no more."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from .operations import Operation

ABOUT = (
    'I am a local assistant of rules, not a model: I know "list THINGS", "show THING 3",'
    ' "add THING name=value", "change THING 3 name=value" and "delete THING 3".'
    " To talk freely, set AI_MODEL and AI_API_KEY (or AI_BASE_URL)."
)
SENTENCE = re.compile(
    r"\s*(?P<verb>list|show|get|add|create|new|change|update|delete|remove)\s+(?:all\s+|my\s+|the\s+|an?\s+)*"
    r"(?P<thing>[a-z_-]+)(?:\s+#?(?P<key>[\w-]*\d[\w-]*))?(?P<rest>.*)",
    re.IGNORECASE | re.DOTALL,
)
PAIR = re.compile(r"""(?P<name>\w+)\s*=\s*(?:"(?P<quoted>[^"]*)"|(?P<plain>[^\s,]+))""")
VERBS = {
    "list": ("GET",),
    "show": ("GET",),
    "get": ("GET",),
    "add": ("POST",),
    "create": ("POST",),
    "new": ("POST",),
    "change": ("PATCH", "PUT"),
    "update": ("PATCH", "PUT"),
    "delete": ("DELETE",),
    "remove": ("DELETE",),
}


class Wish(NamedTuple):
    """What a sentence asks for."""

    operation: Operation
    arguments: dict[str, Any]


def understood(message: str, tools: Mapping[str, Operation]) -> Wish | None:
    """The call that a sentence asks for, or None where no rule fits."""
    match = SENTENCE.fullmatch(message.strip().rstrip(".?!"))
    if match is None:
        return None
    for method in VERBS[match["verb"].lower()]:
        for tool in tools.values():
            if tool.method == method and _fits(tool, match["thing"], match["key"]):
                return Wish(tool, _arguments(tool, match["key"], match["rest"]))
    return None


def _fits(tool: Operation, thing: str, key: str | None) -> bool:
    """Whether a route is about one of these things, or about all of them."""
    steps = [part for part in tool.path.split("/") if part and not part.startswith("{")]
    last = steps[-1] if steps else ""
    wanted, known = _forms(thing), _forms(last)
    keys = [name for name, place in tool.places.items() if place == "path"]
    is_one = tool.path.rstrip("/").endswith("}")
    return bool(wanted & known) and is_one == bool(key) and len(keys) == bool(key)


def _forms(word: str) -> set[str]:
    """A word as one and as many: `hero` and `heroes`."""
    plain = re.sub(r"[-_]", "", word.lower())
    return {plain, plain.removesuffix("s"), plain.removesuffix("es"), f"{plain[:-3]}y"}


def _arguments(tool: Operation, key: str | None, rest: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for pair in PAIR.finditer(rest):
        text = pair["plain"] if pair["quoted"] is None else pair["quoted"]
        found[pair["name"]] = _typed(
            text, tool.schema["properties"].get(pair["name"], {})
        )
    if key:
        name = next(name for name, place in tool.places.items() if place == "path")
        found[name] = _typed(key, tool.schema["properties"].get(name, {}))
    return found


def _typed(text: str, schema: Mapping[str, Any]) -> Any:
    """A word as the type that the schema wants, or as text."""
    kinds = {schema.get("type"), *(one.get("type") for one in schema.get("anyOf", []))}
    if "boolean" in kinds and text.lower() in ("true", "false", "yes", "no"):
        return text.lower() in ("true", "yes")
    for kind, make in (("integer", int), ("number", float)):
        if kind in kinds:
            try:
                return make(text)
            except ValueError:
                continue
    return text
