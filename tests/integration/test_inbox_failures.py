"""Events that cannot be processed, and those that nobody tries: postponed, parked, found."""

from typing import Any

from sqlalchemy import text, update

from adapters.postgres.inbox_processing import MOST_ATTEMPTS
from adapters.postgres.tables_inbox import InboxRow
from domain.identifiers import System
from domain.service_change import ChangeStatus
from tests.support.clock import Clock
from tests.support.inbox import Sessions, change_that_is, events, told, woken
from tests.support.webhooks import arrive, standing_changed
from worker.inbox import sweep_inbox, work_off


async def refuse_waking(sessions: Sessions, *, refused: bool) -> None:
    """The database refuses every waking, or takes them again."""
    async with sessions.begin() as session:
        await session.execute(text("DROP TRIGGER IF EXISTS refused ON outbox"))
        if refused:
            await session.execute(
                text(
                    "CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
                    "$$ BEGIN RAISE EXCEPTION 'no waking today'; END $$"
                )
            )
            await session.execute(
                text(
                    "CREATE TRIGGER refused BEFORE INSERT ON outbox "
                    "FOR EACH ROW WHEN (NEW.topic = 'look_again') EXECUTE FUNCTION refuse()"
                )
            )


async def pauses(sessions: Sessions) -> list[tuple[int, float]]:
    """Attempts of each queued event and seconds to its next, by the database's clock."""
    async with sessions() as session:
        rows = await session.execute(
            text(
                "SELECT attempts, extract(epoch FROM available_at - now()) FROM inbox "
                "WHERE state = 'queued' ORDER BY event_id"
            )
        )
        return [(attempts, float(seconds)) for attempts, seconds in rows]


async def make_due(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        await session.execute(text("UPDATE inbox SET available_at = now()"))


async def test_an_event_that_fails_is_tried_again_later_and_holds_up_no_other(
    sessions: Sessions, clock: Clock
) -> None:
    change = await change_that_is(sessions, ChangeStatus.INCOMPLETE)
    failing = await arrive(sessions, System.BILLING, standing_changed())
    healthy = await arrive(sessions, System.BILLING, standing_changed("0000-NOONE"))
    await refuse_waking(sessions, refused=True)

    assert await work_off(sessions, clock) == 2
    rows = await events(sessions)
    assert rows[healthy].state == "processed"
    assert rows[failing].state == "queued"
    assert "no waking today" in (rows[failing].last_error or "")
    assert await told(sessions, change) == []
    ((attempts, first),) = await pauses(sessions)
    assert (attempts, 0 < first <= 1) == (1, True)

    await make_due(sessions)
    await work_off(sessions, clock)
    ((attempts, second),) = await pauses(sessions)
    assert (attempts, 1 < second <= 2) == (2, True)

    await refuse_waking(sessions, refused=False)
    await make_due(sessions)
    await work_off(sessions, clock)
    row = (await events(sessions))[failing]
    assert (row.state, row.last_error) == ("processed", None)
    assert await woken(sessions) == [change]


async def test_an_event_that_fails_too_often_waits_for_a_person(
    sessions: Sessions, clock: Clock
) -> None:
    await change_that_is(sessions, ChangeStatus.INCOMPLETE)
    event_id = await arrive(sessions, System.BILLING, standing_changed())
    await refuse_waking(sessions, refused=True)

    for _ in range(MOST_ATTEMPTS):
        await make_due(sessions)
        await work_off(sessions, clock)
    await make_due(sessions)

    assert await work_off(sessions, clock) == 0
    row = (await events(sessions))[event_id]
    assert (row.state, row.attempts) == ("failed", MOST_ATTEMPTS)
    assert "no waking today" in (row.last_error or "")
    assert str(MOST_ATTEMPTS) in row.outcome


async def test_the_sweeper_finds_what_nobody_tries_and_leaves_what_is_being_retried(
    sessions: Sessions, clock: Clock
) -> None:
    forgotten, jumped, retried, fresh = [
        await arrive(sessions, System.BILLING, standing_changed("0000-NOONE")) for _ in range(4)
    ]
    old = {"queued_at": text("now() - interval '1 hour'")}
    values: dict[str, dict[str, Any]] = {
        forgotten: {**old, "available_at": text("now() + interval '1 hour'")},
        jumped: {**old, "attempts": 3, "available_at": text("now() + interval '1 hour'")},
        retried: {**old, "attempts": 3, "available_at": text("now() + interval '30 seconds'")},
        fresh: {"available_at": text("now() + interval '1 hour'")},
    }
    async with sessions.begin() as session:
        for event_id, changed in values.items():
            await session.execute(
                update(InboxRow).where(InboxRow.event_id == event_id).values(**changed)
            )

    assert await work_off(sessions, clock) == 0
    assert sorted(await sweep_inbox(sessions)) == sorted([forgotten, jumped])
    await work_off(sessions, clock)

    rows = await events(sessions)
    states = {name: rows[name].state for name in (forgotten, jumped, retried, fresh)}
    assert states == {
        forgotten: "processed",
        jumped: "processed",
        retried: "queued",
        fresh: "queued",
    }
    assert await sweep_inbox(sessions) == []
