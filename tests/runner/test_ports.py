"""Free ports, taken ports and ports that someone is about to take."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from devtool.errors import ConfigError
from devtool.runner.locks import Lock, holder
from devtool.runner.ports import PortTakenError, is_free, reserve, why_not
from tests.runner.conftest import Project


def test_a_port_is_free_until_someone_listens(port: int) -> None:
    assert is_free("127.0.0.1", port)
    with socket.create_server(("127.0.0.1", port)):
        assert not is_free("127.0.0.1", port)
    assert is_free("127.0.0.1", port)


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "localhost"])
def test_a_listener_on_any_address_is_in_the_way(host: str, port: int) -> None:
    with socket.create_server(("0.0.0.0", port)):
        assert why_not(host, port) is not None


def test_a_socket_that_is_bound_but_does_not_listen_is_in_the_way(port: int) -> None:
    with socket.socket() as bound:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(("127.0.0.1", port))
        bound.listen()
        assert why_not("127.0.0.1", port) is not None


def test_connections_of_the_last_run_are_no_obstacle(port: int) -> None:
    with socket.create_server(("127.0.0.1", port)) as server:
        caller = socket.create_connection(("127.0.0.1", port))
        answerer, _ = server.accept()
        answerer.close()  # the side that closes first keeps the port in TIME_WAIT
        assert caller.recv(1) == b""
        caller.close()
    assert why_not("127.0.0.1", port) is None


def test_the_holder_of_a_taken_port_is_named(project: Project, port: int) -> None:
    service = project.service("web", "", host="127.0.0.1", port=port)
    with (
        socket.create_server(("127.0.0.1", port)),
        pytest.raises(
            PortTakenError, match=rf"port {port} .* web, .*\(pid {os.getpid()}\)"
        ) as told,
    ):
        reserve([service])
    assert "--port auto" in told.value.hint


def test_a_reserved_port_is_not_reserved_again(project: Project, port: int) -> None:
    service = project.service("web", "", host="127.0.0.1", port=port)
    first = reserve([service])
    assert not is_free("127.0.0.1", port)
    with pytest.raises(PortTakenError, match="another devtool run"):
        reserve([service])
    first.release()
    reserve([service]).release()


def test_all_ports_of_a_plan_or_none(project: Project, port: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken = server.getsockname()[1]
        services = [
            project.service("one", "", host="127.0.0.1", port=port),
            project.service("two", "", host="127.0.0.1", port=taken),
        ]
        with pytest.raises(PortTakenError):
            reserve(services)
    assert is_free("127.0.0.1", port)


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid"])
def test_a_host_that_is_not_here_is_refused(project: Project, port: int, host: str) -> None:
    with pytest.raises(ConfigError, match=f"cannot listen on {host}"):
        reserve([project.service("web", "", host=host, port=port)])


def test_asking_writes_nothing(port: int, tmp_path: Path) -> None:
    assert is_free("127.0.0.1", port)
    assert not (tmp_path / "state").exists()


def test_the_kernel_names_the_holder_of_a_lock(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    assert holder(path) == 0
    code = """
import sys, time
from pathlib import Path
from devtool.runner.locks import Lock
lock = Lock.take(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""
    with subprocess.Popen(
        (sys.executable, "-c", code, str(path)), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        assert holder(path) == other.pid
        assert Lock.take(path) is None
    assert holder(path) == 0
    lock = Lock.take(path)
    assert lock is not None
    assert holder(path) == os.getpid()
    lock.release()
