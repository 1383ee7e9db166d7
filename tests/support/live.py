"""The whole one-machine stack as a person starts it, on free ports, with its own state folder."""

import json
import os
import secrets
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from crash_points import CrashPoints
from http_client import Client
from settings import Settings
from stack.errors import StackError
from stack.paths import CHECKOUT, StatePaths
from stack.ports import LOOPBACK, is_free
from stack.probes import answers
from stack.processes import has_ended, running, tethered, wait_until
from stack.supervision import Supervisor
from stack.temporal import EnginePorts

READY_SECONDS = 240
"""A cold machine makes a database cluster first, and the tests beside it want their share."""

STOP_SECONDS = 60
CRASH_POINTS = "crash-points"
PORTS = (
    "postgres",
    "temporal",
    "temporal_web",
    "temporal_metrics",
    "api",
    "console",
    "oidc",
    "crm",
    "billing",
    "scheduling",
    "ticketing",
    "worker_metrics",
    "relay_metrics",
)
WAITS = {
    "THROUGHLINE_SWEEP_EVERY": "PT2S",
    "THROUGHLINE_UNSTARTED_AFTER": "PT5S",
    "THROUGHLINE_EVENT_POLL_EVERY": "PT5S",
    "THROUGHLINE_EVENT_DUE_AFTER": "PT2S",
}
"""Short, so that what heals by itself does so within a test's patience."""


@dataclass(frozen=True)
class LiveStack:
    """A running stack: where it is, who may sign in, and a hand on each of its processes."""

    state_dir: Path
    ports: dict[str, int]
    credentials: dict[str, str]

    @property
    def api_url(self) -> str:
        """Where the API is."""
        return f"http://{LOOPBACK}:{self.ports['api']}"

    @property
    def console_url(self) -> str:
        """Where the console is."""
        return f"http://{LOOPBACK}:{self.ports['console']}"

    @property
    def crash_points(self) -> CrashPoints:
        """The places at which processes of ours can be made to die."""
        return CrashPoints(self.state_dir / CRASH_POINTS)

    @property
    def settings(self) -> Settings:
        """The stack's settings with every secret, as its own programs have them."""
        places: dict[str, Any] = {f"{name}_port": port for name, port in self.ports.items()}
        secrets = StatePaths(self.state_dir).secrets
        return Settings(_env_file=secrets, state_dir=self.state_dir, **places)

    def vendor(self, name: str) -> Client:
        """A vendor's own HTTP address, for its `_control` routes."""
        return Client(base_url=f"http://{LOOPBACK}:{self.ports[name]}", trust_env=False)

    @contextmanager
    def faulty(self, vendor: str, **fault: object) -> Iterator[Client]:
        """A vendor misbehaves that way for the length of the block; its `_control` routes."""
        with self.vendor(vendor) as control:
            control.post("/_control/faults", json=fault).raise_for_status()
            try:
                yield control
            finally:
                control.delete("/_control/faults").raise_for_status()

    def calls(self, vendor: str) -> list[dict[str, Any]]:
        """Every call in a vendor's log, in the order in which they ended."""
        found: list[dict[str, Any]] = []
        cursor: int | None = 0
        with self.vendor(vendor) as client:
            while cursor is not None:
                query = {"cursor": cursor, "limit": 10_000}
                page = client.get("/_control/calls", params=query).raise_for_status().json()
                found += page["calls"]
                cursor = page["next_cursor"]
        return found

    def ledger(self, vendor: str, account_id: str) -> list[dict[str, Any]]:
        """What the vendor says was really done to an account, in order."""
        with self.vendor(vendor) as client:
            answer = client.get("/_control/ledger", params={"account_id": account_id})
            entries: list[dict[str, Any]] = answer.raise_for_status().json()["entries"]
        return entries

    def process(self, child: str) -> psutil.Process | None:
        """The program of a child, below its output keeper; None while it is being replaced."""
        state = next(each for each in self._supervisor.states() if each.name == child)
        try:
            programs = psutil.Process(state.pid).children() if state.pid else []
        except psutil.NoSuchProcess:
            return None
        return next((each for each in programs if not has_ended(each)), None)

    def kill(self, child: str) -> int:
        """Kill -9; the supervisor starts it again. The process id that is gone."""
        process = self.process(child)
        assert process is not None, f"{child} does not run"
        process.kill()
        return process.pid

    @contextmanager
    def frozen(self, child: str) -> Iterator[None]:
        """A child holds still as long as this lasts: what it is asked is answered afterwards."""
        process = self.process(child)
        assert process is not None, f"{child} does not run"
        process.suspend()
        try:
            yield
        finally:
            process.resume()

    def stop(self, child: str) -> None:
        """Stop a child; it stays down until `start`."""
        self._supervisor._call("stopProcess", child, True, accept=("NOT_RUNNING",))

    def start(self, child: str) -> None:
        """Start a child that was stopped."""
        self._supervisor.start_child(child)

    def cpu_seconds(self) -> dict[str, float]:
        """CPU time each child has used so far with all it started, user and system."""
        return {state.name: cpu_seconds_of(state.pid) for state in self._supervisor.states()}

    @property
    def _supervisor(self) -> Supervisor:
        return Supervisor(StatePaths(self.state_dir))


def cpu_seconds_of(pid: int) -> float:
    """CPU time of a process and everything it started, living or ended; 0 if it is gone."""
    try:
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0.0
    total = 0.0
    for member in family:
        with suppress(psutil.NoSuchProcess):
            total += sum(member.cpu_times()[:4])  # own user and system, ended children's
    return total


@contextmanager
def live(folder: Path, extra: Mapping[str, str] | None = None) -> Iterator[LiveStack]:
    """`throughline up` for the length of the block; it also ends if the test run is killed.

    `extra` adds variables to the environment of everything started.
    """
    ports = _free_ports()
    log = folder / "up.log"
    inherited = {name: v for name, v in os.environ.items() if not name.startswith("THROUGHLINE_")}
    env = inherited | WAITS | {"PYTHONPATH": str(CHECKOUT)}
    env["THROUGHLINE_STATE_DIR"] = str(folder / "state")
    env["THROUGHLINE_CRASH_POINTS"] = str(folder / "state" / CRASH_POINTS)
    env |= {f"THROUGHLINE_{name.upper()}_PORT": str(port) for name, port in ports.items()}
    env |= extra or {}
    command = tethered([sys.executable, "-m", "stack", "up"])
    with running(command, log=log, env=env, stop_seconds=STOP_SECONDS) as process:
        stack = LiveStack(folder / "state", ports, {})
        try:
            wait_until(
                lambda: "stays up until Ctrl-C" in log.read_text(encoding="utf-8"),
                seconds=READY_SECONDS,
                what="The stack",
                log=log,
                process=process,
            )
        except StackError as error:  # the folder and its log are gone when somebody reads this
            raise StackError(f"{error}\n{log.read_text(encoding='utf-8')}") from error
        assert answers(f"{stack.api_url}/health/ready")
        credentials = json.loads(StatePaths(stack.state_dir).credentials.read_text())
        yield LiveStack(stack.state_dir, ports, credentials)


def _free_ports() -> dict[str, int]:
    """A port for each name, and so many in a row as the engine wants for itself.

    Below those the system gives to outgoing connections, or one of them may be taken between now
    and the minute in which a slow machine gets to listen on it.
    """
    count = len(PORTS) + EnginePorts.INTERNAL
    for _ in range(100):
        first = secrets.choice(range(20_000, 32_000, count))
        row = range(first, first + count)
        if all(map(is_free, row)):
            return dict(zip((*PORTS, "temporal_internal"), row, strict=False))
    raise AssertionError("no row of free ports was found")
