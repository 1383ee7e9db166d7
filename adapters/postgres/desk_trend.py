"""How the desk fills and empties over time, in one statement: every number is of one moment."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    DateTime,
    Select,
    Text,
    bindparam,
    case,
    func,
    literal,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from adapters.postgres.tables_desk import DeadLetterRow
from domain.contracts_trend import CauseTrendView, TrendSeries
from domain.desk import standing

_D = DeadLetterRow
_OTHERS: Final = ""
"""What belongs to no cause that was asked for."""

_OPENED, _CLOSED, _STANDING = "opened", "closed", "standing"


async def overdue_now(session: AsyncSession, now: datetime) -> int:
    """How many dead letters stand still past their time."""
    late = select(func.count()).where(_D.closed_at.is_(None), _D.due_at < now)
    return await session.scalar(late) or 0


async def desk_trend(
    session: AsyncSession, starts: Sequence[datetime], causes: Sequence[str]
) -> tuple[TrendSeries, list[CauseTrendView]]:
    """The whole desk, and each of the causes in their order, per stretch of time from `starts`."""
    statement: CompoundSelect[Any] = union_all(
        _by_stretch(_OPENED, _D.opened_at, starts, causes),
        _by_stretch(_CLOSED, _D.closed_at, starts, causes),
        select(
            literal(_STANDING).label("what"), _named(causes), literal(0).label("slot"), func.count()
        )
        .where(_D.closed_at.is_(None))
        .group_by("cause"),
    )
    counted: dict[tuple[str, str], dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for what, cause, slot, count in await session.execute(statement):
        counted[what, cause][slot] += count
        counted[what, "*"][slot] += count  # no fingerprint is spelled so
    return _series(counted, "*", len(starts)), [
        CauseTrendView(fingerprint=cause, **_series(counted, cause, len(starts)).model_dump())
        for cause in dict.fromkeys(causes)
    ]


def _by_stretch(
    what: str,
    at: InstrumentedAttribute[Any],
    starts: Sequence[datetime],
    causes: Sequence[str],
) -> Select[Any]:
    begins = bindparam(None, list(starts), type_=ARRAY(DateTime(timezone=True)))
    return (
        select(
            literal(what).label("what"),
            _named(causes),
            func.width_bucket(at, begins).label("slot"),
            func.count(),
        )
        .where(at >= starts[0])
        .group_by("cause", "slot")
    )


def _named(causes: Sequence[str]) -> ColumnElement[str]:
    named = case((_D.fingerprint.in_(causes), _D.fingerprint), else_=literal(_OTHERS, Text))
    return named.label("cause")


def _series(counted: dict[tuple[str, str], dict[int, int]], cause: str, length: int) -> TrendSeries:
    opened, closed = (
        [counted[what, cause][slot] for slot in range(1, length + 1)] for what in (_OPENED, _CLOSED)
    )
    now = counted[_STANDING, cause][0]
    return TrendSeries(opened=opened, closed=closed, standing=standing(now, opened, closed))
