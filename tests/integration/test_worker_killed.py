"""A worker is killed in the middle of a vendor call: another goes on within seconds."""

import asyncio
import os
import sys
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from subprocess import Popen

import psutil
import pytest
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from temporalio.client import Client

from adapters.temporal.engine import TemporalEngine
from domain.identifiers import VENDORS
from domain.messages import ServiceChangeInput
from domain.service_change import ChangeKind
from stack.paths import CHECKOUT
from stack.ports import LOOPBACK, free_ports
from stack.processes import running, tethered, wait_until
from tests.support.api import KEYRING
from tests.support.polling import eventually
from tests.support.records import accepted_change
from tests.support.secrets import SecretShelf

Sessions = async_sessionmaker[AsyncSession]
SECONDS = 10.0
pytestmark = pytest.mark.timeout(240)  # two workers start beside whatever else this machine does


@dataclass
class SilentVendor:
    """Takes every call and answers none; keeps when each came."""

    url: str = ""
    came_at: list[float] = field(default_factory=list)
    callers: list[int] = field(default_factory=list)
    """The callers' ports."""

    async def calls(self) -> int:
        """How many came."""
        return len(self.came_at)


@asynccontextmanager
async def silent_vendor() -> AsyncIterator[SilentVendor]:
    vendor = SilentVendor()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            vendor.came_at.append(time.monotonic())
            vendor.callers.append(writer.get_extra_info("peername")[1])
            await reader.read()  # until the caller is gone
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, LOOPBACK, 0)
    vendor.url = f"http://{LOOPBACK}:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield vendor


@contextmanager
def worker(env: dict[str, str], log: Path) -> Iterator[Popen[bytes]]:
    command = tethered([sys.executable, "-m", "worker.main"])
    ports = {"THROUGHLINE_WORKER_METRICS_PORT": str(free_ports(1)[0])}
    with running(command, log=log, env=os.environ | env | ports, stop_seconds=5) as process:
        yield process


def wait_for_start(process: Popen[bytes], log: Path) -> None:
    wait_until(
        lambda: "worker started" in log.read_text(encoding="utf-8"),
        seconds=100,
        what="The worker",
        log=log,
        process=process,
    )


def has_port(process: Popen[bytes], port: int) -> bool:
    """Whether the process holds the near end of a connection."""
    connections = psutil.Process(process.pid).net_connections(kind="tcp")
    return any(connection.laddr.port == port for connection in connections)


async def test_a_call_cut_off_with_its_worker_is_tried_again_within_seconds(
    sessions: Sessions,
    database_url: str,
    engine_address: str,
    temporal_client: Client,
    tmp_path: Path,
) -> None:
    queue = f"killed-{uuid.uuid4().hex}"
    change = await accepted_change(sessions)
    for system in VENDORS:
        await SecretShelf(sessions, system, lambda: datetime.now(UTC)).seed("any")
    logs = [tmp_path / "one.log", tmp_path / "two.log"]
    # The others are silent, too: one that fails would have the change wait for that instead.
    async with silent_vendor() as billing, silent_vendor() as others:
        env = {
            "PYTHONPATH": str(CHECKOUT),
            "THROUGHLINE_STATE_DIR": str(tmp_path),
            "THROUGHLINE_DATABASE_URL": database_url,
            "THROUGHLINE_TEMPORAL_ADDRESS": engine_address,
            "THROUGHLINE_TEMPORAL_TASK_QUEUE": queue,
            "THROUGHLINE_BILLING_BASE_URL": billing.url,
            "THROUGHLINE_KEYRING": KEYRING,
            "THROUGHLINE_CRM_BASE_URL": others.url,
            "THROUGHLINE_SCHEDULING_BASE_URL": others.url,
            "THROUGHLINE_TICKETING_BASE_URL": others.url,
        }
        with worker(env, logs[0]) as one, worker(env, logs[1]) as two:
            wait_for_start(one, logs[0])
            wait_for_start(two, logs[1])
            await TemporalEngine(temporal_client, queue).start(
                ServiceChangeInput(
                    change_id=change.id,
                    account_id=change.account_id,
                    kind=ChangeKind(change.kind),
                    submitted_by="portal",
                )
            )
            await eventually(billing.calls, lambda seen: seen == 1)
            (calling,) = (each for each in (one, two) if has_port(each, billing.callers[0]))
            calling.kill()
            killed_at = time.monotonic()
            await eventually(billing.calls, lambda seen: seen == 2)

    assert billing.came_at[1] - killed_at <= SECONDS
