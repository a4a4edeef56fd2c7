"""The tools as the protocol describes them, and the results of calls as it carries them."""

from mcp_types import CallToolResult, TextContent, ToolAnnotations
from mcp_types import Tool as Offered

from app.ai.calls import Outcome
from app.ai.tool import Effect, Tool

ANNOTATIONS = {
    Effect.READ: ToolAnnotations(read_only_hint=True, open_world_hint=False),
    Effect.ADD: ToolAnnotations(
        read_only_hint=False, destructive_hint=False, idempotent_hint=False, open_world_hint=False
    ),
    Effect.SET: ToolAnnotations(
        read_only_hint=False, destructive_hint=False, idempotent_hint=True, open_world_hint=False
    ),
    Effect.DELETE: ToolAnnotations(
        read_only_hint=False, destructive_hint=True, idempotent_hint=True, open_world_hint=False
    ),
}


def offered(tool: Tool) -> Offered:
    """A tool as `tools/list` shows it."""
    return Offered(
        name=tool.name,
        description=tool.description,
        input_schema=tool.input_schema(),
        output_schema=tool.output_schema(),
        annotations=ANNOTATIONS[tool.effect],
    )


def result(outcome: Outcome) -> CallToolResult:
    """What came of a call: for programs as an object, for models as text."""
    text = TextContent(text=outcome.text)
    if outcome.failed:
        return CallToolResult(content=[text], is_error=True)
    return CallToolResult(content=[text], structured_content=outcome.output)
