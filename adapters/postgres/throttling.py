"""Whether a system takes requests of ours just now: the one place that replays ask."""

from datetime import timedelta
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from adapters.postgres.tables_operations import PauseRow, VendorGateRow
from domain.pauses import EVERYTHING

_PAUSED_LOOK: Final = 15.0
"""Seconds after which it is looked again whether a pause was lifted."""

_LONGEST_LOOK: Final = 60.0
"""Seconds after which it is looked again whether a gate opened before its time."""


async def seconds_closed(session: AsyncSession, system: str) -> float | None:
    """Seconds to leave a system alone: its gate is closed, or a person paused it. None: neither."""
    paused = select(PauseRow.scope).where(PauseRow.scope.in_([EVERYTHING, system])).limit(1)
    if await session.scalar(paused) is not None:
        return _PAUSED_LOOK
    wait = select(VendorGateRow.closed_until - func.now()).where(
        VendorGateRow.system == system, VendorGateRow.closed_until > func.now()
    )
    left: timedelta | None = await session.scalar(wait)
    return min(left.total_seconds(), _LONGEST_LOOK) if left else None
