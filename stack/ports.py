"""TCP ports on the loopback address: finding free ones, and saying who holds a busy one."""

import socket
from collections.abc import Iterable

import psutil

from stack.errors import StackError

LOOPBACK = "127.0.0.1"


def free_ports(count: int) -> list[int]:
    """Different ports nobody listens on at this moment. Meant for tests, not for reservations."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind((LOOPBACK, 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def is_free(port: int) -> bool:
    """Whether a server could listen on the port now; remains of closed connections do not count."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def holder(port: int) -> str:
    """The program that listens on the port, as a person would look for it."""
    try:
        connections = psutil.net_connections(kind="tcp")
    except psutil.AccessDenied:
        connections = []
    for connection in connections:
        if connection.status != psutil.CONN_LISTEN or not connection.laddr:
            continue
        if connection.laddr.port == port and connection.pid is not None:
            return describe_process(connection.pid)
    return "a program of another user"


def describe_process(pid: int) -> str:
    """Name, process id and command line, cut to a readable length."""
    try:
        process = psutil.Process(pid)
        words = " ".join(process.cmdline())
        return f"{process.name()} (process {pid}: {words[:80]})"
    except psutil.Error:
        return f"process {pid}"


def require_free(ports: Iterable[tuple[str, int]]) -> None:
    """Checks the ports a start needs, each given with the setting that moves it.

    Raises:
        StackError: the first busy one; one line with the port, its holder and the way out.
    """
    for setting, port in ports:
        if not is_free(port):
            raise StackError(
                f"Port {port} is held by {holder(port)}; stop it, or set {setting} to another port."
            )
