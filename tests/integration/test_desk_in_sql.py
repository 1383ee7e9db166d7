"""The desk as PostgreSQL counts it: trends against a set made by hand, due times, order."""

import itertools
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import psycopg
from alembic import command
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from adapters.postgres.assignments import assign
from adapters.postgres.desk_causes import WorkFilter, dead_letter_groups
from adapters.postgres.desk_reading import DeadLetterFilter
from adapters.postgres.desk_trend import desk_trend
from adapters.postgres.migrate import alembic_config
from adapters.postgres.tables_operations import PauseRow, VendorGateRow
from domain.assignments import Subject, SubjectKind
from domain.desk import CauseState, due_at
from domain.errors import FailureCode
from domain.failure_policy import owner_of
from domain.identifiers import System
from domain.trend import TrendUnit, starts
from tests.support.dead_letters import stands_still
from tests.support.records import accepted_change

Sessions = async_sessionmaker[AsyncSession]
NOW = datetime(2026, 11, 2, 12, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
EVERYTHING = DeadLetterFilter()


async def causes(sessions: Sessions, **how: object) -> list[str]:
    async with sessions() as session:
        work = WorkFilter(**how)  # type: ignore[arg-type]
        page = await dead_letter_groups(session, EVERYTHING, NOW, work=work, cursor=None, limit=50)
    return [group.fingerprint for group in page.items]


async def test_a_trend_counts_what_came_what_went_and_what_stood(sessions: Sessions) -> None:
    hour = NOW.replace(minute=0)
    await stands_still(sessions, hour - 30 * HOUR)  # stood all the time
    await stands_still(sessions, hour - 2 * HOUR)  # at the very beginning of a stretch
    await stands_still(sessions, hour - HOUR - timedelta(microseconds=1))  # at its very end
    await stands_still(sessions, hour - 40 * HOUR, closed_at=hour - HOUR)
    await stands_still(sessions, hour - HOUR, closed_at=hour + HOUR / 4, fingerprint="beef")
    await stands_still(sessions, hour - 40 * HOUR, closed_at=hour - 20 * HOUR)  # before it all

    async with sessions() as session:
        begins = starts(TrendUnit.HOUR, 3, NOW, UTC)
        total, (beef, none) = await desk_trend(session, begins, ["beef", "cafe"])

    assert total.opened == [2, 1, 0]
    assert total.closed == [0, 1, 1]
    assert total.standing == [4, 4, 3]
    assert (beef.opened, beef.closed, beef.standing) == ([0, 1, 0], [0, 0, 1], [0, 1, 0])
    assert (none.fingerprint, none.standing) == ("cafe", [0, 0, 0])


async def test_a_day_of_a_trend_ends_at_the_readers_midnight(sessions: Sessions) -> None:
    late = datetime(2026, 11, 1, 23, 30, tzinfo=UTC)  # half past midnight in Berlin
    await stands_still(sessions, late)

    async with sessions() as session:
        here, _ = await desk_trend(
            session, starts(TrendUnit.DAY, 2, NOW, ZoneInfo("Europe/Berlin")), []
        )
        there, _ = await desk_trend(session, starts(TrendUnit.DAY, 2, NOW, UTC), [])

    assert (here.opened, there.opened) == ([0, 1], [1, 0])
    assert (here.standing, there.standing) == ([0, 1], [1, 1])


async def test_what_is_overdue_longest_comes_first_then_what_is_due_next(
    sessions: Sessions,
) -> None:
    await stands_still(sessions, NOW - 23 * HOUR, fingerprint="due in an hour")
    await stands_still(sessions, NOW - 30 * HOUR, fingerprint="overdue by six")
    await stands_still(
        sessions, NOW - 2 * HOUR, code=FailureCode.CREDENTIAL, fingerprint="overdue by one"
    )
    await stands_still(
        sessions, NOW - HOUR / 2, code=FailureCode.CREDENTIAL, fingerprint="due in half an hour"
    )

    assert await causes(sessions) == [
        "overdue by six",
        "overdue by one",
        "due in half an hour",
        "due in an hour",
    ]


async def test_a_cause_is_due_when_its_first_is_and_counts_its_late_ones(
    sessions: Sessions,
) -> None:
    first = await stands_still(sessions, NOW - 30 * HOUR)
    await stands_still(sessions, NOW - 25 * HOUR)
    await stands_still(sessions, NOW - HOUR)

    async with sessions() as session:
        page = await dead_letter_groups(session, EVERYTHING, NOW, cursor=None, limit=50)

    (group,) = page.items
    assert (group.due_at, group.overdue, group.count) == (first.due_at, 2, 3)
    assert group.state is CauseState.OPEN


async def test_causes_come_page_by_page_in_their_order(sessions: Sessions) -> None:
    for number in range(3):
        await stands_still(sessions, NOW - number * HOUR, fingerprint=f"cause {number}")

    async with sessions() as session:
        first = await dead_letter_groups(session, EVERYTHING, NOW, cursor=None, limit=2)
        rest = await dead_letter_groups(session, EVERYTHING, NOW, cursor=first.next_cursor, limit=2)

    found = [group.fingerprint for page in (first, rest) for group in page.items]
    assert found == ["cause 2", "cause 1", "cause 0"]
    assert rest.next_cursor is None


async def test_a_cause_put_off_comes_back_when_it_recurs(sessions: Sessions) -> None:
    await stands_still(sessions, NOW - 2 * HOUR, fingerprint="later")
    await stands_still(sessions, NOW - 2 * HOUR, fingerprint="mine")
    await stands_still(sessions, NOW - 2 * HOUR, fingerprint="nobodys")
    await _assign(sessions, "later", None, NOW + 4 * HOUR)
    await _assign(sessions, "mine", "olga", None)

    assert await causes(sessions, put_off=True) == ["later"]
    assert await causes(sessions, put_off=False) == ["mine", "nobodys"]
    assert await causes(sessions, assignee="olga") == ["mine"]
    assert await causes(sessions, unassigned=True, put_off=False) == ["nobodys"]

    await stands_still(sessions, NOW, fingerprint="later")

    assert await causes(sessions, put_off=True) == []
    assert await causes(sessions, put_off=False) == ["later", "mine", "nobodys"]


async def _assign(
    sessions: Sessions, cause: str, assignee: str | None, follow_up_at: datetime | None
) -> None:
    async with sessions.begin() as session:
        await assign(
            session,
            Subject(SubjectKind.CAUSE, cause),
            assignee=assignee,
            follow_up_at=follow_up_at,
            reason="As agreed.",
            actor="olga",
            correlation_id="corr-1",
            at=NOW - HOUR,
        )


async def test_a_cause_names_the_pause_and_the_gate_that_hold_it(sessions: Sessions) -> None:
    await stands_still(sessions, NOW, fingerprint="at billing")
    await stands_still(sessions, NOW, fingerprint="at the crm", system=System.CRM)
    async with sessions.begin() as session:
        session.add(PauseRow(scope="crm", actor="olga", reason="They migrate.", at=NOW))
        later = datetime.now(UTC) + HOUR
        throttled = {"closed_until": later, "cause": FailureCode.THROTTLED, "updated_at": NOW}
        session.add(
            VendorGateRow(system="billing", admitted=0, failures=0, closures=1, **throttled)
        )

    async with sessions() as session:
        page = await dead_letter_groups(session, EVERYTHING, NOW, cursor=None, limit=50)

    held = {group.fingerprint: group.holds for group in page.items}
    (gate_hold,) = held["at billing"]
    (pause,) = held["at the crm"]
    assert (gate_hold.kind, gate_hold.reason) == ("gate", "billing takes no more requests")
    assert (pause.kind, pause.by, pause.reason) == ("pause", "olga", "They migrate.")


async def test_what_stood_still_before_has_the_due_time_of_its_cause(
    database_url: str, sessions: Sessions
) -> None:
    change = await accepted_change(sessions)
    wanted = {}
    for code, system in itertools.product(FailureCode, System):
        row = await stands_still(sessions, NOW, change_id=change.id, code=code, system=system)
        wanted[row.id] = due_at(code, owner_of(code, row.step, system), NOW)
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("UPDATE dead_letters SET due_at = 'infinity'")

    command.downgrade(alembic_config(database_url), "0009")
    command.upgrade(alembic_config(database_url), "0010")

    with psycopg.connect(database_url) as connection:
        found = connection.execute("SELECT id, due_at FROM dead_letters").fetchall()
    assert dict(found) == wanted
