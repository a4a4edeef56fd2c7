"""The tools over stdio, for clients on this machine: `python -m app.ai.mcp`.

They work for the user whose token is in MCP_TOKEN; without the feature `auth`, for the local user.
"""

import asyncio
import logging
import sys

from mcp.server.stdio import stdio_server

from app.ai.caller import Caller
from app.ai.mcp.server import server
from app.ai.mcp.settings import get_mcp_settings
from app.current_user import prepare, user_of
from app.database import get_database
from app.errors import UnauthorizedError
from app.logs import JsonFormatter, logger


async def serve() -> None:
    """Answer what comes in on standard input until it ends."""
    caller = Caller(await user_of(get_mcp_settings().mcp_token.get_secret_value() or None))
    served = server(lambda _context: caller)
    async with stdio_server() as (read, write):
        await served.run(read, write, served.create_initialization_options())


async def main() -> int:
    """Serve, and say why not where that cannot be."""
    _log_to_standard_error()
    try:
        await prepare()
        await serve()
    except UnauthorizedError:
        sys.stderr.write("MCP_TOKEN is not a valid access token: sign in and set it anew.\n")
        return 1
    finally:
        await get_database().close()
    return 0


def _log_to_standard_error() -> None:
    """Keep the log off standard output, which belongs to the protocol."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    logger.addHandler(handler)
    logger.propagate = False


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main()))
