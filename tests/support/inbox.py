"""Changes that events concern, and what events left behind. Decides nothing."""

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from adapters.postgres.audit import add_identifier
from adapters.postgres.tables import AuditEntryRow, OutboxRow, ServiceChangeRow, TicketRow
from adapters.postgres.tables_inbox import InboxRow
from domain.service_change import ChangeStatus
from domain.vendor_events import EventSource
from tests.support.clock import START
from tests.support.records import accepted_change

Sessions = async_sessionmaker[AsyncSession]


async def change_that_is(
    sessions: Sessions, status: ChangeStatus, *, ticket: str | None = None, ended: bool = False
) -> str:
    """A change on record in that status, perhaps with an open ticket; its id."""
    change = await accepted_change(sessions)
    async with sessions.begin() as session:
        row = await session.get_one(ServiceChangeRow, change.id)
        row.status = status
        row.ended_at = START + timedelta(days=1) if ended else None
        if ticket is not None:
            session.add(
                TicketRow(
                    change_id=change.id,
                    reference=ticket,
                    subject="Information needed",
                    status="open",
                    opened_at=START,
                )
            )
            await add_identifier(session, change.id, "ticket", ticket)
    return change.id


async def events(sessions: Sessions) -> dict[str, InboxRow]:
    """Everything in the inbox, by event id."""
    async with sessions() as session:
        return {row.event_id: row for row in await session.scalars(select(InboxRow))}


async def woken(sessions: Sessions) -> list[str]:
    """The changes that were told to look again, once for each telling."""
    async with sessions() as session:
        rows = await session.scalars(select(OutboxRow).where(OutboxRow.topic == "look_again"))
        return [row.change_id for row in rows if row.change_id]


async def told(sessions: Sessions, change_id: str) -> list[AuditEntryRow]:
    """What vendors' events left on a change's record."""
    async with sessions() as session:
        return list(
            await session.scalars(
                select(AuditEntryRow)
                .where(
                    AuditEntryRow.change_id == change_id,
                    AuditEntryRow.actor_kind.in_(list(EventSource)),
                )
                .order_by(AuditEntryRow.id)
            )
        )
