"""What assistants can do here: one list of tools, offered over MCP and in the chat."""
