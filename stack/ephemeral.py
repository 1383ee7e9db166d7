"""A real PostgreSQL and a real Temporal on free ports, for the length of a `with` block.

Meant for session fixtures: ready when yielded, gone afterwards even if the test run is killed.
"""

import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from stack import postgres, temporal
from stack.build import ensure_binaries
from stack.namespace import ensure_namespace_blocking
from stack.ports import LOOPBACK, free_ports
from stack.processes import running, tethered
from stack.temporal import EnginePorts

ENGINE_PORTS = 2 + EnginePorts.INTERNAL


@dataclass(frozen=True)
class EphemeralStack:
    """Where the two servers answer."""

    database_url: str
    temporal_target: str
    temporal_namespace: str


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """A folder the database server's own user can reach, removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="throughline-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        yield folder


@contextmanager
def ephemeral_postgres(folder: Path) -> Iterator[str]:
    """An empty database `throughline`; gives its URL. The role may create further databases."""
    cluster = postgres.Cluster(
        folder / "postgres",
        port=free_ports(1)[0],
        password=secrets.token_urlsafe(),
        durable=False,
        creates_databases=True,
    )
    with postgres.start(cluster) as url:
        yield url


@contextmanager
def ephemeral_temporal(
    folder: Path, *, namespace: str = "throughline", time_skipping: bool = True
) -> Iterator[str]:
    """An engine with the namespace and its search attributes; gives `host:port`.

    Raises:
        StackError: it did not come up; names the log.
    """
    place = folder / "temporal"
    ports = EnginePorts(*free_ports(ENGINE_PORTS))
    config = temporal.write_server_config(place, ports, time_skipping=time_skipping)
    command = tethered(temporal.server_command(ensure_binaries(), config))
    log = place / "server.log"
    target = f"{LOOPBACK}:{ports.frontend}"
    with running(command, log=log) as process:
        ensure_namespace_blocking(target, namespace, log=log, alive=lambda: process.poll() is None)
        yield target


@contextmanager
def ephemeral_stack(
    *, namespace: str = "throughline", time_skipping: bool = True
) -> Iterator[EphemeralStack]:
    """Both servers, in a temporary folder."""
    with (
        temporary_folder() as folder,
        ephemeral_postgres(folder) as url,
        ephemeral_temporal(folder, namespace=namespace, time_skipping=time_skipping) as target,
    ):
        yield EphemeralStack(url, target, namespace)
