"""Serving ASGI with the project's own uvicorn.

uvicorn reads its own options, makes its own configuration and runs as always. Two of its classes are
replaced: the configuration pauses this process once it is made, and the server listens on inherited
sockets when devtool says so.
"""

from __future__ import annotations

import contextlib
import importlib
import sys
from typing import TYPE_CHECKING, Any

from devtool_server import WarmServer

if TYPE_CHECKING:
    from devtool_zygote import Node

# Loaded by the first start of a server; no harm in having them before the fork.
USUAL = (
    "asyncio",
    "ssl",
    "uvicorn.lifespan.on",
    "uvicorn.protocols.http.auto",
    "uvicorn.protocols.websockets.auto",
    "uvicorn.loops.auto",
)
# Where uvicorn looks up what its options name.
TABLES = (
    ("http", "HTTP_PROTOCOLS"),
    ("ws", "WS_PROTOCOLS"),
    ("lifespan", "LIFESPAN"),
    ("loop", "LOOP_FACTORIES"),
    ("loop", "LOOP_SETUPS"),
)


def serve(node: Node) -> None:
    """Run uvicorn's own command; `node.pause` is called inside."""
    main: Any = importlib.import_module("uvicorn.main")
    sys.argv = ["uvicorn", *node.words]
    main.Config = _paused_config(main.Config, node)
    main.Server = type("Server", (WarmServer, main.Server), {"node": node})
    # One worker whatever the environment says: devtool owns the processes.
    main.main.main(args=[*node.words, "--workers", "1"], standalone_mode=False)


def _paused_config(base: Any, node: Node) -> Any:
    class Config(base):  # type: ignore[misc]
        """A configuration after whose making the process waits for its orders."""

        def __init__(self, app: Any, *args: Any, **options: Any) -> None:
            super().__init__(app, *args, **options)
            _import_usual(self)
            node.pause()
            if isinstance(app, str):
                importlib.import_module(app.partition(":")[0])
            node.mark("imported")

        def load(self) -> None:
            """Also make what is left of the application."""
            super().load()
            node.imported()
            node.mark("loaded")

    return Config


def _import_usual(config: Any) -> None:
    """Import what serving with this configuration needs."""
    module = sys.modules["uvicorn.config"]
    for option, table in TABLES:
        choice = getattr(config, option)
        found = getattr(module, table, {}).get(choice) if isinstance(choice, str) else None
        if isinstance(found, str):
            _import(found.partition(":")[0])
    for name in USUAL:
        _import(name)


def _import(name: str) -> None:
    with contextlib.suppress(ImportError):
        importlib.import_module(name)
