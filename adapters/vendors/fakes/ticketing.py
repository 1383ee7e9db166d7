"""Ticketing in memory: tickets by number, comments by our key."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from adapters.vendors.fakes.failures import PlannedFailures
from adapters.vendors.fakes.pages import page_of
from domain.errors import VendorRejectedError
from domain.identifiers import System
from domain.listings import Listing
from domain.steps import Step
from domain.vendor_values import (
    EffectEvidence,
    TicketDraft,
    TicketState,
    TicketStatus,
    VendorCall,
)
from domain.verdicts import Repeatability

_FIRST_NUMBER = 100001


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True)
class FakeTicket:
    """A ticket and what was said on it: comment bodies by comment reference."""

    reference: str
    key: str | None
    draft: TicketDraft
    changed_at: datetime
    status: TicketStatus = TicketStatus.OPEN
    version: int = 1
    resolution: str | None = None
    comments: dict[str, str] = field(default_factory=dict)
    comment_keys: dict[str | None, str] = field(default_factory=dict)


class FakeTicketing:
    """Satisfies `activities.ports.Ticketing`. Tests read `tickets` to see what stands."""

    def __init__(self, clock: Callable[[], datetime] = _utc_now) -> None:
        self.failures = PlannedFailures()
        self._clock = clock
        self.repeatability: Mapping[Step, Repeatability] = dict.fromkeys(
            (Step.OPEN_TICKET, Step.COMMENT_ON_TICKET, Step.CLOSE_TICKET), Repeatability.LOOK_UP
        )
        self.tickets: dict[str, FakeTicket] = {}

    async def open_ticket(self, call: VendorCall, draft: TicketDraft) -> EffectEvidence:
        """See the port."""
        self.failures.raise_before("open_ticket")
        found = self._under(call)
        if found is None:
            reference = f"T-{_FIRST_NUMBER + len(self.tickets)}"
            found = FakeTicket(reference, call.idempotency_key, draft, self._clock())
            self.tickets[reference] = found
            self.failures.raise_after("open_ticket")
        return _evidence(found)

    async def find_ticket(self, call: VendorCall) -> EffectEvidence | None:
        """See the port."""
        self.failures.raise_before("find_ticket")
        found = self._under(call)
        return _evidence(found) if found else None

    async def comment_on_ticket(
        self, call: VendorCall, ticket_reference: str, body: str
    ) -> EffectEvidence:
        """See the port."""
        self.failures.raise_before("comment_on_ticket")
        ticket = self._ticket(ticket_reference)
        comment = ticket.comment_keys.get(call.idempotency_key)
        if comment is None:
            if ticket.resolution is not None:
                raise VendorRejectedError(
                    System.TICKETING, f"Ticket {ticket_reference} is closed.", reason="TicketClosed"
                )
            comment = f"{ticket_reference}-{len(ticket.comments) + 1}"
            ticket.comments[comment] = body
            ticket.comment_keys[call.idempotency_key] = comment
            self._move_on(ticket, TicketStatus.WAITING_ON_CUSTOMER)
            self.failures.raise_after("comment_on_ticket")
        return EffectEvidence(comment)

    async def find_comment(self, call: VendorCall, ticket_reference: str) -> EffectEvidence | None:
        """See the port."""
        self.failures.raise_before("find_comment")
        ticket = self.tickets.get(ticket_reference)
        comment = ticket.comment_keys.get(call.idempotency_key) if ticket else None
        return EffectEvidence(comment) if comment else None

    async def close_ticket(
        self, call: VendorCall, ticket_reference: str, resolution: str
    ) -> EffectEvidence:
        """See the port; the first resolution stays."""
        del call
        self.failures.raise_before("close_ticket")
        ticket = self._ticket(ticket_reference)
        if ticket.resolution is None:
            ticket.resolution = resolution
            self._move_on(ticket, TicketStatus.CLOSED)
            self.failures.raise_after("close_ticket")
        return _evidence(ticket)

    async def find_closure(self, call: VendorCall, ticket_reference: str) -> EffectEvidence | None:
        """See the port."""
        del call
        self.failures.raise_before("find_closure")
        ticket = self.tickets.get(ticket_reference)
        return _evidence(ticket) if ticket and ticket.resolution is not None else None

    async def read_ticket(self, call: VendorCall, ticket_reference: str) -> TicketState | None:
        """See the port."""
        del call
        self.failures.raise_before("read_ticket")
        ticket = self.tickets.get(ticket_reference)
        return _state(ticket) if ticket else None

    async def list_tickets(
        self,
        call: VendorCall,
        *,
        cursor: str | None = None,
        limit: int = 500,
        account_id: str | None = None,
    ) -> Listing[TicketState]:
        """See the port."""
        del call
        self.failures.raise_before("list_tickets")
        found = [
            _state(ticket)
            for ticket in self.tickets.values()
            if account_id in {None, ticket.draft.account_id}
        ]
        return page_of(found, cursor, limit)

    def answer(self, ticket_reference: str) -> None:
        """The customer answers."""
        self._move_on(self._ticket(ticket_reference), TicketStatus.ANSWERED)

    def _move_on(self, ticket: FakeTicket, status: TicketStatus) -> None:
        ticket.status = status
        ticket.version += 1
        ticket.changed_at = self._clock()

    def _under(self, call: VendorCall) -> FakeTicket | None:
        return next((t for t in self.tickets.values() if t.key == call.idempotency_key), None)

    def _ticket(self, reference: str) -> FakeTicket:
        try:
            return self.tickets[reference]
        except KeyError:
            raise VendorRejectedError(
                System.TICKETING, f"There is no ticket {reference}.", reason="RecordNotFound"
            ) from None


def _evidence(ticket: FakeTicket) -> EffectEvidence:
    status = "open" if ticket.resolution is None else "closed"
    return EffectEvidence(ticket.reference, {"status": status})


def _state(ticket: FakeTicket) -> TicketState:
    return TicketState(
        reference=ticket.reference,
        our_reference=ticket.key or "",
        account_id=ticket.draft.account_id,
        status=ticket.status,
        version=ticket.version,
        changed_at=ticket.changed_at,
    )
