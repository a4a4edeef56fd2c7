"""How to ask an application whether it answers: the route that its own source names, or its port. Pure."""

from __future__ import annotations

import ast
import re
from typing import NamedTuple

HEALTH = re.compile(
    r"(/\w+)*/_?(health(z|check|_check|-check)?|live(z|ness)?|ready(z|ness)?|ping|status)(/live)?/?"
)
HTTP = "httpGet: {{path: {path}, port: http, httpHeaders: [{{name: Host, value: localhost}}]}}"
TCP = "tcpSocket: {port: http}"


class Health(NamedTuple):
    """What a probe asks for.

    Attributes:
        path: The route, or an empty string where only the port is asked.
        why: How it was found out.
    """

    path: str
    why: str

    @property
    def probe(self) -> str:
        """The probe as a line of YAML."""
        return HTTP.format(path=self.path) if self.path else TCP


def health_of(source: str, attribute: str) -> Health:
    """How to ask an application.

    Only a route of the application itself is surely found: what routers have in front of theirs may be
    said anywhere.

    Args:
        source: The file that makes the application.
        attribute: What the application is called there.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return Health("", NOT_FOUND)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            for decorator in node.decorator_list:
                path = _path(decorator, attribute)
                if path and HEALTH.fullmatch(path):
                    return Health(path, f"probes ask for {path}, which line {node.lineno} answers")
    return Health("", NOT_FOUND)


def _path(decorator: ast.expr, attribute: str) -> str:
    """The path of `@app.get("/health")`, or an empty string."""
    match decorator:
        case ast.Call(
            func=ast.Attribute(value=ast.Name(id=owner), attr="get"),
            args=[ast.Constant(value=str(path)), *_],
        ) if owner == attribute and "{" not in path:
            return path
    return ""


NOT_FOUND = (
    "no route for health was found in the file that makes the application: probes ask for its port only;"
    " name yours in deploy/kubernetes/base/deployment.yaml"
)
