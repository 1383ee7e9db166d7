"""Reading and comparing as a workflow: resumed, continued, paused, lost, started nightly."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from temporalio.client import Client, WorkflowExecutionStatus

from adapters.postgres.pauses import pause, resume
from adapters.postgres.reconciliation_reading import run_views
from adapters.postgres.reconciliation_runs import begin_run
from adapters.postgres.tables_reconciliation import ReconciliationPageRow, ReconciliationRunRow
from adapters.temporal.runs import WorkflowRuns
from adapters.temporal.schedules import schedule_reconciliation
from domain.entitlement import Lifecycle
from domain.errors import VendorUnavailableError
from domain.identifiers import VENDORS, System
from domain.reconciliation_messages import (
    CompareResult,
    ReadingPace,
    ReconcileInput,
    ReconciliationName,
    reconciliation_workflow_id,
)
from domain.vendor_values import BillingStanding, Standing, VendorCall
from tests.support.factories import account
from tests.support.polling import eventually
from tests.support.world import World
from worker.lost_reconciliation import sweep_reconciliation

QUICKLY = ReadingPace(rate=1000, share=1)
MANY = 1200
"""Accounts: three pages of 500."""


class Counting:
    """A listing that notes each page it gives, and may hold one back."""

    def __init__(self, list_: Any) -> None:  # noqa: ANN401 - a port's method
        self._list = list_
        self.asked: list[str | None] = []
        self.hold: dict[int, asyncio.Event] = {}

    async def __call__(self, call: Any, **given: Any) -> Any:  # noqa: ANN401 - as the port has it
        self.asked.append(given.get("cursor"))
        if gate := self.hold.pop(len(self.asked), None):
            await gate.wait()
        return await self._list(call, **given)


@pytest.fixture
def large(idle_world: World) -> World:
    """A world of many accounts that agree, without a worker."""
    ids = [f"{number:04d}-ACCNT" for number in range(MANY)]
    idle_world.crm.accounts = {id_: account(account_id=id_) for id_ in ids}
    idle_world.billing.standings = {
        id_: BillingStanding(id_, Standing.CURRENT, 4520, "usd") for id_ in ids
    }
    idle_world.billing.charged = {
        id_: each.products for id_, each in idle_world.crm.accounts.items()
    }
    return idle_world


async def begun(world: World, run_id: str) -> None:
    async with world.sessions.begin() as session:
        assert await begin_run(
            session,
            run_id,
            account_id=None,
            actor="support",
            actor_kind="person",
            correlation_id=run_id,
            at=world.clock(),
        )


async def ended(world: World, run_id: str) -> CompareResult:
    handle = world.client.get_workflow_handle(
        reconciliation_workflow_id(run_id), result_type=CompareResult
    )
    result: CompareResult = await handle.result(rpc_timeout=timedelta(seconds=60))
    return result


async def pages(world: World, run_id: str) -> dict[str, int]:
    async with world.sessions() as session:
        rows = await session.scalars(
            select(ReconciliationPageRow).where(ReconciliationPageRow.run_id == run_id)
        )
        found: dict[str, int] = {}
        for row in rows:
            found[row.system] = found.get(row.system, 0) + 1
    return found


async def test_finished_pages_are_not_read_again_after_the_worker_has_gone(large: World) -> None:
    counting = Counting(large.crm.list_accounts)
    large.crm.list_accounts = counting  # type: ignore[method-assign]
    held = counting.hold[3] = asyncio.Event()
    await begun(large, "rec_gone")

    async with large.working():
        await large.engine.reconcile(ReconcileInput(run_id="rec_gone", pace=QUICKLY))

        async def asked() -> int:
            return len(counting.asked)

        await eventually(asked, lambda seen: seen == 3)
        held.set()
        await eventually(lambda: pages(large, "rec_gone"), lambda seen: seen.get("crm") == 3)
    async with large.working(cached=0):
        result = await ended(large, "rec_gone")

    assert result == CompareResult(standing=0, explained=0)
    assert len(counting.asked) == len(set(counting.asked)) == 3
    assert (await pages(large, "rec_gone"))["billing"] == 3


async def test_a_run_goes_on_as_further_runs_before_its_history_is_long(large: World) -> None:
    await begun(large, "rec_long")
    large.crm.accounts["0001-ACCNT"] = account(account_id="0001-ACCNT", lifecycle=Lifecycle.CLOSED)

    async with large.working():
        run = ReconcileInput(run_id="rec_long", pace=QUICKLY, most_pages=2)
        await large.engine.reconcile(run)
        handle = large.client.get_workflow_handle(reconciliation_workflow_id("rec_long"))
        first = (await handle.describe()).run_id
        result = await ended(large, "rec_long")

    assert result.standing == 1
    assert (await handle.describe()).run_id != first
    assert await pages(large, "rec_long") == {
        "crm": 3,
        "billing": 3,
        "scheduling": 1,
        "ticketing": 1,
        "throughline": 1,
    }


async def test_a_system_that_is_away_is_waited_for(large: World) -> None:
    away = VendorUnavailableError(System.BILLING, "503", http_status=503)
    large.billing.failures.plan_before("list_accounts", away)
    await begun(large, "rec_away")

    async with large.working():
        await large.engine.reconcile(ReconcileInput(run_id="rec_away", pace=QUICKLY))
        await ended(large, "rec_away")

    async with large.sessions() as session:
        row = await session.get_one(ReconciliationRunRow, "rec_away")
    assert (row.state, row.failed) == ("done", {})


async def test_nothing_is_read_at_a_paused_system_until_it_is_resumed(large: World) -> None:
    counting = Counting(large.billing.list_accounts)
    large.billing.list_accounts = counting  # type: ignore[method-assign]
    how: dict[str, Any] = {"actor": "olga", "correlation_id": "c", "at": large.clock()}
    async with large.sessions.begin() as session:
        await pause(session, System.BILLING, reason="Maintenance.", **how)
    await begun(large, "rec_paused")

    async with large.working():
        await large.engine.reconcile(ReconcileInput(run_id="rec_paused", pace=QUICKLY))
        await eventually(lambda: pages(large, "rec_paused"), lambda seen: seen.get("crm") == 3)
        assert counting.asked == []
        async with large.sessions.begin() as session:
            await resume(session, System.BILLING, **how)
        handle = large.client.get_workflow_handle(reconciliation_workflow_id("rec_paused"))
        await large.time.fast_forward(handle, timedelta(minutes=2))
        await ended(large, "rec_paused")

    assert len(counting.asked) == 3


async def waits_for(world: World, run_id: str) -> dict[str, str]:
    """What the API would tell of a run that waits, by system."""
    async with world.sessions() as session:
        row = await session.get_one(ReconciliationRunRow, run_id)
        (view,) = await run_views(session, [row])
    return {each.system: each.waits_for for each in view.systems if each.waits_for}


async def test_a_system_that_accepts_no_secret_is_not_read_and_waited_for(large: World) -> None:
    counting = Counting(large.billing.list_accounts)
    large.billing.list_accounts = counting  # type: ignore[method-assign]
    large.entrances.refuses.add((System.BILLING, 1))
    await begun(large, "rec_refused")

    async with large.working():
        await large.engine.reconcile(ReconcileInput(run_id="rec_refused", pace=QUICKLY))
        await eventually(lambda: pages(large, "rec_refused"), lambda seen: seen.get("crm") == 3)
        assert counting.asked == []
        assert await waits_for(large, "rec_refused") == {
            "billing": "billing does not accept our credential."
        }

        large.entrances.refuses.clear()
        await large.relay()  # the probe is let in, and opens the gate
        await eventually(lambda: waits_for(large, "rec_refused"), lambda seen: not seen)
        handle = large.client.get_workflow_handle(reconciliation_workflow_id("rec_refused"))
        await large.time.fast_forward(handle, timedelta(minutes=2))
        await ended(large, "rec_refused")

    async with large.sessions() as session:
        row = await session.get_one(ReconciliationRunRow, "rec_refused")
    assert (row.state, row.failed) == ("done", {})
    assert len(counting.asked) == 3


async def test_a_further_run_has_no_further_pre_flight(large: World) -> None:
    entered: list[System] = []
    enter = large.entrances.enter

    async def noting(call: VendorCall, system: System, version: int | None) -> int:
        entered.append(system)
        return await enter(call, system, version)

    large.entrances.enter = noting  # type: ignore[method-assign]
    await begun(large, "rec_once")
    async with large.working():
        run = ReconcileInput(run_id="rec_once", pace=QUICKLY, most_pages=2)
        await large.engine.reconcile(run)
        await ended(large, "rec_once")

    assert sorted(entered) == sorted(VENDORS)


async def test_a_run_whose_workflow_is_gone_goes_on_from_the_record(large: World) -> None:
    await begun(large, "rec_lost")
    async with large.working():
        await large.relay()
        handle = large.client.get_workflow_handle(reconciliation_workflow_id("rec_lost"))
        await handle.terminate("lost")
        runs = WorkflowRuns(large.client)

        found = await sweep_reconciliation(large.sessions, runs, large.clock)
        await large.relay()
        await ended(large, "rec_lost")

    assert found == ["rec_lost"]
    assert await sweep_reconciliation(large.sessions, runs, large.clock) == []


async def test_the_schedule_starts_a_run_unless_one_is_under_way(
    large: World, temporal_client: Client
) -> None:
    await schedule_reconciliation(temporal_client, large.task_queue, 2)
    await schedule_reconciliation(temporal_client, large.task_queue, 3)  # takes on what is given
    schedule = temporal_client.get_schedule_handle(ReconciliationName.SCHEDULE)
    try:
        described = await schedule.describe()
        assert described.schedule.spec.calendars[0].hour[0].start == 3

        async def nights() -> list[str]:
            async with large.sessions() as session:
                rows = await session.scalars(select(ReconciliationRunRow.started_by_kind))
                return list(rows)

        async with large.working():
            await schedule.trigger()
            await eventually(nights, lambda seen: seen == ["schedule"])
            second = await temporal_client.start_workflow(
                ReconciliationName.NIGHTLY, id="nightly-again", task_queue=large.task_queue
            )
            assert await second.result() is None
            status = (await second.describe()).status
        assert status is WorkflowExecutionStatus.COMPLETED
        assert await nights() == ["schedule"]
    finally:
        await schedule.delete()
