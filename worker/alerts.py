"""Looks at every measure now and then, has alerts fire and resolve, and tells operations."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from adapters.postgres.alert_readings import database_now, read_measures
from adapters.postgres.alerts import (
    TOLD_FOR,
    alone,
    announcement_of,
    firing,
    go_round,
    thresholds,
    untold,
)
from adapters.postgres.tables_alerts import AlertNoticeRow
from adapters.temporal.queues import EngineLook
from domain.alert_turns import Readings, Subject
from domain.alerts import RuleName
from domain.announcements import Teller
from worker.telling import tell


class Meter(Protocol):
    """Where the same readings are shown to machines."""

    def show(
        self,
        readings: Readings,
        thresholds: dict[RuleName, float],
        firing: dict[RuleName, int],
    ) -> None:
        """Replace what was shown before."""
        ...


class Alerts:
    """Judges and tells. Several may run side by side: one judges at a time, all tell.

    `clock` is the database's own unless a test has another.
    """

    def __init__(
        self,
        sessions: async_sessionmaker[AsyncSession],
        tellers: Sequence[Teller],
        look_at_engine: Callable[[], Awaitable[EngineLook | None]],
        meter: Meter,
        clock: Callable[[], datetime] | None = None,
    ) -> None:
        self._sessions = sessions
        self._tellers = tellers
        self._look_at_engine = look_at_engine
        self._meter = meter
        self._clock = clock

    async def look(self) -> None:
        """One round. Safe to repeat; raises database errors."""
        engine = await self._look_at_engine()
        async with self._sessions.begin() as session:
            now = await self._now(session)
            readings = await read_measures(session, now)
            if engine is not None:
                readings[RuleName.QUEUE_AGE] = {
                    Subject(RuleName.QUEUE_AGE, system): queue.oldest_seconds
                    for system, queue in engine.queues.items()
                }
            if await alone(session):
                await go_round(session, readings, now)
            self._meter.show(readings, await thresholds(session), await firing(session))
        await self._tell()

    async def _now(self, session: AsyncSession) -> datetime:
        return self._clock() if self._clock else await database_now(session)

    async def _tell(self) -> None:
        async with self._sessions() as session:
            waiting = await untold(session)
        for notice_id in waiting:
            async with self._sessions.begin() as session:
                row = await session.get(
                    AlertNoticeRow, notice_id, with_for_update={"skip_locked": True}
                )
                if row is None or row.told:
                    continue
                now = await self._now(session)
                await tell(self._tellers, {"told": announcement_of(row)}, row, now)
                row.told = not row.undelivered or now - row.created_at > TOLD_FOR
