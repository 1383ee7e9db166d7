"""What becomes of queued events, on the real database: processed, stale, quarantined."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, event, select
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.inbox_processing import process_next
from adapters.postgres.tables import ServiceChangeRow, TicketRow
from adapters.postgres.tables_inbox import InboxChangeRow, ObjectVersionRow
from domain.identifiers import System
from domain.service_change import ChangeStatus
from tests.support.clock import START, Clock
from tests.support.inbox import Sessions, change_that_is, events, told, woken
from tests.support.webhooks import arrive, line_event, standing_changed, ticket_event
from worker.inbox import work_off

TICKET = "T-100001"


class BrokenError(Exception):
    """The process was killed here."""


@contextmanager
def killed_at(engine: AsyncEngine, statement: str) -> Iterator[None]:
    """Break before the first statement that begins like this is sent."""

    def before(_: Connection, __: Any, sent: str, *___: Any) -> None:  # noqa: ANN401 - the event's own
        if sent.startswith(statement):
            raise BrokenError

    event.listen(engine.sync_engine, "before_cursor_execute", before)
    try:
        yield
    finally:
        event.remove(engine.sync_engine, "before_cursor_execute", before)


async def ticket_row(sessions: Sessions, change_id: str) -> TicketRow:
    async with sessions() as session:
        return await session.get_one(TicketRow, (change_id, TICKET))


async def test_a_processed_event_says_what_came_of_it_and_whom_it_concerned(
    sessions: Sessions, clock: Clock
) -> None:
    waits = await change_that_is(sessions, ChangeStatus.INCOMPLETE)
    await change_that_is(sessions, ChangeStatus.AWAITING_APPROVAL)
    event_id = await arrive(sessions, System.BILLING, standing_changed())

    assert await work_off(sessions, clock) == 1
    assert await work_off(sessions, clock) == 0

    row = (await events(sessions))[event_id]
    assert (row.state, row.outcome) == ("processed", f"{waits} looks again.")
    assert row.processed_at is not None
    assert await woken(sessions) == [waits]
    (entry,) = await told(sessions, waits)
    assert (entry.actor, entry.actor_kind) == ("billing", "webhook")
    assert entry.reason == f"Event {event_id}. The checks look again."
    async with sessions() as session:
        links = list(await session.scalars(select(InboxChangeRow)))
    assert [(link.event_id, link.change_id) for link in links] == [(event_id, waits)]


async def test_an_event_that_concerns_nobody_is_processed_all_the_same(
    sessions: Sessions, clock: Clock
) -> None:
    await arrive(sessions, System.BILLING, standing_changed("0000-NOONE"))

    await work_off(sessions, clock)

    (row,) = (await events(sessions)).values()
    assert (row.state, row.outcome) == ("processed", "No change of ours is concerned.")


async def test_a_version_that_is_not_newer_is_stale_and_changes_nothing(
    sessions: Sessions, clock: Clock
) -> None:
    change = await change_that_is(sessions, ChangeStatus.INCOMPLETE, ticket=TICKET)
    ids = []
    for version in (4, 3, 4, 5):
        body = ticket_event("ticket.answered", version=version)
        ids.append(await arrive(sessions, System.TICKETING, body))
        await work_off(sessions, clock)

    rows = await events(sessions)
    assert [rows[each].state for each in ids] == ["processed", "stale", "stale", "processed"]
    assert rows[ids[1]].outcome == f"Version 3 of {TICKET} came after version 4."
    assert await woken(sessions) == [change, change]
    assert len(await told(sessions, change)) == 4
    async with sessions() as session:
        seen = await session.get_one(ObjectVersionRow, ("ticketing", TICKET))
    assert (seen.version, seen.event_id) == (5, ids[3])


async def test_a_ticket_closed_by_somebody_else_is_closed_here_and_wakes_its_change(
    sessions: Sessions, clock: Clock
) -> None:
    change = await change_that_is(sessions, ChangeStatus.INCOMPLETE, ticket=TICKET)
    other = await change_that_is(sessions, ChangeStatus.INCOMPLETE)

    await arrive(sessions, System.TICKETING, ticket_event("ticket.closed", version=2))
    await work_off(sessions, clock)
    # Older, and come later: the ticket stays closed.
    await arrive(sessions, System.TICKETING, ticket_event("ticket.answered", version=1))
    await work_off(sessions, clock)

    row = await ticket_row(sessions, change)
    assert (row.status, row.closed_at) == ("closed", START)
    assert await woken(sessions) == [change]
    assert await told(sessions, other) == []


async def test_an_event_that_overtakes_our_record_of_the_ticket_finds_its_change_by_our_key(
    sessions: Sessions, clock: Clock
) -> None:
    change = await change_that_is(sessions, ChangeStatus.CHECKING)
    answered = ticket_event("ticket.answered", key=f"{change}:open_ticket:1:1")

    await arrive(sessions, System.TICKETING, answered)
    await work_off(sessions, clock)

    assert await woken(sessions) == [change]


async def test_an_event_three_months_late_is_on_record_and_the_ended_change_stays_as_it_is(
    sessions: Sessions, clock: Clock
) -> None:
    ended = await change_that_is(sessions, ChangeStatus.ACTIVE, ticket=TICKET, ended=True)
    clock.advance(timedelta(days=90))
    happened = START + timedelta(hours=1)

    of_account = await arrive(sessions, System.BILLING, standing_changed(at=happened), at=clock())
    of_ticket = await arrive(
        sessions, System.TICKETING, ticket_event("ticket.answered", at=happened), at=clock()
    )
    await work_off(sessions, clock)

    rows = await events(sessions)
    assert {rows[each].state for each in (of_account, of_ticket)} == {"processed"}
    assert rows[of_account].occurred_at == happened
    entries = await told(sessions, ended)
    assert len(entries) == 2
    assert all("after the change had ended, which stays active" in e.reason for e in entries)
    assert await woken(sessions) == []
    async with sessions() as session:
        assert (await session.get_one(ServiceChangeRow, ended)).status == "active"


async def test_an_event_after_a_change_ended_is_none_of_its_business(
    sessions: Sessions, clock: Clock
) -> None:
    ended = await change_that_is(sessions, ChangeStatus.ACTIVE, ended=True)

    await arrive(sessions, System.BILLING, standing_changed(at=START + timedelta(days=2)))
    await work_off(sessions, clock)

    assert await told(sessions, ended) == []


async def test_what_we_did_ourselves_comes_back_as_a_note_on_the_change(
    sessions: Sessions, clock: Clock
) -> None:
    change = await change_that_is(sessions, ChangeStatus.APPLYING)
    echo = line_event("invoice.line_posted", "7590-VHVEG", f"{change}:post_billing_change:1:1")

    await arrive(sessions, System.BILLING, echo)
    await work_off(sessions, clock)

    (entry,) = await told(sessions, change)
    assert "Nothing waits for it." in entry.reason
    assert await woken(sessions) == []


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        (
            {"type": "invoice.eaten", "data": {}},
            "of the type invoice.eaten from billing are not known here",
        ),
        ({"type": "account.standing_changed"}, "data.account cannot be read."),
        (b"\x00\xff", "The body is no JSON object."),
    ],
)
async def test_what_is_not_understood_is_kept_apart_with_its_body(
    sessions: Sessions, clock: Clock, body: Mapping[str, Any] | bytes, outcome: str
) -> None:
    event_id = await arrive(sessions, System.BILLING, body)

    await work_off(sessions, clock)

    row = (await events(sessions))[event_id]
    assert row.state == "quarantined"
    assert outcome in row.outcome
    assert row.body


async def test_processors_side_by_side_take_each_event_once(
    sessions: Sessions, clock: Clock
) -> None:
    change = await change_that_is(sessions, ChangeStatus.INCOMPLETE)
    ids = [await arrive(sessions, System.BILLING, standing_changed()) for _ in range(12)]

    taken = await asyncio.gather(*(work_off(sessions, clock) for _ in range(4)))

    assert sum(taken) == len(ids)
    assert await woken(sessions) == [change] * len(ids)


async def test_a_processor_killed_half_way_leaves_the_event_queued_and_nothing_half_done(
    sessions: Sessions, clock: Clock
) -> None:
    change = await change_that_is(sessions, ChangeStatus.INCOMPLETE, ticket=TICKET)
    event_id = await arrive(sessions, System.TICKETING, ticket_event("ticket.closed"))
    engine: AsyncEngine = sessions.kw["bind"]

    # Even the note that it failed does not get out.
    with pytest.raises(BrokenError), killed_at(engine, "UPDATE"):
        await process_next(sessions, clock)

    assert (await events(sessions))[event_id].state == "queued"
    assert (await ticket_row(sessions, change)).status == "open"
    assert await woken(sessions) == []
    await work_off(sessions, clock)
    assert (await events(sessions))[event_id].state == "processed"
    assert (await ticket_row(sessions, change)).status == "closed"
    assert await woken(sessions) == [change]
