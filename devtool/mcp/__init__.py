"""An interface for coding agents: the Model Context Protocol over standard input and output.

`tools` is the table of what is offered; only `server` needs the MCP Python SDK, which the extra
`devtool[mcp]` installs.
"""
