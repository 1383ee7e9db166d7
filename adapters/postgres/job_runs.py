"""When jobs of ours ran, by quarters of an hour. No commit."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import DateTime, Interval, cast, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from adapters.postgres.tables_reports import JobRunRow
from domain.morning_report import SLOT, Runs, Stretch

_R = JobRunRow
_ORIGIN: Final = datetime(2000, 1, 1, tzinfo=UTC)


async def ran(session: AsyncSession, job: str, at: Any) -> None:  # noqa: ANN401 - a time, or SQL for one
    """A job has been done to its end. Saying so again of the same time changes nothing."""
    when = cast(at, DateTime(timezone=True))
    new = insert(_R).values(
        job=job,
        slot=func.date_bin(SLOT, when, _ORIGIN),
        first_at=when,
        last_at=when,
        longest_gap=cast("0", Interval),
    )
    told = new.excluded.last_at
    await session.execute(
        new.on_conflict_do_update(
            index_elements=["job", "slot"],
            set_={
                "first_at": func.least(_R.first_at, told),
                "last_at": func.greatest(_R.last_at, told),
                "longest_gap": func.greatest(_R.longest_gap, told - _R.last_at),
            },
        )
    )


async def runs_in(session: AsyncSession, stretch: Stretch) -> Mapping[str, Sequence[Runs]]:
    """The runs of every job in the stretch, the oldest first."""
    rows = await session.scalars(
        select(_R).where(_R.slot >= stretch.since, _R.slot < stretch.cut).order_by(_R.job, _R.slot)
    )
    found: dict[str, list[Runs]] = defaultdict(list)
    for row in rows:
        found[row.job].append(Runs(row.first_at, row.last_at, row.longest_gap))
    return found
