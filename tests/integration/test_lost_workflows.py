"""What the sweeper does with changes whose workflow is gone or does not move. Real engine."""

import itertools
import uuid
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, text, update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from temporalio import workflow
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner

from adapters.postgres.answers import timeline
from adapters.postgres.outbox import outbox_row
from adapters.postgres.tables import OutboxRow, ServiceChangeRow
from adapters.temporal.runs import WorkflowRuns
from domain.contracts import ServiceChangeView
from domain.errors import FailureCode
from domain.identifiers import workflow_id
from domain.messages import EngineName, ServiceChangeInput, ServiceChangeResult
from domain.service_change import Action, ChangeStatus
from tests.support.clock import START, Clock
from tests.support.polling import eventually
from tests.support.records import accepted_change
from tests.support.world import Change, World
from worker.lost_workflows import LostWorkflows
from workflows import ServiceChangeWorkflow

Sessions = async_sessionmaker[AsyncSession]
S = ChangeStatus


@pytest.fixture
def world(temporal_client: Client, sessions: Sessions, clock: Clock) -> World:
    return World(temporal_client, sessions, clock, f"lost-{uuid.uuid4().hex}")


@pytest.fixture
def lost(world: World) -> LostWorkflows:
    return LostWorkflows(world.sessions, WorkflowRuns(world.client), world.clock)


async def awaiting(world: World) -> Change:
    change = await world.submit(start=False)
    await world.relay()
    await change.reaches(S.AWAITING_APPROVAL)
    return change


async def found_by(lost: LostWorkflows, change: Change) -> ServiceChangeView:
    """It, once a sweep has found it; a listed end may take a moment to show."""
    await eventually(lost.sweep, lambda found: change.id in found)
    return await change.view()


async def set_back_due(world: World, change: Change, by: timedelta) -> None:
    async with world.sessions.begin() as session:
        await session.execute(
            update(ServiceChangeRow)
            .where(ServiceChangeRow.id == change.id)
            .values(due_at=func.now() - by)
        )


@pytest.mark.parametrize("how", ["terminated", "cancelled"])
async def test_a_change_whose_workflow_was_ended_is_parked_and_goes_on_when_retried(
    world: World, lost: LostWorkflows, how: str
) -> None:
    async with world.working():
        change = await awaiting(world)
        if how == "terminated":
            await change.handle.terminate("by hand")
        else:
            await change.handle.cancel()
            await eventually(
                lambda: WorkflowRuns(world.client).latest(workflow_id(change.id)),
                lambda run: run.ended is not None,
            )

        view = await found_by(lost, change)

        assert (view.status, await change.notices()) == (
            S.NEEDS_ATTENTION,
            ["approval_requested", "needs_attention"],
        )
        assert view.failure is not None
        assert view.failure.code is FailureCode.WORKFLOW_LOST
        last = (await change.history()).audit[-1]
        assert (last.actor, last.reason) == ("sweeper", f"Its workflow was {how}.")
        assert await lost.sweep() == []
        await change.decide(Action.RETRY)
        await change.reaches(S.AWAITING_APPROVAL)
        assert await lost.sweep() == []  # though the engine still lists the run that ended


async def test_a_change_the_engine_does_not_know_is_found_in_its_turn(
    world: World, lost: LostWorkflows
) -> None:
    change = await world.submit(start=False)
    async with world.sessions.begin() as session:
        await session.execute(update(OutboxRow).values(dispatched_at=func.now()))
        await session.execute(update(ServiceChangeRow).values(status=S.CHECKING))

    assert await lost.sweep() == [change.id]

    assert (await change.view()).status is S.NEEDS_ATTENTION
    assert (await change.history()).audit[-1].reason == "Its workflow is unknown to the engine."


async def test_a_change_that_was_not_started_yet_is_left_to_be_started(
    world: World, lost: LostWorkflows
) -> None:
    undelivered = await world.submit(start=False)
    forgotten = await world.submit(start=False)
    async with world.sessions.begin() as session:
        await session.execute(
            update(OutboxRow)
            .where(OutboxRow.change_id == forgotten.id)
            .values(dispatched_at=func.now())
        )

    assert await lost.sweep() == []

    for change in (undelivered, forgotten):
        assert (await change.view()).status is S.PENDING


@pytest.mark.parametrize("topic", ["start", "resume"])
async def test_a_change_whose_further_run_is_about_to_begin_is_not_parked(
    world: World, lost: LostWorkflows, topic: str
) -> None:
    async with world.working():
        change = await awaiting(world)
        await change.handle.terminate("lost")
        async with world.sessions.begin() as session:
            session.add(outbox_row(topic, change.id, {}, START))

        assert await lost.sweep() == []

        async with world.sessions.begin() as session:
            await session.execute(update(OutboxRow).values(dispatched_at=func.now()))
        assert (await found_by(lost, change)).status is S.NEEDS_ATTENTION


async def test_what_runs_what_is_parked_and_what_has_ended_is_left_alone(
    world: World, lost: LostWorkflows
) -> None:
    async with world.working():
        ended = await awaiting(world)
        await ended.decide(Action.REJECT)
        await ended.ended()
        running = await awaiting(world)

        assert await lost.sweep() == []

        assert (await running.view()).status is S.AWAITING_APPROVAL
        assert (await ended.view()).status is S.REJECTED


async def test_everybody_has_a_turn_however_many_there_are(
    world: World, lost: LostWorkflows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.lost_workflows._IN_TURN", 2)
    changes = [await accepted_change(world.sessions) for _ in range(5)]
    async with world.sessions.begin() as session:
        await session.execute(update(OutboxRow).values(dispatched_at=func.now()))
        await session.execute(update(ServiceChangeRow).values(status=S.CHECKING))

    sweeps = [await lost.sweep() for _ in range(3)]

    assert [len(found) for found in sweeps] == [2, 2, 1]
    assert sorted(itertools.chain(*sweeps)) == sorted(change.id for change in changes)


async def test_a_forbidden_step_ends_the_run_as_failed_and_the_change_is_parked(
    world: World, lost: LostWorkflows
) -> None:
    async with world.working():
        change = await awaiting(world)
        async with world.sessions.begin() as session:  # behind the workflow's back
            await session.execute(update(ServiceChangeRow).values(status=S.PENDING))
        await change.signal(Action.APPROVE)

        view = await found_by(lost, change)

    assert view.status is S.NEEDS_ATTENTION
    assert (await change.history()).audit[-1].reason == "Its workflow failed."


async def test_an_error_of_ours_in_the_record_ends_the_run_and_not_the_change(
    world: World, lost: LostWorkflows
) -> None:
    rule = "ALTER TABLE service_changes ADD CONSTRAINT broken CHECK (status <> 'applying')"
    async with world.sessions.begin() as session:
        await session.execute(text(rule))
    async with world.working():
        change = await awaiting(world)
        await change.signal(Action.APPROVE)
        view = await found_by(lost, change)
        async with world.sessions.begin() as session:
            await session.execute(text("ALTER TABLE service_changes DROP CONSTRAINT broken"))

        await change.decide(Action.RETRY)
        await change.reaches(S.AWAITING_APPROVAL)
        await change.decide(Action.APPROVE)
        await change.reaches(S.ACTIVE)

    assert view.status is S.NEEDS_ATTENTION
    assert len(world.billing.lines) == 1


async def test_a_change_past_its_time_is_reported_once_and_cleared_when_it_moves(
    world: World, lost: LostWorkflows
) -> None:
    async with world.working():
        change = await awaiting(world)
    fresh = await set_back_and_sweep(world, lost, change, timedelta(seconds=50))
    late = await set_back_and_sweep(world, lost, change, timedelta(seconds=70))

    view = await change.view()

    assert (fresh, late, await lost.sweep()) == ([], [change.id], [])
    assert view.status is S.AWAITING_APPROVAL
    assert view.failure is not None
    assert (view.failure.code, view.failure.owner) == (FailureCode.STALLED, "integration engineers")
    assert "it was due" in view.failure.reason
    assert "Look at the workers" in (view.next_action or "")
    assert (await change.notices())[-1] == "stalled"
    assert (await change.history()).audit[-1].action == "report_stalled"
    async with world.working():
        await change.decide(Action.APPROVE)
        moved = await change.reaches(S.APPLYING, S.ACTIVE)
    assert moved.failure is None


async def set_back_and_sweep(
    world: World, lost: LostWorkflows, change: Change, by: timedelta
) -> list[str]:
    await set_back_due(world, change, by)
    return await lost.sweep()


async def test_a_process_whose_clock_is_wrong_reports_nothing_early(
    world: World, clock: Clock
) -> None:
    async with world.working():
        change = await awaiting(world)
    await set_back_due(world, change, timedelta(seconds=-30))
    clock.advance(timedelta(days=365))

    assert await LostWorkflows(world.sessions, WorkflowRuns(world.client), clock).sweep() == []


@workflow.defn(name=EngineName.WORKFLOW)
class _OfTomorrow(ServiceChangeWorkflow):
    """Code that cannot go on with a run that was begun under today's."""

    @workflow.init
    def __init__(self, change: ServiceChangeInput) -> None:
        super().__init__(change)

    @workflow.run
    async def run(self, change: ServiceChangeInput) -> ServiceChangeResult:
        raise NotImplementedError(change.change_id)


async def test_a_workflow_task_that_keeps_failing_is_reported(
    world: World, lost: LostWorkflows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.temporal.runs._TRIES", 2)
    async with world.working():
        change = await awaiting(world)
    tomorrow = UnsandboxedWorkflowRunner()
    async with world.working(workflows=[_OfTomorrow], runner=tomorrow):
        await change.signal(Action.APPROVE)
        view = await found_by(lost, change)

    assert view.failure is not None
    assert "its workflow task failed" in view.failure.reason
    async with world.working():
        await change.reaches(S.ACTIVE)


async def test_a_notice_that_could_not_go_out_is_told_in_the_timeline(world: World) -> None:
    world.mailbox.broken = True
    async with world.working():
        change = await awaiting(world)

        async def untold() -> list[Any]:
            entries = timeline(await change.history(), with_exchanges=False)
            return [entry for entry in entries if entry.outcome == "undelivered"]

        (entry,) = await eventually(untold, lambda seen: seen != [])

    assert entry.title == "Approval requested: not delivered by mailbox"
    assert entry.detail == "the mail server does not answer"
