"""What a service under any reloader has: its sockets, its files, and one reloader for each life."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Protocol

from devtool.model.launch import Service
from devtool.runner.reload import News, Notice, Reloaded, ReloadFailed
from devtool.runner.watch import Batch, Watcher

Tell = Callable[[News], None]


class Restartable(Protocol):
    """A reloader, as its service sees it."""

    def start(self) -> None:
        """Start the first version."""
        ...

    def reload(
        self, paths: Iterable[str], *, declared: Iterable[str] = (), at: float | None = None
    ) -> None:
        """These files may have changed."""
        ...

    def rest(self) -> None:
        """What ends from now on was meant to end."""
        ...


class ReloadingService:
    """Keeps one service on the code that is on disk, for as long as the run lasts.

    Args:
        service: What is started.
        root: The folder that paths are shown relative to.
        environment: Asked for the environment of each new process.
        listeners: The sockets that clients connect to; they belong to the service.
    """

    def __init__(
        self,
        service: Service,
        root: str,
        environment: Callable[[], Mapping[str, str]],
        listeners: Iterable[socket.socket],
    ) -> None:
        self._service = service
        self._root = os.path.realpath(root)
        self._environment = environment
        self._listeners = list(listeners)
        self._reloader: Restartable | None = None
        self._watcher: Watcher | None = None

    def _watch(
        self,
        roots: Iterable[str | Path],
        extra: Iterable[str],
        tell: Tell,
        *,
        shallow: Iterable[str] = (),
    ) -> Watcher:
        """What tells the reloader of this life which files have changed."""
        return Watcher(
            roots,
            extra=extra,
            shallow=shallow,
            include=self._service.reload_include,
            exclude=self._service.reload_exclude,
            on_batch=self._hand_on,
            on_notice=lambda text: tell(Notice(text)),
        )

    def _hand_on(self, batch: Batch) -> None:
        if self._reloader is not None:
            self._reloader.reload(batch.paths, declared=batch.declared, at=batch.at)

    def _shown(self, news: News) -> News:
        """The news, with paths as the user thinks of them."""
        if isinstance(news, Reloaded | ReloadFailed) and news.file:
            return news._replace(file=self._relative(news.file))
        return news

    def _relative(self, path: str) -> str:
        inside = os.path.realpath(path)
        return (
            os.path.relpath(inside, self._root) if inside.startswith(self._root + os.sep) else path
        )

    def rest(self) -> None:
        """What ends from now on was meant to end."""
        if self._watcher is not None:
            self._watcher.stop()
            self._watcher = None
        if self._reloader is not None:
            self._reloader.rest()
            self._reloader = None

    def close(self) -> None:
        """Give the address back."""
        self.rest()
        for listener in self._listeners:
            listener.close()
