"""Programs that bring a server of their own: Flask's command, Django's manage.py, a script with uvicorn.

Each runs as it does by hand, up to the one call that would listen.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import runpy
import sys
from typing import TYPE_CHECKING, Any

import devtool_imports
from devtool_banner import PlainBanner
from devtool_server import WarmServer
from devtool_wsgi import Gate, Service, patient

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from devtool_zygote import Node


def flask(node: Node) -> None:
    """`flask --app APP run`: paused before it loads the application."""
    cli: Any = importlib.import_module("flask.cli")
    serving: Any = importlib.import_module("werkzeug.serving")
    load = cli.ScriptInfo.load_app
    is_paused = False

    def load_app(info: Any) -> Any:
        nonlocal is_paused
        if not is_paused:
            is_paused = True
            node.pause()
        return load(info)

    def run_simple(host: str, port: int, app: Any, **options: Any) -> None:
        if options.get("use_debugger"):
            debug: Any = importlib.import_module("werkzeug.debug")
            app = debug.DebuggedApplication(app, evalex=options.get("use_evalex", True))
        banner = PlainBanner(app) if node.has_banner else None
        gate = Gate()
        handler = patient(options.get("request_handler") or serving.WSGIRequestHandler, gate)

        def server(listener: socket.socket) -> Any:
            return serving.make_server(
                host,
                port,
                banner or app,
                threaded=options.get("threaded", True),
                ssl_context=options.get("ssl_context"),
                request_handler=handler,
                fd=listener.fileno(),
            )

        Service(node, [server(each) for each in node.listeners], gate, banner).run()

    show_banner = cli.show_server_banner

    def show_server_banner(*args: Any, **options: Any) -> None:
        if node.generation == 1:
            show_banner(*args, **options)

    cli.show_server_banner = show_server_banner
    cli.ScriptInfo.load_app = load_app
    # Taken from there when the command is imported, or when it runs.
    cli.run_simple = serving.run_simple = run_simple
    sys.argv = ["flask", *node.words]
    # The reloader is devtool.
    cli.cli.main(args=[*node.words, "--no-reload"], standalone_mode=False)


def django(node: Node) -> None:
    """`manage.py runserver`: paused before it reads the settings."""
    runserver: Any = importlib.import_module("django.core.management.commands.runserver")
    basehttp: Any = importlib.import_module("django.core.servers.basehttp")

    def run(addr: str, port: int, handler: Any, **options: Any) -> None:
        banner = PlainBanner(handler) if node.has_banner else None
        gate = Gate()
        waiting = patient(basehttp.WSGIRequestHandler, gate)
        kind = options.get("server_cls") or basehttp.WSGIServer
        if options.get("threading"):
            threads: Any = importlib.import_module("socketserver").ThreadingMixIn
            kind = type("WSGIServer", (threads, kind), {"daemon_threads": True})

        def server(listener: socket.socket) -> Any:
            made = kind((addr, port), waiting, ipv6=False, bind_and_activate=False)
            made.socket.close()
            made.socket = listener
            made.server_name, made.server_port = addr, port
            made.setup_environ()
            made.set_app(banner or handler)
            return made

        on_bind = options.get("on_bind")
        if on_bind is not None and node.generation == 1:
            on_bind(port)
        Service(node, [server(each) for each in node.listeners], gate, banner).run()

    runserver.run = run
    _run_script(node)


def script(node: Node) -> None:
    """A script that serves with uvicorn, such as an MCP server."""
    uvicorn: Any = importlib.import_module("uvicorn")
    warm = type("Server", (WarmServer, uvicorn.Server), {"node": node})
    for name in ("uvicorn", "uvicorn.main", "uvicorn.server"):
        with contextlib.suppress(ImportError):
            importlib.import_module(name).__dict__["Server"] = warm
    _run_script(node)


def _run_script(node: Node) -> None:
    """Run the file that the words begin with, as the main program."""
    path = os.path.abspath(node.words[0])
    sys.argv = list(node.words)
    sys.path[0] = os.path.dirname(path)
    node.pause()
    node.imports.files[path] = devtool_imports.digest_of(path)
    runpy.run_path(path, run_name="__main__")


PROGRAMS: dict[str, Callable[[Node], None]] = {"django": django, "flask": flask, "script": script}
