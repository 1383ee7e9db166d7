"""The door of the webhook inbox: an event is kept and queued in one statement. Decides nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import bindparam, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.dml import ReturningInsert

from adapters.postgres.tables import Base
from adapters.postgres.tables_inbox import ForgedWebhookRow, InboxArrivalRow, InboxRow
from domain.identifiers import System
from domain.vendor_events import EventSource, InboxState, read_event


@dataclass(frozen=True, slots=True)
class VendorEvent:
    """A vendor's event that is genuine: its signature fits, or the vendor's own API told of it."""

    system: System
    id: str
    body: bytes
    headers: Mapping[str, str]
    at: datetime
    source: EventSource = EventSource.WEBHOOK


async def take_event(session: AsyncSession, event: VendorEvent) -> bool:
    """Queue an event, or put one more arrival of a known one on record; False for the latter.

    One statement, whatever comes at the same time. No commit.
    """
    values = _values(event)
    arrival = {"again_at": event.at, "again_headers": dict(event.headers)}
    again = await session.scalar(_take(tuple(values)), values | arrival)
    return again is None


async def take_missed(session: AsyncSession, event: VendorEvent) -> bool:
    """Queue an event found by polling; False if it is here already, which counts for nothing."""
    kept = await session.scalar(
        insert(InboxRow).values(_values(event)).on_conflict_do_nothing().returning(InboxRow.system)
    )
    return kept is not None


def _values(event: VendorEvent) -> dict[str, Any]:
    read = read_event(event.system, event.body)
    return {
        "system": event.system,
        "event_id": event.id,
        "type": read.type,
        "account_id": read.account_id,
        "reference": read.reference,
        "object_version": read.version,
        "occurred_at": read.occurred_at,
        "body": event.body,
        "headers": dict(event.headers),
        "source": event.source,
        "received_at": event.at,
        "duplicates": 0,
        "state": InboxState.QUEUED,
        "outcome": "",
        "attempts": 0,
    }


@cache
def _take(given: tuple[str, ...]) -> ReturningInsert[Any]:
    """The statement, built once; it answers the number of the arrival if the event was known.

    The conflicting row is updated rather than left alone because an update sees what another
    request has just committed, which nothing else in the same statement does.
    """
    inbox, arrivals = (
        Base.metadata.tables[each.__tablename__] for each in (InboxRow, InboxArrivalRow)
    )
    taken = (
        insert(inbox)
        .values({name: bindparam(name) for name in given})
        .on_conflict_do_update(
            index_elements=["system", "event_id"],
            set_={"duplicates": inbox.c.duplicates + 1},
        )
        .returning(inbox.c.system, inbox.c.event_id, inbox.c.duplicates)
        .cte("taken")
    )
    further = select(
        taken.c.system,
        taken.c.event_id,
        bindparam("again_at", type_=arrivals.c.received_at.type),
        bindparam("again_headers", type_=arrivals.c.headers.type),
    ).where(taken.c.duplicates > 0)
    columns = ["system", "event_id", "received_at", "headers"]
    return insert(arrivals).from_select(columns, further).returning(arrivals.c.id)


async def count_forged(session: AsyncSession, system: System, at: datetime) -> None:
    """Count a forged event in its hour; nothing else of it is kept. No commit."""
    hour = at.replace(minute=0, second=0, microsecond=0)
    await session.execute(
        insert(ForgedWebhookRow)
        .values(system=system, hour=hour, count=1)
        .on_conflict_do_update(
            index_elements=["system", "hour"], set_={"count": ForgedWebhookRow.count + 1}
        )
    )


def due_now() -> Any:  # noqa: ANN401 - an SQL expression, whose type is private
    """Events whose turn it is, by the database's clock."""
    return (InboxRow.state == InboxState.QUEUED) & (InboxRow.available_at <= func.now())
