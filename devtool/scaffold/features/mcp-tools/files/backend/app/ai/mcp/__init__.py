"""The tools over MCP: at `/mcp` for clients elsewhere, over stdio for those on this machine."""
