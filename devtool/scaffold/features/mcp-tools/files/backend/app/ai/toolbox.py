"""All tools of this application, by their names."""

from app.ai.tool import by_name
from app.ai.tools import TOOLSETS

TOOLS = by_name(TOOLSETS)
