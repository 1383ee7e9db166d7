"""The calls to vendors over time: how many, how many failed, how long they took."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import case, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from adapters.postgres.health import ANSWERED
from adapters.postgres.tables import AttemptRow
from domain.contracts_health import HealthBucketView, HealthHistoryView
from domain.errors import FailureCode
from domain.health import bucket_of, seconds_per_bucket
from domain.identifiers import System

_A = AttemptRow
_ORIGIN = datetime(2000, 1, 1, tzinfo=UTC)
"""Buckets begin at multiples of their length from here, so that they stay while time passes."""


async def calls_over_time(
    session: AsyncSession, systems: Sequence[System], now: datetime, stretch: timedelta
) -> dict[System, HealthHistoryView]:
    """Every bucket of the stretch for every system, also those without a call."""
    bucket = bucket_of(stretch)
    begins = _begins(now, stretch, bucket)
    counted = await _counted(session, systems, begins[0], bucket)
    throttled = await _throttled(session, systems, begins[0])
    found = {}
    for system in systems:
        closed = seconds_per_bucket(throttled[system], begins, bucket)
        found[system] = HealthHistoryView(
            system=system,
            bucket_seconds=int(bucket.total_seconds()),
            buckets=[
                _bucket(begin, counted.get((system, begin)), seconds)
                for begin, seconds in zip(begins, closed, strict=True)
            ],
        )
    return found


def _begins(now: datetime, stretch: timedelta, bucket: timedelta) -> list[datetime]:
    last = _ORIGIN + (now - _ORIGIN) // bucket * bucket
    count = -(-stretch // bucket)
    return [last - bucket * back for back in range(count - 1, -1, -1)]


async def _counted(
    session: AsyncSession, systems: Sequence[System], since: datetime, bucket: timedelta
) -> Mapping[tuple[str, datetime], Any]:
    took = func.extract("epoch", _A.finished_at - _A.started_at)
    # Cut in a statement of its own: the same expression twice would carry two sets of parameters.
    tries = (
        select(
            _A.system,
            func.date_bin(bucket, _A.finished_at, _ORIGIN).label("begin"),
            took.label("took"),
            case((~ANSWERED, 1)).label("failed"),
        )
        .where(_A.system.in_(systems), _A.finished_at >= since)
        .subquery()
    )
    statement = select(
        tries.c.system,
        tries.c.begin,
        func.count().label("calls"),
        func.count(tries.c.failed).label("failures"),
        func.percentile_cont(0.5).within_group(tries.c.took).label("p50"),
        func.percentile_cont(0.95).within_group(tries.c.took).label("p95"),
    ).group_by(tries.c.system, tries.c.begin)
    return {(row.system, row.begin): row for row in await session.execute(statement)}


async def _throttled(
    session: AsyncSession, systems: Sequence[System], since: datetime
) -> Mapping[str, list[tuple[datetime, datetime]]]:
    statement = select(_A.system, _A.finished_at, _A.retry_at).where(
        _A.outcome == FailureCode.THROTTLED,
        _A.outcome != "ok",  # said so that the index of failures serves
        _A.finished_at >= since,
        _A.system.in_(systems),
        _A.retry_at > _A.finished_at,
    )
    found: dict[str, list[tuple[datetime, datetime]]] = defaultdict(list)
    for row in await session.execute(statement):
        found[row.system].append((row.finished_at, row.retry_at))
    return found


def _bucket(begin: datetime, row: Any, throttled: float) -> HealthBucketView:  # noqa: ANN401 - a row of a statement
    return HealthBucketView(
        begin=begin,
        calls=row.calls if row else 0,
        failures=row.failures if row else 0,
        p50_seconds=round(float(row.p50), 4) if row else None,
        p95_seconds=round(float(row.p95), 4) if row else None,
        throttled_seconds=round(throttled, 1),
    )
