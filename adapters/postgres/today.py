"""The day at a glance. Every statement reads a stretch of an index, never all changes."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import Select, case, exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from adapters.postgres import mapping
from adapters.postgres.assignments import list_assignments, waits_for_a_time
from adapters.postgres.desk_trend import overdue_now
from adapters.postgres.tables import ServiceChangeRow
from adapters.postgres.tables_desk import DeadLetterRow, DecisionRow
from adapters.postgres.tables_people import AssignmentRow
from domain.contracts import ServiceChangeSummary
from domain.contracts_assignments import AssignmentView
from domain.contracts_today import BrokenCauseView, HourView, OverdueView, WaitsForMeView
from domain.decisions import DecisionState
from domain.errors import FailureCode
from domain.failure_policy import cause_of
from domain.identifiers import System
from domain.permissions import ACTION_RULES, SECOND_PERSONS
from domain.service_change import FINAL, OPEN, Action, ChangeStatus, Role

_C = ServiceChangeRow
_D = DeadLetterRow
DAYS_BEFORE: Final = 7
"""What is usual is the average of so many days: weekdays and the weekend count alike."""

OLDEST_SHOWN: Final = 10
ASSIGNED_SHOWN: Final = 20
CAUSES_SHOWN: Final = 20
_QUARTER: Final = timedelta(minutes=15)
"""Every time zone's hours begin at one of these, so counting by them serves all zones."""

_ORIGIN: Final = datetime(2000, 1, 1, tzinfo=UTC)
_SLOTS: Final = ("submitted", "active", "ended_otherwise")


@dataclass(frozen=True, slots=True)
class Looker:
    """Who looks, and whose changes they see: None for everybody's."""

    name: str
    role: Role
    sees_only: str | None


@dataclass(frozen=True, slots=True)
class Day:
    """One day in one zone, up to now."""

    now: datetime
    zone: ZoneInfo

    @property
    def date(self) -> date:
        """The day."""
        return self.now.astimezone(self.zone).date()

    def midnight(self, days_before: int = 0) -> datetime:
        """When the day began, or one before it; in UTC."""
        day = self.date - timedelta(days=days_before)
        return datetime.combine(day, time(), self.zone).astimezone(UTC)

    @property
    def hours(self) -> list[datetime]:
        """When each hour of the day begins, in UTC: 24 of them, or 23 or 25 at a clock change."""
        begin, end = self.midnight(), self.midnight(-1)
        return [begin + timedelta(hours=n) for n in range((end - begin) // timedelta(hours=1))]


_Statement = TypeVar("_Statement", bound=Select[*tuple[Any, ...]])


def _own(statement: _Statement, looker: Looker) -> _Statement:
    if looker.sees_only is None:
        return statement
    return statement.where(_C.submitted_by == looker.sees_only)


async def waits_for(session: AsyncSession, looker: Looker, now: datetime) -> WaitsForMeView:
    """What waits for this person to decide."""
    rule = ACTION_RULES[Action.APPROVE]
    approvals: int | None = None
    second: int | None = None
    if looker.role in rule.roles:
        mine = select(func.count()).where(
            _C.ended_at.is_(None), _C.status.in_(rule.statuses), _C.submitted_by != looker.name
        )
        approvals = await session.scalar(mine)
    if looker.role in SECOND_PERSONS:
        second = await session.scalar(
            select(func.count()).where(
                DecisionRow.state == DecisionState.PROPOSED,
                DecisionRow.expires_at > now,
                DecisionRow.actor != looker.name,
            )
        )
    return WaitsForMeView(
        approvals=approvals,
        second_approvals=second,
        assigned=await _assigned(session, looker, now) if looker.sees_only is None else None,
    )


async def _assigned(session: AsyncSession, looker: Looker, now: datetime) -> int:
    mine = select(func.count()).where(AssignmentRow.assignee == looker.name, ~waits_for_a_time(now))
    return await session.scalar(mine) or 0


async def overdue(session: AsyncSession, looker: Looker, now: datetime) -> OverdueView:
    """How much is past its time."""
    late = select(func.count()).where(_C.ended_at.is_(None), _C.due_at < now)
    letters: int | None = None
    if looker.sees_only is None:
        letters = await overdue_now(session, now)
    return OverdueView(changes=await session.scalar(_own(late, looker)) or 0, dead_letters=letters)


async def late_open(
    session: AsyncSession, looker: Looker, now: datetime
) -> list[ServiceChangeSummary]:
    """The open changes that are past their time, the longest first."""
    statement = (
        select(_C)
        .where(_C.ended_at.is_(None), _C.due_at < now)
        .order_by(_C.due_at, _C.id)
        .limit(OLDEST_SHOWN)
    )
    return await _summaries(session, _own(statement, looker))


async def _summaries(
    session: AsyncSession, statement: Select[ServiceChangeRow]
) -> list[ServiceChangeSummary]:
    rows = await session.scalars(statement)
    return [ServiceChangeSummary(**mapping.summary_fields(row)) for row in rows]


async def assigned_to(session: AsyncSession, looker: Looker, now: datetime) -> list[AssignmentView]:
    """What this person has taken and nobody put off, the longest standing first."""
    page = await list_assignments(
        session, now, assignee=looker.name, put_off=False, limit=ASSIGNED_SHOWN
    )
    return page.items


async def open_by_status(session: AsyncSession, looker: Looker) -> dict[ChangeStatus, int]:
    """How many changes have not ended, by status; every such status is there."""
    statement = select(_C.status, func.count()).where(_C.ended_at.is_(None)).group_by(_C.status)
    found: dict[str, int] = dict((await session.execute(_own(statement, looker))).all())
    return {status: found.get(status, 0) for status in ChangeStatus if status in OPEN}


async def ended_by_status(
    session: AsyncSession, looker: Looker, since: datetime
) -> dict[ChangeStatus, int]:
    """How many changes ended since then, by how; every such status is there."""
    statement = select(_C.status, func.count()).where(_C.ended_at >= since).group_by(_C.status)
    found: dict[str, int] = dict((await session.execute(_own(statement, looker))).all())
    return {status: found.get(status, 0) for status in ChangeStatus if status in FINAL}


async def oldest_open(session: AsyncSession, looker: Looker) -> list[ServiceChangeSummary]:
    """The open changes submitted longest ago."""
    statement = (
        select(_C).where(_C.ended_at.is_(None)).order_by(_C.submitted_at, _C.id).limit(OLDEST_SHOWN)
    )
    return await _summaries(session, _own(statement, looker))


async def broken_since(session: AsyncSession, since: datetime) -> list[BrokenCauseView]:
    """Causes for which changes came to a standstill since then; what stands still yet first."""
    before = aliased(_D)
    known = (
        exists()
        .where(before.fingerprint == _D.fingerprint, before.opened_at < since)
        .label("known")
    )
    still_open = func.count(case((_D.closed_at.is_(None), 1)))
    count = func.count()
    statement = (
        select(
            _D.fingerprint,
            _D.system,
            _D.step,
            _D.code,
            count.label("count"),
            still_open.label("still_open"),
            func.min(_D.opened_at).label("first_at"),
            func.max(_D.opened_at).label("last_at"),
            known,
        )
        .where(_D.opened_at >= since)
        .group_by(_D.fingerprint, _D.system, _D.step, _D.code)
        .order_by(still_open.desc(), count.desc(), _D.fingerprint)
        .limit(CAUSES_SHOWN)
    )
    return [
        BrokenCauseView(
            fingerprint=row.fingerprint,
            system=System(row.system),
            step=row.step,
            code=FailureCode(row.code),
            cause=cause_of(FailureCode(row.code), row.step, System(row.system)),
            count=row.count,
            still_open=row.still_open,
            first_at=row.first_at,
            last_at=row.last_at,
            known=row.known,
        )
        for row in await session.execute(statement)
    ]


async def throughput(session: AsyncSession, looker: Looker, day: Day) -> tuple[list[HourView], int]:
    """Every hour of the day beside the average of the same hour of the days before.

    The second value says of how many days the averages are: those the record has in full.
    """
    counted = await _by_quarter(session, looker, day.midnight(DAYS_BEFORE), day.now)
    first = await session.scalar(
        _own(select(_C.submitted_at).order_by(_C.submitted_at, _C.id).limit(1), looker)
    )
    days = _days_on_record(first, day)
    usual: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    today: dict[datetime, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    hours = day.hours
    earliest = day.midnight(days)
    for (slot, quarter), count in counted.items():
        if quarter >= hours[0]:
            today[hours[(quarter - hours[0]) // timedelta(hours=1)]][slot] += count
        elif quarter >= earliest:
            usual[quarter.astimezone(day.zone).hour][slot] += count
    return [_hour(begin, today[begin], usual, days, day.zone) for begin in hours], days


def _days_on_record(first: datetime | None, day: Day) -> int:
    if first is None:
        return 0
    return min(DAYS_BEFORE, max(0, (day.date - first.astimezone(day.zone).date()).days))


async def _by_quarter(
    session: AsyncSession, looker: Looker, since: datetime, until: datetime
) -> Mapping[tuple[str, datetime], int]:
    found: dict[tuple[str, datetime], int] = defaultdict(int)
    submitted = select(
        func.date_bin(_QUARTER, _C.submitted_at, _ORIGIN).label("quarter"),
    ).where(_C.submitted_at >= since, _C.submitted_at < until)
    for quarter, count in await session.execute(_counted(_own(submitted, looker), ["quarter"])):
        found["submitted", quarter] += count
    ended = select(
        func.date_bin(_QUARTER, _C.ended_at, _ORIGIN).label("quarter"),
        (_C.status == ChangeStatus.ACTIVE).label("active"),
    ).where(_C.ended_at >= since, _C.ended_at < until)
    for quarter, active, count in await session.execute(
        _counted(_own(ended, looker), ["quarter", "active"])
    ):
        found["active" if active else "ended_otherwise", quarter] += count
    return found


def _counted(rows: Select[Any], by: Sequence[str]) -> Select[Any]:
    """The rows counted by columns of theirs."""
    inner = rows.subquery()
    columns = [inner.c[name] for name in by]
    return select(*columns, func.count()).group_by(*columns)


def _hour(
    begin: datetime,
    counted: Mapping[str, int],
    usual: Mapping[int, Mapping[str, int]],
    days: int,
    zone: ZoneInfo,
) -> HourView:
    sums = usual[begin.astimezone(zone).hour]
    averages = {f"usual_{slot}": round(sums[slot] / days, 2) if days else None for slot in _SLOTS}
    return HourView.model_validate(
        {"begin": begin, **{slot: counted[slot] for slot in _SLOTS}, **averages}
    )
