"""The shared gate on the real database: many callers at once, by the database's clock."""

import asyncio
from datetime import timedelta

from sqlalchemy import text, update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from adapters.postgres.pauses import pause
from adapters.postgres.records import PostgresRecords
from adapters.postgres.tables_operations import VendorGateRow
from domain.errors import FailureCode, VendorError, VendorThrottledError, VendorUnavailableError
from domain.identifiers import System
from domain.records import ChangeRecord, Waited
from tests.support.clock import Clock
from tests.support.records import accepted_change

Sessions = async_sessionmaker[AsyncSession]
SLOW = VendorThrottledError(System.BILLING, "429", retry_after=60, http_status=429)
AWAY = VendorUnavailableError(System.BILLING, "503", http_status=503)


async def told(
    records: PostgresRecords, error: VendorError | None, caller: str = "chg_1"
) -> Waited | None:
    async with records.begin() as record:
        return await record.report_call(System.BILLING, caller, error)


async def passing(records: PostgresRecords, caller: str) -> Waited | None:
    async with records.begin() as record:
        return await record.pass_gate(System.BILLING, caller)


async def time_is_up(sessions: Sessions) -> None:
    """The time the vendor named has passed, by the database's clock."""
    async with sessions.begin() as session:
        await session.execute(
            update(VendorGateRow).values(closed_until=text("now() - interval '1 second'"))
        )


async def loaded(records: PostgresRecords, change_id: str) -> ChangeRecord:
    async with records.begin() as record:
        return await record.load(change_id)


async def test_a_closed_gate_comes_with_every_change_that_is_loaded(
    sessions: Sessions, clock: Clock
) -> None:
    records, change = PostgresRecords(sessions, clock), await accepted_change(sessions)
    assert (await loaded(records, change.id)).traffic.is_free(System.BILLING)

    wait = await told(records, SLOW)

    assert wait is not None
    assert timedelta(seconds=59) < wait.left <= timedelta(seconds=60)
    traffic = (await loaded(records, change.id)).traffic
    assert traffic.gates[System.BILLING].cause is FailureCode.THROTTLED
    assert traffic.gates[System.BILLING].closed_until == wait.until
    assert not traffic.is_free(System.BILLING)
    assert traffic.is_free(System.CRM)


async def test_of_many_that_come_when_the_time_is_up_one_probes(
    sessions: Sessions, clock: Clock
) -> None:
    records = PostgresRecords(sessions, clock)
    await told(records, SLOW)
    await time_is_up(sessions)
    callers = [f"chg_{number}" for number in range(30)]

    waits = await asyncio.gather(*(passing(records, caller) for caller in callers))

    assert sum(wait is None for wait in waits) == 1
    prober = callers[waits.index(None)]
    assert await passing(records, prober) is None  # its own probe, found again after a crash
    await told(records, None, prober)
    waits = await asyncio.gather(*(passing(records, caller) for caller in callers))
    assert sum(wait is None for wait in waits) in {2, 6}  # two at first, four more a second later


async def test_a_success_after_failures_makes_the_gate_forget_them(
    sessions: Sessions, clock: Clock
) -> None:
    records, change = PostgresRecords(sessions, clock), await accepted_change(sessions)
    for _ in range(4):
        assert await told(records, AWAY) is None
    assert (await loaded(records, change.id)).traffic.gates[System.BILLING].failures == 4

    await told(records, None)

    assert (await loaded(records, change.id)).traffic.gates == {}
    for _ in range(4):
        assert await told(records, AWAY) is None
    assert await told(records, AWAY) is not None


async def test_failures_reported_at_once_are_all_counted(sessions: Sessions, clock: Clock) -> None:
    records = PostgresRecords(sessions, clock)

    waits = await asyncio.gather(*(told(records, AWAY) for _ in range(5)))

    assert sum(wait is not None for wait in waits) == 1


async def test_a_change_shows_each_of_those_it_waits_for_once(
    sessions: Sessions, clock: Clock
) -> None:
    records, change = PostgresRecords(sessions, clock), await accepted_change(sessions)
    async with records.begin() as record:
        await record.show_waiting(change.id, "billing", "first", "Nothing to do.")
        await record.show_waiting(change.id, "billing", "second", "Nothing to do.")
        await record.show_waiting(change.id, "olga", "To resume crm.", "Paused.", "crm")

    waiting = await loaded(records, change.id)
    assert waiting.waits_on == {"billing", "crm"}
    async with records.begin() as record:
        await record.show_no_waiting(change.id, System.BILLING)
    assert (await loaded(records, change.id)).waits_on == {"crm"}


async def test_only_pauses_that_concern_the_change_come_with_it(
    sessions: Sessions, clock: Clock
) -> None:
    records, change = PostgresRecords(sessions, clock), await accepted_change(sessions)
    async with sessions.begin() as session:
        for scope in ("chg_other", "crm", change.id):
            await pause(session, scope, actor="olga", reason="R.", correlation_id="c", at=clock())

    traffic = (await loaded(records, change.id)).traffic

    assert {each.scope for each in traffic.pauses} == {"crm", change.id}
    stops_billing, stops_crm = traffic.pause_of(System.BILLING), traffic.pause_of(System.CRM)
    assert stops_billing is not None
    assert (stops_billing.scope, stops_billing.actor) == (change.id, "olga")
    assert stops_crm is not None
