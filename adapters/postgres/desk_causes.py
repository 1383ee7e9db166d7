"""The desk by cause: what stands still for each, by when it has to move, and whose work it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Subquery, Text, and_, case, func, select, tuple_
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncSession

from adapters.postgres.assignments import assignment_view
from adapters.postgres.desk_reading import DeadLetterFilter
from adapters.postgres.holds import holds_of_systems
from adapters.postgres.reading import encode_cursor, timed_place
from adapters.postgres.tables_desk import DeadLetterRow, ReplayRow
from adapters.postgres.tables_people import AssignmentRow
from domain.assignments import Subject, SubjectKind
from domain.contracts import Page
from domain.contracts_desk import DeadLetterGroupView, HoldView
from domain.desk import state_of
from domain.errors import FailureCode
from domain.failure_policy import cause_of
from domain.identifiers import System

SHOWN_CHANGES = 20
"""Changes named with a cause; the list behind it names all."""

_A = AssignmentRow


@dataclass(frozen=True, slots=True)
class WorkFilter:
    """Whose causes; what is None does not narrow it."""

    assignee: str | None = None
    unassigned: bool = False
    put_off: bool | None = None


async def dead_letter_groups(
    session: AsyncSession,
    wanted: DeadLetterFilter,
    now: datetime,
    *,
    work: WorkFilter = WorkFilter(),
    cursor: str | None,
    limit: int,
) -> Page[DeadLetterGroupView]:
    """Causes with how much stands still for each: what is overdue longest first, then due next."""
    groups = _groups(wanted, now)
    columns = groups.c
    subject = str(Subject(SubjectKind.CAUSE, ""))
    put_off = func.coalesce(and_(_A.follow_up_at > now, columns.latest <= _A.set_at), False)
    statement = (
        select(groups, _A)
        .outerjoin(_A, _A.subject == subject + columns.fingerprint)
        .order_by(columns.due_at, columns.fingerprint)
        .limit(limit + 1)
    )
    if work.assignee is not None:
        statement = statement.where(_A.assignee == work.assignee)
    if work.unassigned:
        statement = statement.where(_A.assignee.is_(None))
    if work.put_off is not None:
        statement = statement.where(put_off.is_(work.put_off))
    if cursor:
        statement = statement.where(
            tuple_(columns.due_at, columns.fingerprint) > timed_place(cursor)
        )
    rows = list(await session.execute(statement))
    more, rows = len(rows) > limit, rows[:limit]
    holds = await holds_of_systems(session)
    replays = await _replays_under_way(session, [row.fingerprint for row in rows])
    return Page(
        items=[
            _view(row, now, holds.get(System(row.system), []), replays.get(row.fingerprint))
            for row in rows
        ],
        next_cursor=encode_cursor(rows[-1].due_at.isoformat(), rows[-1].fingerprint)
        if more
        else None,
    )


def _groups(wanted: DeadLetterFilter, now: datetime) -> Subquery:
    found = wanted.narrow(select(DeadLetterRow)).subquery()
    columns = found.c
    in_order = aggregate_order_by(columns.change_id, columns.opened_at, columns.id)
    changes = func.array_agg(in_order, type_=ARRAY(Text))
    return (
        select(
            columns.fingerprint,
            columns.system,
            columns.step,
            columns.code,
            func.min(columns.reason).label("reason"),
            func.min(columns.owner).label("owner"),
            func.min(columns.next_action).label("next_action"),
            func.count().label("standing"),
            func.max(columns.opened_at).label("latest"),
            func.min(columns.due_at).label("due_at"),
            func.count(case((columns.due_at < now, 1))).label("overdue"),
            func.min(columns.first_error["at"].astext).label("first_seen_at"),
            func.max(columns.last_error["at"].astext).label("last_seen_at"),
            changes[1:SHOWN_CHANGES].label("changes"),
        )
        .group_by(columns.fingerprint, columns.system, columns.step, columns.code)
        .subquery()
    )


async def _replays_under_way(session: AsyncSession, causes: Sequence[str]) -> dict[str, str]:
    """The replay of each cause that is not over, the newest if there are several."""
    rows = await session.execute(
        select(ReplayRow.fingerprint, ReplayRow.id)
        .where(ReplayRow.finished_at.is_(None), ReplayRow.fingerprint.in_(causes))
        .order_by(ReplayRow.created_at, ReplayRow.id)
    )
    return {cause: replay for cause, replay in rows if cause is not None}


def _view(
    row: Row[Any], now: datetime, holds: list[HoldView], replay: str | None
) -> DeadLetterGroupView:
    code, system = FailureCode(row.code), System(row.system)
    mine: AssignmentRow | None = row.AssignmentRow
    told = assignment_view(mine, row.latest, now) if mine else None
    return DeadLetterGroupView(
        fingerprint=row.fingerprint,
        system=system,
        step=row.step,
        code=code,
        cause=cause_of(code, row.step, system),
        reason=row.reason,
        owner=row.owner,
        next_action=row.next_action,
        count=row.standing,
        first_seen_at=datetime.fromisoformat(row.first_seen_at),
        last_seen_at=datetime.fromisoformat(row.last_seen_at),
        due_at=row.due_at,
        overdue=row.overdue,
        state=state_of(
            row.standing, told.assignee if told else None, put_off=bool(told and told.put_off)
        ),
        assignment=told,
        holds=holds,
        replay=replay,
        changes=row.changes,
    )
