"""The typed client follows the backend from reload to reload."""

from __future__ import annotations

import json
import os
import queue
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from devtool import client
from devtool.client.keeper import ClientKeeper, keeper_of
from devtool.model.launch import LaunchPlan
from tests.test_client import parts

__all__ = ["parts"]

DEADLINE = 60.0


class Described(HTTPServer):
    """A backend that tells what it answers."""

    def __init__(self) -> None:
        self.paths: dict[str, Any] | None = {"/tasks": {"get": {}}}
        self.asked: queue.Queue[str] = queue.Queue()
        super().__init__(("127.0.0.1", 0), Handler)


class Handler(BaseHTTPRequestHandler):
    """Tells it, or that there is nothing to tell."""

    server: Described

    def do_GET(self) -> None:
        paths = self.server.paths
        self.server.asked.put(self.path)
        self.send_response(404 if paths is None else 200)
        self.end_headers()
        self.wfile.write(json.dumps({"paths": paths}).encode())

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def backend() -> Iterator[Described]:
    with Described() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def plan(parts: client.Parts, backend: Described) -> LaunchPlan:
    """A project with a typed client whose backend runs."""
    target = Path(parts.frontend.cwd) / client.TARGET
    target.parent.mkdir(parents=True)
    target.write_text("// old\n", "utf-8")
    url = f"http://127.0.0.1:{backend.server_port}"
    services = (parts.backend._replace(url=url), parts.frontend)
    return LaunchPlan(str(target.parents[3]), services, client=True)


def keeper(plan: LaunchPlan) -> ClientKeeper:
    found = keeper_of(plan, os.environ)
    assert found is not None
    return found


def text(plan: LaunchPlan) -> str:
    return (Path(plan.services[1].cwd) / client.TARGET).read_text("utf-8")


def test_the_types_follow_the_routes(plan: LaunchPlan, backend: Described) -> None:
    told: queue.Queue[str] = queue.Queue()
    kept = keeper(plan)
    kept.reloaded(told.put)
    assert told.get(timeout=DEADLINE) == "wrote api.gen.ts anew: 1 operations"
    assert "/tasks" in text(plan)
    backend.paths = {"/todos": {"get": {}, "post": {}}}
    kept.reloaded(told.put)
    assert told.get(timeout=DEADLINE) == "wrote api.gen.ts anew: 2 operations"
    assert "/todos" in text(plan)


def test_what_did_not_change_is_not_written(plan: LaunchPlan, backend: Described) -> None:
    told: queue.Queue[str] = queue.Queue()
    kept = keeper(plan)
    kept.reloaded(told.put)
    told.get(timeout=DEADLINE)
    path = Path(plan.services[1].cwd) / client.TARGET
    path.write_text("// an edit, to see that it is left alone\n", "utf-8")
    assert backend.asked.get(timeout=DEADLINE) == "/openapi.json"
    kept.reloaded(told.put)
    backend.asked.get(timeout=DEADLINE)
    backend.paths = None  # once this is heard of, the look before is over
    kept.reloaded(told.put)
    assert "gives no description" in told.get(timeout=DEADLINE)
    assert text(plan).startswith("// an edit")


def test_trouble_is_said_once_until_it_is_over(plan: LaunchPlan, backend: Described) -> None:
    told: queue.Queue[str] = queue.Queue()
    kept = keeper(plan)
    backend.paths = None
    kept.reloaded(told.put)
    assert "the typed client was not written anew" in told.get(timeout=DEADLINE)
    kept.reloaded(told.put)
    backend.paths = {"/b": {"get": {}}}
    kept.reloaded(told.put)
    assert told.get(timeout=DEADLINE) == "wrote api.gen.ts anew: 1 operations"


@pytest.mark.parametrize("missing", ["types", "generator", "frontend"])
def test_without_a_client_nothing_is_kept(plan: LaunchPlan, missing: str) -> None:
    frontend = Path(plan.services[1].cwd)
    if missing == "types":
        (frontend / client.TARGET).unlink()
    elif missing == "generator":
        (frontend / "node_modules" / ".bin" / "openapi-typescript").unlink()
    else:
        plan = plan._replace(services=plan.services[:1])
    assert keeper_of(plan, os.environ) is None
