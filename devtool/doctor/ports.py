"""Whether the ports of a run are free, and who holds those that are not."""

from __future__ import annotations

from collections.abc import Iterator

from devtool.doctor.subject import Subject
from devtool.errors import ConfigError
from devtool.model.doctor import Finding, Level
from devtool.model.launch import Service
from devtool.runner.ports import reserve
from devtool.runner.running import report

CHECK = "ports"


def look(subject: Subject) -> Iterator[Finding]:
    """One finding for each service that listens."""
    own = {
        process.port: process.name
        for run in report(subject.root).runs
        for process in run.processes
        if process.pid is not None
    }
    for service in subject.services:
        if service.port is None:
            continue
        if service.port in own:
            text = f"port {service.port} is held by {own[service.port]} of this project's own run"
            yield Finding(check=CHECK, level=Level.OK, text=text)
        else:
            yield _of(service)


def _of(service: Service) -> Finding:
    try:
        # As a run does it, so that it says what a run would say.
        reserve([service]).release()
    except ConfigError as error:
        text = error.message.removesuffix("; nothing was started")
        return Finding(check=CHECK, level=Level.ERROR, text=text, fix="devtool run --port auto")
    text = f"port {service.port} on {service.host}, wanted by {service.name}, is free"
    return Finding(check=CHECK, level=Level.OK, text=text)
