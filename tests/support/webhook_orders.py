"""Seven webhooks of one change, in any order, and the state they leave. No order is chosen here."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from adapters.postgres.acceptance import accept_change
from adapters.postgres.audit import add_identifier
from adapters.postgres.inbox import VendorEvent, take_event
from adapters.postgres.inbox_processing import process_next
from adapters.postgres.tables import OutboxRow, ServiceChangeRow, TicketRow
from adapters.postgres.tables_inbox import InboxRow, ObjectVersionRow
from domain.identifiers import EffectKey, System
from domain.service_change import ChangeStatus
from domain.submission import check_submission
from tests.support.clock import START, Clock
from tests.support.records import SUBMISSION, new_change
from tests.support.webhooks import line_event, standing_changed, ticket_event

Sessions = async_sessionmaker[AsyncSession]
COUNT = 7


@dataclass(frozen=True, slots=True)
class Subject:
    """A change of an account of its own, incomplete, with an open ticket."""

    account: str
    change_id: str
    ticket: str

    def webhooks(self) -> list[VendorEvent]:
        """What the two vendors tell of it, in the order it happened."""
        posting = str(EffectKey(self.change_id, "post_billing_change", 1))
        opening = str(EffectKey(self.change_id, "open_ticket", 1))
        minutes = iter(range(COUNT))

        def at() -> Any:  # noqa: ANN401 - the next minute
            return START + timedelta(minutes=next(minutes))

        def of_ticket(type_: str, version: int) -> dict[str, Any]:
            return ticket_event(
                type_,
                ticket=self.ticket,
                key=opening,
                version=version,
                account=self.account,
                at=at(),
            )

        told: list[tuple[System, Mapping[str, Any]]] = [
            (System.BILLING, standing_changed(self.account, at=at())),
            (System.TICKETING, of_ticket("ticket.answered", 2)),
            (System.BILLING, line_event("invoice.line_posted", self.account, posting, "il_1")),
            (System.TICKETING, of_ticket("ticket.answered", 4)),
            (System.BILLING, line_event("invoice.line_reversed", self.account, posting, "il_2")),
            (System.BILLING, standing_changed(self.account, at=at())),
            (System.TICKETING, of_ticket("ticket.closed", 5)),
        ]
        return [
            VendorEvent(system, f"{self.account}-{number}", json.dumps(body).encode(), {}, START)
            for number, (system, body) in enumerate(told)
        ]


async def subject(sessions: Sessions, number: int) -> Subject:
    """Put the change of that number on record."""
    this = Subject(f"{number:04}-ORDER", f"chg_order{number}", f"T-{200_000 + number}")
    wanted = check_submission({**SUBMISSION, "account_id": this.account})
    async with sessions.begin() as session:
        await accept_change(session, new_change(id=this.change_id, submission=wanted))
        change = await session.get_one(ServiceChangeRow, this.change_id)
        change.status = ChangeStatus.INCOMPLETE
        session.add(
            TicketRow(
                change_id=this.change_id,
                reference=this.ticket,
                subject="Information needed",
                status="open",
                opened_at=START,
            )
        )
        await add_identifier(session, this.change_id, "ticket", this.ticket)
    return this


async def deliver(sessions: Sessions, this: Subject, order: Sequence[int]) -> None:
    """Each webhook twice in that order, through the door and the processor, one by one."""
    webhooks, clock = this.webhooks(), Clock()
    for number in (*order, *order):
        async with sessions.begin() as session:
            await take_event(session, webhooks[number])
        while await process_next(sessions, clock) is not None:
            pass


async def end_state(sessions: Sessions, this: Subject) -> str:
    """What is left, with the subject's own names taken out, so that two can be compared.

    What the change was told is, for each object, the latest version it heard of; for what has no
    version, that it was told to look afresh. How often it was told on the way is no state.
    """
    async with sessions() as session:
        change = await session.get_one(ServiceChangeRow, this.change_id)
        ticket = await session.get_one(TicketRow, (this.change_id, this.ticket))
        seen = await session.get_one(ObjectVersionRow, (System.TICKETING, this.ticket))
        rows = await session.scalars(select(InboxRow).where(InboxRow.account_id == this.account))
        events = {row.event_id: row for row in rows}
        outbox = await session.scalars(
            select(OutboxRow).where(
                OutboxRow.change_id == this.change_id, OutboxRow.topic == "look_again"
            )
        )
        heard = [events[row.payload["reference"]] for row in outbox]
    told: dict[str, int] = {}
    for event in heard:
        name = f"{event.system} {event.reference}"
        told[name] = max(told.get(name, 0), event.object_version or 0)
    state = {
        "status": change.status,
        "ticket": [ticket.status, ticket.closed_at and ticket.closed_at.isoformat()],
        "version": [seen.version, seen.event_id],
        "told": told,
        "unprocessed": sum(row.state not in {"processed", "stale"} for row in events.values()),
        "duplicates": sorted(row.duplicates for row in events.values()),
    }
    text = json.dumps(state, sort_keys=True)
    for name in (this.account, this.ticket, this.change_id):
        text = text.replace(name, "#")
    return text
