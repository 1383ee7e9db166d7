"""Every line about a change names its correlation id: relay, sweepers, activities."""

import logging
import uuid
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import text, update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from temporalio.client import Client

from adapters.postgres.tables import OutboxRow
from adapters.temporal.client import connect
from adapters.temporal.engine import TemporalEngine
from adapters.temporal.runs import WorkflowRuns
from domain.errors import CredentialError
from domain.identifiers import System
from domain.messages import Patience
from domain.service_change import ChangeStatus
from json_logs import correlated, name_ids
from stack.ports import LOOPBACK, free_ports
from tests.support.clock import Clock
from tests.support.records import accepted_change, effect_row
from tests.support.world import World
from worker.lost_workflows import LostWorkflows
from worker.open_effects import sweep_effects
from worker.relay import Relay
from worker.sweeper import sweep

Sessions = async_sessionmaker[AsyncSession]
NOT_AT_ALL = timedelta()


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """What is logged, with the ids a process adds to its lines."""
    caplog.handler.addFilter(name_ids)
    caplog.set_level(logging.DEBUG)
    yield caplog
    caplog.handler.removeFilter(name_ids)


def named(lines: pytest.LogCaptureFixture, message: str) -> set[str | None]:
    """The correlation ids of the lines that begin so."""
    return {
        getattr(record, "correlation_id", None)
        for record in lines.records
        if record.getMessage().startswith(message)
    }


async def test_what_the_relay_cannot_deliver_is_logged_with_it(
    sessions: Sessions, lines: pytest.LogCaptureFixture
) -> None:
    changes = [await accepted_change(sessions) for _ in range(2)]
    async with sessions.begin() as session:
        await session.execute(update(OutboxRow).values(topic="nobody_knows"))
    away = await connect(f"{LOOPBACK}:{free_ports(1)[0]}", "throughline", lazy=True)
    await Relay(sessions, TemporalEngine(away, "nowhere"), Patience()).dispatch()

    assert named(lines, "not delivered") == {change.correlation_id for change in changes}


async def test_what_sweepers_find_is_logged_with_it(
    sessions: Sessions, clock: Clock, temporal_client: Client, lines: pytest.LogCaptureFixture
) -> None:
    change = await accepted_change(sessions)
    async with sessions.begin() as session:
        await session.execute(update(OutboxRow).values(dispatched_at=text("now() - interval '1h'")))
        left = effect_row(change.id)
        left.status, left.closed_at = "intended", None
        left.tried_at = clock() - timedelta(days=1)
        session.add(left)
    engine = TemporalEngine(temporal_client, f"logs-{uuid.uuid4().hex}")
    assert await sweep(sessions, engine, NOT_AT_ALL, clock) == [change.id]
    assert await sweep_effects(sessions, timedelta(hours=2), clock)

    assert named(lines, "accepted without workflow") == {change.correlation_id}
    assert named(lines, "effect left open") == {change.correlation_id}


async def test_a_lost_workflow_is_logged_with_it(
    world: World, lines: pytest.LogCaptureFixture
) -> None:
    change = await world.submit(start=False)
    await world.relay()
    await change.reaches(ChangeStatus.AWAITING_APPROVAL)
    await change.handle.terminate("test")
    lost = LostWorkflows(world.sessions, WorkflowRuns(world.client), world.clock)
    assert await lost.sweep() == [change.id]

    assert named(lines, "workflow lost") == {"correlation-1"}


async def test_what_an_activity_fails_with_is_logged_with_the_id_of_who_submitted_it(
    world: World, lines: pytest.LogCaptureFixture
) -> None:
    change = await world.submit(start=False)
    world.crm.failures.plan_before("read_account", CredentialError(System.CRM, "401"))
    await world.relay()
    await change.reaches(ChangeStatus.NEEDS_ATTENTION)

    assert named(lines, "Completing activity as failed") == {"correlation-1"}


def test_a_line_that_names_an_id_itself_keeps_it() -> None:
    record = logging.makeLogRecord({"correlation_id": "its own"})
    with correlated("around it"):
        name_ids(record)
    assert record.__dict__["correlation_id"] == "its own"
