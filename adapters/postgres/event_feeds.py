"""The inbox as polling needs it: how far a vendor was asked, and what it told that never came."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from adapters.postgres.inbox import VendorEvent, take_missed
from adapters.postgres.job_runs import ran
from adapters.postgres.tables import ServiceChangeRow, TicketRow
from adapters.postgres.tables_inbox import EventFeedRow, ObjectVersionRow
from adapters.postgres.tables_operations import PauseRow, VendorGateRow
from domain.event_polling import Feed, polling_id
from domain.identifiers import System
from domain.pauses import EVERYTHING
from domain.vendor_events import EventSource
from domain.vendor_values import PublishedEvent


@dataclass(frozen=True, slots=True)
class PostgresEventInbox:
    """Satisfies `activities.event_polling.EventInbox`."""

    sessions: async_sessionmaker[AsyncSession]
    clock: Callable[[], datetime]

    async def feed(self, system: System) -> Feed:
        """How far the vendor has been asked."""
        paused = exists().where(PauseRow.scope.in_([EVERYTHING, system]))
        closed = exists().where(
            VendorGateRow.system == system, VendorGateRow.closed_until > func.now()
        )
        async with self.sessions() as session:
            row = await session.get(EventFeedRow, system)
            held = await session.scalar(select(or_(paused, closed)))
        place = (row.cursor, row.retry_at) if row else (None, None)
        return Feed(*place, held=bool(held))

    async def take(
        self, system: System, events: Sequence[PublishedEvent], cursor: str | None
    ) -> int:
        """Queue those that are not here yet and move the place; how many they were."""
        async with self.sessions.begin() as session:
            missed = [
                await take_missed(
                    session,
                    VendorEvent(
                        system=system,
                        id=event.id,
                        body=json.dumps(event.body).encode(),
                        headers={},
                        at=self.clock(),
                        source=EventSource.POLL,
                    ),
                )
                for event in events
            ]
            await _write(session, system, cursor=cursor)
        return sum(missed)

    async def polled(self, system: System) -> None:
        """Put on record that the vendor was asked and answered."""
        now = self.clock()
        async with self.sessions.begin() as session:
            await ran(session, polling_id(system), now)
            await _write(
                session,
                system,
                polled_at=now,
                failed_at=None,
                last_error=None,
                retry_at=None,
            )

    async def not_polled(self, system: System, why: str, retry_at: datetime | None) -> None:
        """Put on record that it could not be asked."""
        async with self.sessions.begin() as session:
            await _write(session, system, failed_at=self.clock(), last_error=why, retry_at=retry_at)

    async def open_tickets(self, after: str | None, limit: int) -> Mapping[str, int]:
        """Open tickets of changes that have not ended, each with the version known."""
        seen = ObjectVersionRow
        statement = (
            select(TicketRow.reference, func.coalesce(func.max(seen.version), 0))
            .join(ServiceChangeRow, ServiceChangeRow.id == TicketRow.change_id)
            .outerjoin(
                seen, (seen.system == System.TICKETING) & (seen.reference == TicketRow.reference)
            )
            .where(TicketRow.closed_at.is_(None), ServiceChangeRow.ended_at.is_(None))
            .group_by(TicketRow.reference)
            .order_by(TicketRow.reference)
            .limit(limit)
        )
        if after is not None:
            statement = statement.where(TicketRow.reference > after)
        async with self.sessions() as session:
            return dict((await session.execute(statement)).all())


async def _write(session: AsyncSession, system: System, **values: datetime | str | None) -> None:
    await session.execute(
        insert(EventFeedRow)
        .values(system=system, **values)
        .on_conflict_do_update(index_elements=["system"], set_=values)
    )
