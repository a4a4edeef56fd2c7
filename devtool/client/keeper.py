"""Keeps a frontend's typed client in step while its backend reloads.

After a reload the running backend is asked for its description, which it has to make anyway; only if
that is another one than before, the frontend's generator runs. All of it happens in a thread of its
own, so a reload is as quick as it was.
"""

from __future__ import annotations

import json
import threading
import time
import urllib.request
from pathlib import Path
from typing import Any

from devtool import client
from devtool.errors import DevtoolError, ToolchainError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from devtool.model.launch import LaunchPlan

DESCRIPTION = "/openapi.json"
SECONDS = 30.0
# Saves come in bursts: what is looked at is what they end in.
PAUSE = 0.3


class ClientKeeper:
    """Writes the types anew after reloads that changed what the backend answers.

    Args:
        parts: The backend and the frontend.
        env: The variables that the generator is started with.
    """

    def __init__(self, parts: client.Parts, env: Mapping[str, str]) -> None:
        self._parts = parts
        self._env = env
        self._tell: Callable[[str], None] = lambda _: None
        self._path = Path(parts.frontend.cwd) / client.TARGET
        self._bell = threading.Event()
        self._thread: threading.Thread | None = None
        self._said = ""
        self._description = ""

    def reloaded(self, tell: Callable[[str], None]) -> None:
        """Look soon whether the types are still true; returns at once.

        Args:
            tell: Called with a sentence if something was written, or could not be.
        """
        self._tell = tell
        self._bell.set()
        if self._thread is None:
            self._thread = threading.Thread(target=self._keep, daemon=True, name="client")
            self._thread.start()

    def _keep(self) -> None:
        while self._bell.wait():
            time.sleep(PAUSE)
            self._bell.clear()
            try:
                self._look()
            except DevtoolError as error:
                self._say_once(f"the typed client was not written anew: {error.message}")

    def _look(self) -> None:
        document = described(self._parts.backend.url + DESCRIPTION)
        text = json.dumps(document, sort_keys=True)
        if text == self._description:
            return
        generator = client.generator_of(self._parts.frontend)
        before = client.read(self._path)
        types = client.types(document, generator, self._env)
        operations = client.operations(document)
        made = client.Client(self._path, types, before, operations)
        if client.write(made):
            self._tell(f"wrote {made.path.name} anew: {len(operations)} operations")
        self._description, self._said = text, ""

    def _say_once(self, text: str) -> None:
        if text != self._said:
            self._tell(text)
        self._said = text


def keeper_of(plan: LaunchPlan, env: Mapping[str, str]) -> ClientKeeper | None:
    """What keeps the client of a run in step; None where there is no client, or no generator."""
    try:
        parts = client.parts_of(plan)
        client.generator_of(parts.frontend)
    except DevtoolError:
        return None
    is_there = (Path(parts.frontend.cwd) / client.TARGET).is_file()
    return ClientKeeper(parts, env) if is_there else None


def described(url: str) -> dict[str, Any]:
    """The description that a running backend gives of itself.

    Raises:
        ToolchainError: If it gives none.
    """
    # Proxies of the environment are for other machines.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=SECONDS) as answer:
            document: dict[str, Any] = json.load(answer)
    except (OSError, ValueError) as error:
        raise ToolchainError(f"{url} gives no description ({error})") from error
    return document
