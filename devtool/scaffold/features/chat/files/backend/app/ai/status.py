"""What the assistant is and can do, for people and programs to see."""

from app.ai.settings import AISettings
from app.ai.toolbox import TOOLS
from app.schemas.chat import ChatStatus, ModelStatus, ToolStatus

HINT = "Set AI_API_KEY and AI_MODEL, or AI_BASE_URL and AI_MODEL for a server of your own."


def status(settings: AISettings, running: int) -> ChatStatus:
    """The state of the assistant."""
    connection = settings.connection()
    model = ModelStatus(
        name=connection.model,
        provider=connection.provider,
        offline=connection.is_offline,
        hint=HINT if connection.is_offline else "",
    )
    tools = [
        ToolStatus(name=tool.name, effect=tool.effect.value, confirmed=tool.needs_confirmation)
        for tool in TOOLS.values()
    ]
    return ChatStatus(model=model, tools=tools, mcp="/mcp", running=running)
