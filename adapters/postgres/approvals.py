"""The read side of the approval queue. Nothing here writes."""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from operator import attrgetter

from sqlalchemy import Select, select, tuple_
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from adapters.postgres import mapping
from adapters.postgres.answers import may_act
from adapters.postgres.desk_reading import Reader
from adapters.postgres.reading import bad_cursor, check_view, decode_cursor, encode_cursor
from adapters.postgres.situations import situation_by
from adapters.postgres.tables import CheckRow, EffectRow, ServiceChangeRow
from domain.contracts import Page, ServiceChangeSummary
from domain.contracts_approvals import ApprovalView
from domain.service_change import Action, ChangeStatus, CheckName

_C = ServiceChangeRow
_OFFERED = (Action.APPROVE, Action.REJECT)
_ORDER = list(CheckName)


def _waiting() -> Select[ServiceChangeRow]:
    """What waits; whoever asks for an approval names until when."""
    return select(_C).where(_C.status == ChangeStatus.AWAITING_APPROVAL)


async def list_approvals(
    session: AsyncSession, now: datetime, reader: Reader, *, cursor: str | None, limit: int
) -> Page[ApprovalView]:
    """The soonest due first, of these the longest waiting."""
    place = (_C.due_at, _C.submitted_at, _C.id)
    statement = _waiting().order_by(*place).limit(limit + 1)
    if cursor:
        statement = statement.where(tuple_(*place) > _place(cursor))
    rows = list(await session.scalars(statement))
    more = len(rows) > limit
    last = rows[limit - 1] if more else None
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
    rows = await session.scalars(_waiting().where(_C.id == change_id))
    views = await _views(session, list(rows), now, reader)
    return views[0] if views else None


def _place(cursor: str) -> tuple[datetime, datetime, str]:
    due_at, submitted_at, last = decode_cursor(cursor, 3)
    try:
        return datetime.fromisoformat(due_at), datetime.fromisoformat(submitted_at), last
    except ValueError as error:
        raise bad_cursor() from error


async def _views(
    session: AsyncSession, rows: Sequence[ServiceChangeRow], now: datetime, reader: Reader
) -> list[ApprovalView]:
    """Two statements for all of them, however many they are."""
    ids = [row.id for row in rows]
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
        _view(row, checks.get(row.id, []), effects.get(row.id, []), now, reader) for row in rows
    ]


def _view(
    row: ServiceChangeRow,
    checks: Sequence[CheckRow],
    effects: Sequence[EffectRow],
    now: datetime,
    reader: Reader,
) -> ApprovalView:
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
    )
