"""Assistants for this application: tools over MCP at /mcp, a chat at /ai/chat.

`install_assistants(app)` is all that the application has to call. Every tool is one of
the application's own routes, called in the same process with the caller's own
credentials: an assistant can do what its user can do, and nothing else.
"""

from .wiring import install_assistants

__all__ = ["install_assistants"]
