"""The read side of the approval queue. Nothing here writes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import attrgetter

from sqlalchemy import Select, func, or_, select, tuple_
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from adapters.postgres import mapping
from adapters.postgres.answers import may_act
from adapters.postgres.assignments import assignment_view
from adapters.postgres.desk_reading import Reader
from adapters.postgres.reading import bad_cursor, check_view, decode_cursor, encode_cursor
from adapters.postgres.situations import situation_by
from adapters.postgres.tables import CheckRow, EffectRow, ServiceChangeRow
from adapters.postgres.tables_people import AssignmentRow
from domain.assignments import SubjectKind
from domain.contracts import Page, ServiceChangeSummary
from domain.contracts_approvals import ApprovalView
from domain.service_change import Action, ChangeStatus, CheckName

_C = ServiceChangeRow
_OFFERED = (Action.APPROVE, Action.REJECT)
_ORDER = list(CheckName)


@dataclass(frozen=True, slots=True)
class ApprovalFilter:
    """Which part of the queue: what is put off, or all the rest; of it, what is somebody's."""

    put_off: bool = False
    assignee: str | None = None


def _waiting() -> Select[ServiceChangeRow, AssignmentRow]:
    """What waits, and whose work it is; whoever asks for an approval names until when."""
    mine = AssignmentRow.subject == func.concat(f"{SubjectKind.CHANGE}:", _C.id)
    return (
        select(_C, AssignmentRow)
        .outerjoin(AssignmentRow, mine)
        .where(_C.status == ChangeStatus.AWAITING_APPROVAL)
    )


async def list_approvals(
    session: AsyncSession,
    wanted: ApprovalFilter,
    now: datetime,
    reader: Reader,
    *,
    cursor: str | None,
    limit: int,
) -> Page[ApprovalView]:
    """The soonest due first, of these the longest waiting."""
    place = (_C.due_at, _C.submitted_at, _C.id)
    later = AssignmentRow.follow_up_at
    statement = _waiting().order_by(*place).limit(limit + 1)
    statement = statement.where(
        later > now if wanted.put_off else or_(later.is_(None), later <= now)
    )
    if wanted.assignee is not None:
        statement = statement.where(AssignmentRow.assignee == wanted.assignee)
    if cursor:
        statement = statement.where(tuple_(*place) > _place(cursor))
    rows = [_Item(*found) for found in await session.execute(statement)]
    last = rows[limit - 1].change if len(rows) > limit else None
    return Page(
        items=await _views(session, rows[:limit], now, reader),
        next_cursor=encode_cursor(
            last.due_at.isoformat() if last.due_at else "", last.submitted_at.isoformat(), last.id
        )
        if last
        else None,
    )


async def read_approval(
    session: AsyncSession, change_id: str, now: datetime, reader: Reader
) -> ApprovalView | None:
    """One change of the queue; None if it is not, or no longer, in it."""
    found = await session.execute(_waiting().where(_C.id == change_id))
    views = await _views(session, [_Item(*each) for each in found], now, reader)
    return views[0] if views else None


@dataclass(frozen=True, slots=True)
class _Item:
    change: ServiceChangeRow
    assignment: AssignmentRow | None


def _place(cursor: str) -> tuple[datetime, datetime, str]:
    due_at, submitted_at, last = decode_cursor(cursor, 3)
    try:
        return datetime.fromisoformat(due_at), datetime.fromisoformat(submitted_at), last
    except ValueError as error:
        raise bad_cursor() from error


async def _views(
    session: AsyncSession, items: Sequence[_Item], now: datetime, reader: Reader
) -> list[ApprovalView]:
    """Two statements for all of them, however many they are."""
    ids = [item.change.id for item in items]
    if not ids:
        return []
    latest = (
        select(CheckRow)
        .where(CheckRow.change_id.in_(ids))
        .ext(distinct_on(CheckRow.change_id, CheckRow.name))
        .order_by(CheckRow.change_id, CheckRow.name, CheckRow.round.desc())
    )
    of_change = attrgetter("change_id")
    checks = {id_: list(of) for id_, of in groupby(await session.scalars(latest), of_change)}
    done = (
        select(EffectRow)
        .where(EffectRow.change_id.in_(ids))
        .order_by(EffectRow.change_id, EffectRow.intended_at)
    )
    effects = {id_: list(of) for id_, of in groupby(await session.scalars(done), of_change)}
    return [
        _view(item, checks.get(id_, []), effects.get(id_, []), now, reader)
        for id_, item in zip(ids, items, strict=True)
    ]


def _view(
    item: _Item,
    checks: Sequence[CheckRow],
    effects: Sequence[EffectRow],
    now: datetime,
    reader: Reader,
) -> ApprovalView:
    row, assignment = item.change, item.assignment
    plan = mapping.plan_of(row)
    return ApprovalView(
        change=ServiceChangeSummary(**mapping.summary_fields(row)),
        plan=plan,
        difference_minor=plan.recurring_after_minor - plan.recurring_before_minor if plan else None,
        checks=[
            check_view(check, with_facts=True)
            for check in sorted(checks, key=lambda each: _ORDER.index(CheckName(each.name)))
        ],
        may_act=may_act(situation_by(row, effects, now), reader.name, reader.role, _OFFERED),
        assignment=assignment_view(assignment, None, now) if assignment else None,
    )
