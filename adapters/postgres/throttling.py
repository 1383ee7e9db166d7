"""Until when a vendor wants to be left alone: the one place that work of ours asks."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from adapters.postgres.tables import AttemptRow
from domain.errors import FailureCode

_RECENT: Final = timedelta(days=1)
"""No wait that a vendor names is taken for longer than this; older attempts say nothing."""


async def seconds_closed(session: AsyncSession, system: str) -> float | None:
    """Seconds until a system that throttles us may be asked again; None if it may be now.

    Goes by the waits the vendor named in the attempts on record.
    """
    until: datetime | None
    now: datetime
    until, now = (
        (
            await session.execute(
                select(func.max(AttemptRow.retry_at), func.now()).where(
                    AttemptRow.system == system,
                    AttemptRow.finished_at > func.now() - _RECENT,
                    AttemptRow.outcome == FailureCode.THROTTLED,
                    AttemptRow.retry_at > func.now(),
                )
            )
        )
        .tuples()
        .one()
    )
    return max((until - now).total_seconds(), 0.1) if until else None
