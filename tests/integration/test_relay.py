"""Relay and sweeper between the real database and the real engine."""

import asyncio
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from temporalio.client import Client

from adapters.postgres.outbox import outbox_row
from adapters.postgres.tables import AuditEntryRow, OutboxRow, ServiceChangeRow
from adapters.temporal.client import connect
from adapters.temporal.engine import TemporalEngine
from domain.identifiers import workflow_id
from domain.messages import EngineName, Patience, ServiceChangeInput
from stack.ports import LOOPBACK, free_ports
from tests.support.clock import START, Clock
from tests.support.records import accepted_change
from worker.relay import Relay
from worker.sweeper import sweep

Sessions = async_sessionmaker[AsyncSession]
UNSTARTED = timedelta(seconds=30)
WAKING: dict[str, Any] = {"cause": "document", "reference": "version 2"}


@pytest.fixture
def engine(temporal_client: Client) -> TemporalEngine:
    return TemporalEngine(temporal_client, f"relay-{uuid.uuid4().hex}")


@pytest.fixture
async def away() -> TemporalEngine:
    """An engine nobody answers for."""
    target = f"{LOOPBACK}:{free_ports(1)[0]}"
    return TemporalEngine(await connect(target, "throughline", lazy=True), "nowhere")


def relay(sessions: Sessions, engine: TemporalEngine) -> Relay:
    return Relay(sessions, engine, Patience(approval=60))


async def time_passes(sessions: Sessions, by: timedelta) -> None:
    """For the outbox it is later by so much: times on record are set back, no clock is."""
    async with sessions.begin() as session:
        await session.execute(
            update(OutboxRow).values(
                available_at=OutboxRow.available_at - by,
                dispatched_at=OutboxRow.dispatched_at - by,
            )
        )


async def outbox(sessions: Sessions) -> list[OutboxRow]:
    async with sessions() as session:
        return list(await session.scalars(select(OutboxRow).order_by(OutboxRow.id)))


async def runs_of(client: Client, change_id: str) -> list[str | None]:
    """The runs of a change's workflow, by history rather than by visibility, which lags."""
    handle = client.get_workflow_handle(workflow_id(change_id))
    return [(await handle.describe()).run_id]


async def test_an_accepted_change_is_started_once_with_ids_alone(
    sessions: Sessions, engine: TemporalEngine, temporal_client: Client
) -> None:
    change = await accepted_change(sessions)
    looked_at = await relay(sessions, engine).dispatch()
    first = await runs_of(temporal_client, change.id)

    assert looked_at == 1
    assert await relay(sessions, engine).dispatch() == 0
    async with sessions.begin() as session:  # the same message again, as after a lost commit
        session.add(outbox_row("start", change.id, {}, START))
    await relay(sessions, engine).dispatch()
    assert await runs_of(temporal_client, change.id) == first
    assert all(row.dispatched_at for row in await outbox(sessions))

    handle = temporal_client.get_workflow_handle(workflow_id(change.id))
    started = (await handle.fetch_history()).events[0].workflow_execution_started_event_attributes
    (given,) = await temporal_client.data_converter.decode(
        started.input.payloads, [ServiceChangeInput]
    )
    assert given == ServiceChangeInput(
        change_id=change.id,
        account_id=change.account_id,
        kind=change.kind,
        submitted_by="portal",
        patience=Patience(approval=60),
    )


async def test_two_relays_side_by_side_share_the_work(
    sessions: Sessions, engine: TemporalEngine
) -> None:
    changes = [await accepted_change(sessions) for _ in range(20)]
    relays = [relay(sessions, engine) for _ in range(2)]

    await asyncio.gather(*(each.dispatch() for each in relays))
    await asyncio.gather(*(each.dispatch() for each in relays))

    rows = await outbox(sessions)
    assert [row.attempts for row in rows] == [1] * 20
    assert all([await engine.knows(change.id) for change in changes])


async def test_an_engine_that_is_away_loses_nothing_and_holds_nothing_up_for_long(
    sessions: Sessions, engine: TemporalEngine, away: TemporalEngine
) -> None:
    changes = [await accepted_change(sessions) for _ in range(3)]

    await relay(sessions, away).dispatch()

    rows = await outbox(sessions)
    assert [row.attempts for row in rows] == [1, 0, 0]  # the first failure says enough
    assert rows[0].last_error
    assert not any(row.dispatched_at for row in rows)
    await time_passes(sessions, timedelta(seconds=2))
    await relay(sessions, engine).dispatch()
    assert all([await engine.knows(change.id) for change in changes])
    assert [row.last_error for row in await outbox(sessions)] == [None] * 3


async def test_a_message_that_cannot_be_delivered_holds_up_no_other(
    sessions: Sessions, engine: TemporalEngine
) -> None:
    poisoned = await accepted_change(sessions)
    healthy = await accepted_change(sessions)
    async with sessions.begin() as session:
        (await session.get_one(ServiceChangeRow, poisoned.id)).kind = "of_tomorrow"
        session.add(outbox_row("topic_of_tomorrow", poisoned.id, {}, START))

    await relay(sessions, engine).dispatch()

    assert await engine.knows(healthy.id)
    left = [row for row in await outbox(sessions) if row.dispatched_at is None]
    assert [(row.change_id, row.attempts) for row in left] == [(poisoned.id, 1)] * 2
    assert all(row.last_error for row in left)
    assert all(row.available_at > row.created_at for row in left)


async def test_a_waking_before_the_start_is_delivered_after_it(
    sessions: Sessions, engine: TemporalEngine, temporal_client: Client
) -> None:
    change = await accepted_change(sessions)
    async with sessions.begin() as session:
        row = outbox_row("look_again", change.id, WAKING, START)
        row.available_at = func.now() - timedelta(hours=1)
        session.add(row)

    each = relay(sessions, engine)
    await each.dispatch()
    await time_passes(sessions, timedelta(seconds=2))
    await each.dispatch()

    assert all(row.dispatched_at for row in await outbox(sessions))
    handle = temporal_client.get_workflow_handle(workflow_id(change.id))
    signals = [
        event.workflow_execution_signaled_event_attributes.signal_name
        for event in (await handle.fetch_history()).events
        if event.HasField("workflow_execution_signaled_event_attributes")
    ]
    assert signals == [EngineName.LOOK_AGAIN]


async def test_a_change_that_ended_is_not_woken(sessions: Sessions, engine: TemporalEngine) -> None:
    change = await accepted_change(sessions)
    async with sessions.begin() as session:
        await session.execute(delete(OutboxRow))
        (await session.get_one(ServiceChangeRow, change.id)).ended_at = START
        session.add(outbox_row("look_again", change.id, {"cause": "a", "reference": "b"}, START))

    await relay(sessions, engine).dispatch()

    (row,) = await outbox(sessions)
    assert row.dispatched_at is not None


async def test_the_sweeper_starts_a_change_whose_message_was_lost(
    sessions: Sessions, engine: TemporalEngine, clock: Clock
) -> None:
    lost = await accepted_change(sessions)
    waiting = await accepted_change(sessions)
    async with sessions.begin() as session:
        await session.execute(delete(OutboxRow).where(OutboxRow.change_id == lost.id))

    assert await sweep(sessions, engine, UNSTARTED, clock) == [lost.id]
    assert await sweep(sessions, engine, UNSTARTED, clock) == []
    await relay(sessions, engine).dispatch()

    assert await engine.knows(lost.id)
    assert await engine.knows(waiting.id)
    assert await sweep(sessions, engine, UNSTARTED, clock) == []
    async with sessions() as session:
        restarts = await session.scalars(
            select(AuditEntryRow).where(AuditEntryRow.actor == "sweeper")
        )
        assert [entry.change_id for entry in restarts] == [lost.id]


async def test_the_sweeper_leaves_a_fresh_change_and_a_started_one_alone(
    sessions: Sessions, engine: TemporalEngine, clock: Clock
) -> None:
    started = await accepted_change(sessions)
    await relay(sessions, engine).dispatch()
    fresh = await accepted_change(sessions)
    async with sessions.begin() as session:  # delivered a moment ago, and lost at the engine
        await session.execute(
            update(OutboxRow)
            .where(OutboxRow.change_id == fresh.id)
            .values(dispatched_at=func.now())
        )

    assert await sweep(sessions, engine, UNSTARTED, clock) == []
    await time_passes(sessions, timedelta(minutes=1))
    assert await sweep(sessions, engine, UNSTARTED, clock) == [fresh.id]
    assert await engine.knows(started.id)


async def test_a_process_whose_clock_is_wrong_is_neither_early_nor_late(
    sessions: Sessions, engine: TemporalEngine
) -> None:
    times = [datetime.now(UTC) + timedelta(minutes=off) for off in (-10, 10)]
    changes = [await accepted_change(sessions, at=at) for at in times]
    async with sessions.begin() as session:
        for change, at in zip(changes, times, strict=True):
            session.add(outbox_row("look_again", change.id, WAKING, at, delay=60))

    await relay(sessions, engine).dispatch()

    assert [await engine.knows(change.id) for change in changes] == [True, True]
    later = [row for row in await outbox(sessions) if row.topic == "look_again"]
    assert [row.attempts for row in later] == [0, 0]
    await time_passes(sessions, timedelta(minutes=1))
    await relay(sessions, engine).dispatch()
    assert all(row.dispatched_at for row in await outbox(sessions))
