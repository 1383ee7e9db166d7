"""The full change, auto-approved, against a bare workflow on the same engine, in the same run.

Full: submitted over HTTP with a document, approved by Update as soon as it asks, counted when its
workflow has ended `active`. Bare: `bare_workflow`, started and let go on by the same client.
"""

import asyncio
import itertools
import os
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import psycopg
from psycopg.rows import tuple_row
from temporalio.client import Client

from adapters.temporal.client import connect
from adapters.temporal.engine import TemporalEngine
from benchmarks.accounts import Request, requests
from benchmarks.bare_workflow import BareWorkflow
from benchmarks.report import Report
from domain.errors import DecisionRefusedError
from domain.identifiers import fingerprint, workflow_id
from domain.messages import Decision, EngineName, ServiceChangeInput, ServiceChangeResult
from domain.permissions import Refusal
from domain.service_change import Action, ChangeKind, ChangeStatus, Role
from settings import CHECKOUT
from stack.api_caller import ApiCaller
from stack.children import database_url
from stack.submit import signed_in
from tests.support.live import LiveStack, cpu_seconds_of

RUNS: Final = ((1, 5), (20, 60))
"""Changes under way at the same time, and how many are measured in one round."""
ROUNDS: Final = 4
"""The variants take turns, so that whatever else the machine does meets both."""
WARM_UP: Final = 10
BARE_QUEUE: Final = "bare"
LOOK_EVERY_SECONDS: Final = 0.02
"""How often the database is asked which changes wait for approval; one query for all of them."""
PATIENCE_SECONDS: Final = 60.0
NOTE: Final = (
    "Bare: the same thirteen activities and one Update, without I/O; CPU of engine and worker. "
    "Full: CPU of everything the stack runs."
)

One = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Measured:
    """One variant at one concurrency."""

    seconds: float
    changes: int
    cpu: Mapping[str, float]

    @property
    def per_second(self) -> float:
        return self.changes / self.seconds

    @property
    def cpu_per_change(self) -> float:
        return sum(self.cpu.values()) / self.changes


async def measure(stack: LiveStack) -> Report:
    """Both variants at every concurrency."""
    settings = stack.settings
    client = await connect(settings.temporal_target, settings.temporal_namespace)
    rows: list[dict[str, Any]] = []
    ratios: dict[str, float] = {}
    with bare_worker(stack) as worker_pid:
        async with full_changes(stack, client) as full:
            variants: dict[str, tuple[One, Callable[[], dict[str, float]]]] = {
                "bare": (bare_changes(client), lambda: _bare_cpu(stack, worker_pid)),
                "full": (full, stack.cpu_seconds),
            }
            for one, cpu in variants.values():
                await _timed(one, cpu, at_once=WARM_UP, changes=WARM_UP)
            for at_once, changes in RUNS:
                found: dict[str, list[Measured]] = {name: [] for name in variants}
                for name, (one, cpu) in [*variants.items()] * ROUNDS:
                    found[name].append(await _timed(one, cpu, at_once=at_once, changes=changes))
                summed = {name: _sum(parts) for name, parts in found.items()}
                rows += [_row(name, at_once, each) for name, each in summed.items()]
                ratios |= _ratios(at_once, summed["full"], summed["bare"])
    return Report(
        name="engine",
        title="Service changes from submission to active, beside a bare workflow",
        rows=rows,
        ratios=ratios,
        notes=[NOTE],
    )


async def _timed(
    one: One, cpu: Callable[[], dict[str, float]], *, at_once: int, changes: int
) -> Measured:
    left = iter(range(changes))

    async def lane() -> None:
        for _ in left:
            await one()

    before, begun = cpu(), time.perf_counter()
    async with asyncio.timeout(60 + changes * 10), asyncio.TaskGroup() as lanes:
        for _ in range(at_once):
            lanes.create_task(lane())
    seconds, after = time.perf_counter() - begun, cpu()
    used = {name: after[name] - before.get(name, 0.0) for name in after}
    return Measured(seconds, changes, used)


def _sum(parts: Sequence[Measured]) -> Measured:
    cpu: dict[str, float] = defaultdict(float)
    for part in parts:
        for name, used in part.cpu.items():
            cpu[name] += used
    return Measured(sum(p.seconds for p in parts), sum(p.changes for p in parts), cpu)


def _row(variant: str, at_once: int, found: Measured) -> dict[str, Any]:
    most = sorted(found.cpu.items(), key=lambda item: -item[1])[:4]
    shares = ", ".join(f"{name} {used / found.changes * 1000:.0f}" for name, used in most)
    return {
        "variant": variant,
        "at once": at_once,
        "changes": found.changes,
        "changes/s": found.per_second,
        "CPU s/change": found.cpu_per_change,
        "most CPU, ms/change": shares,
    }


def _ratios(at_once: int, full: Measured, bare: Measured) -> dict[str, float]:
    return {
        f"time full/bare at {at_once}": bare.per_second / full.per_second,
        f"CPU full/bare at {at_once}": full.cpu_per_change / bare.cpu_per_change,
    }


# --- bare ---


@contextmanager
def bare_worker(stack: LiveStack) -> Iterator[int]:
    """The bare workflow's worker as a process of its own; gives its process id."""
    settings = stack.settings
    where = (settings.temporal_target, settings.temporal_namespace, BARE_QUEUE)
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.bare_worker", *where],
        cwd=CHECKOUT,
        env=os.environ | {"THROUGHLINE_STATE_DIR": str(settings.state_dir)},
    )
    try:
        yield process.pid
    finally:
        process.terminate()
        process.wait()


def _bare_cpu(stack: LiveStack, worker_pid: int) -> dict[str, float]:
    return {"temporal": stack.cpu_seconds()["temporal"], "bare worker": cpu_seconds_of(worker_pid)}


def bare_changes(client: Client) -> One:
    """What runs one bare workflow to its end."""
    numbers = itertools.count()
    run = time.time_ns()

    async def one() -> None:
        number = f"{run}-{next(numbers)}"
        change = ServiceChangeInput(
            change_id=f"chg_{number}",
            account_id="7590-VHVEG",
            kind=ChangeKind.CHANGE_PAYMENT_METHOD,
            submitted_by="portal",
        )
        handle = await client.start_workflow(
            BareWorkflow.run, change, id=f"bare/{number}", task_queue=BARE_QUEUE
        )
        await handle.execute_update(EngineName.DECIDE, _approval(number, None, None))
        await handle.result()

    return one


# --- full ---


@dataclass(slots=True)
class _Approvals:
    """Changes whose plan waits for approval, told to whoever waits for them."""

    waiting: dict[str, asyncio.Future[tuple[str, str]]] = field(default_factory=dict)

    async def watch(self, database_url: str) -> None:
        """Ask the database again and again; runs until it is cancelled."""
        connection = await psycopg.AsyncConnection.connect(
            database_url, autocommit=True, row_factory=tuple_row
        )
        async with connection:
            while True:
                if self.waiting:
                    answer = await connection.execute(
                        "SELECT id, plan_sha256, plan->>'document_sha256' FROM service_changes"
                        " WHERE id = ANY(%s) AND status = 'awaiting_approval'",
                        (list(self.waiting),),
                    )
                    for change_id, plan, document in await answer.fetchall():
                        self.waiting.pop(change_id).set_result((plan, document))
                await asyncio.sleep(LOOK_EVERY_SECONDS)

    async def of(self, change_id: str) -> tuple[str, str]:
        """The hashes to approve, once there is a plan."""
        self.waiting[change_id] = asyncio.get_running_loop().create_future()
        return await self.waiting[change_id]


@asynccontextmanager
async def full_changes(stack: LiveStack, client: Client) -> AsyncIterator[One]:
    """What takes one service change from submission to active. Every call another account."""
    settings = stack.settings
    engine = TemporalEngine(client, settings.temporal_task_queue)
    approvals = _Approvals()
    wanted = requests(datetime.now(UTC))
    async with signed_in(settings, "portal", patience=PATIENCE_SECONDS) as portal:
        watching = asyncio.create_task(approvals.watch(database_url(stack.settings)))

        async def one() -> None:
            change_id = await _submitted(portal, next(wanted))
            await _approve(engine, change_id, *await approvals.of(change_id))
            handle = client.get_workflow_handle(
                workflow_id(change_id), result_type=ServiceChangeResult
            )
            result = await handle.result()
            if result.status is not ChangeStatus.ACTIVE:
                raise RuntimeError(f"{change_id} ended {result.status}: {result.reason}")

        try:
            yield one
        finally:
            watching.cancel()


async def _approve(engine: TemporalEngine, change_id: str, plan: str, document: str) -> None:
    """The record says "awaiting approval" a moment before the workflow does: ask until it does."""
    while True:
        try:
            await engine.decide(change_id, _approval(change_id, plan, document))
        except DecisionRefusedError as refused:
            if refused.code != Refusal.NOT_APPLICABLE:
                raise
            await asyncio.sleep(LOOK_EVERY_SECONDS)
        else:
            return


async def _submitted(portal: ApiCaller, request: Request) -> str:
    accepted = await portal.submit(
        request.change, idempotency_key=request.key, document=request.document
    )
    return accepted.change.id


def _approval(number: str, plan: str | None, document: str | None) -> Decision:
    return Decision(
        id=fingerprint({"approve": number})[:32],
        action=Action.APPROVE,
        actor="operator",
        role=Role.OPERATOR,
        reason="Approved by the benchmark.",
        plan_sha256=plan,
        document_sha256=document,
    )
