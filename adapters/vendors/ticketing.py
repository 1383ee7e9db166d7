"""Ticketing over HTTP: every write is looked up by our reference first. No rule of ours.

The vendor has no idempotency key, so `external_reference` carries ours, on tickets and on comments.
What it answers is told in `sandbox/README.md`.
"""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from pydantic import AwareDatetime

from adapters.vendors.answers import Answer
from adapters.vendors.credentials import FixedCredential
from adapters.vendors.dialect import Dialect, Refusal
from adapters.vendors.keys import required_key
from adapters.vendors.reading import Payload, Reading
from adapters.vendors.secrets import SecretSource, source_of
from adapters.vendors.transport import Clock, VendorTransport, utc_now
from adapters.vendors.watching import Watch
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

_NOT_FOUND: Final = "RecordNotFound"
_TICKETS: Final = "/api/tickets"
_NO_TICKET: Final = "0"
"""A ticket that is not: asking for it shows who we are and changes nothing."""

_TAG: Final = "service-change"


class _Ticket(Payload):
    noun = "ticket"
    id: str
    status: TicketStatus

    def evidence(self) -> EffectEvidence:
        return EffectEvidence(self.id, {"status": self.status.value})


class _State(_Ticket):
    external_reference: str
    account_id: str
    version: int
    updated_at: AwareDatetime

    def state(self) -> TicketState:
        return TicketState(
            reference=self.id,
            our_reference=self.external_reference,
            account_id=self.account_id,
            status=self.status,
            version=self.version,
            changed_at=self.updated_at,
        )


class _StateAnswer(Payload):
    ticket: _State


class _StatesAnswer(Payload):
    tickets: tuple[_State, ...]
    next_page: str | None


class _TicketAnswer(Payload):
    ticket: _Ticket


class _TicketsAnswer(Payload):
    tickets: list[_Ticket]


class _Comment(Payload):
    id: str
    external_reference: str | None


class _CommentAnswer(Payload):
    comment: _Comment


class _CommentsAnswer(Payload):
    comments: list[_Comment]


_OPENED: Final = Reading("open_ticket", _TicketAnswer)
_TICKETS_FOUND: Final = Reading("find_ticket", _TicketsAnswer)
_COMMENTED: Final = Reading("comment_on_ticket", _CommentAnswer)
_COMMENTS: Final = Reading("find_comment", _CommentsAnswer)
_CLOSED: Final = Reading("close_ticket", _TicketAnswer)
_CLOSURE: Final = Reading("find_closure", _TicketAnswer)
_READ: Final = Reading("read_ticket", _StateAnswer)
_STATES: Final = Reading("list_tickets", _StatesAnswer)
READINGS: Final = (
    _OPENED,
    _TICKETS_FOUND,
    _COMMENTED,
    _COMMENTS,
    _CLOSED,
    _CLOSURE,
    _READ,
    _STATES,
)
"""Every answer of ticketing that is acted on."""


def _read_refusal(body: Any) -> Refusal | None:  # noqa: ANN401 - JSON is any of six types
    match body:
        case {"error": str(reason), "description": str(words)}:
            return Refusal(reason, words)
    return None


_DIALECT: Final = Dialect(
    system=System.TICKETING,
    read_refusal=_read_refusal,
    personal=frozenset({"body"}),  # what customers write
)


_REPEATABILITY: Final = dict.fromkeys(
    (Step.OPEN_TICKET, Step.COMMENT_ON_TICKET, Step.CLOSE_TICKET), Repeatability.LOOK_UP
)
"""No idempotency key: tickets and comments are filtered by our reference."""


class TicketingClient(VendorTransport):
    """Satisfies `activities.ports.Ticketing`. An asynchronous context manager."""

    repeatability: Mapping[Step, Repeatability] = _REPEATABILITY

    def __init__(
        self,
        base_url: str,
        *,
        token: str | SecretSource,
        clock: Clock = utc_now,
        watch: Watch | None = None,
    ) -> None:
        credential = FixedCredential(
            System.TICKETING, source_of(token), lambda secret: f"Token {secret.value}", clock
        )
        super().__init__(_DIALECT, base_url, credential, clock=clock, watch=watch)

    async def authenticate(self, call: VendorCall) -> None:
        """See the port."""
        await self.read_ticket(call, _NO_TICKET)

    async def open_ticket(self, call: VendorCall, draft: TicketDraft) -> EffectEvidence:
        """See the port. The oldest ticket under our reference is the ticket."""
        found = await self.find_ticket(call)
        if found is not None:
            return found
        ticket = {
            "subject": draft.subject,
            "body": draft.body,
            "account_id": draft.account_id,
            "external_reference": required_key(call),
            "tags": [_TAG, draft.change_id],
        }
        answer = await self.send(call, "POST", _TICKETS, body={"ticket": ticket})
        return answer.read(_OPENED).ticket.evidence()

    async def find_ticket(self, call: VendorCall) -> EffectEvidence | None:
        """See the port."""
        query = {"external_reference": required_key(call)}
        answer = await self.send(call, "GET", _TICKETS, query=query)
        tickets = answer.read(_TICKETS_FOUND).tickets
        return tickets[0].evidence() if tickets else None

    async def comment_on_ticket(
        self, call: VendorCall, ticket_reference: str, body: str
    ) -> EffectEvidence:
        """See the port."""
        found = await self.find_comment(call, ticket_reference)
        if found is not None:
            return found
        comment = {"body": body, "public": True, "external_reference": required_key(call)}
        path = f"{_path(ticket_reference)}/comments"
        answer = await self.send(call, "POST", path, body={"comment": comment})
        return EffectEvidence(answer.read(_COMMENTED).comment.id)

    async def find_comment(self, call: VendorCall, ticket_reference: str) -> EffectEvidence | None:
        """See the port."""
        key = required_key(call)
        answer = await self._look_up(call, f"{_path(ticket_reference)}/comments")
        comments = answer.read(_COMMENTS).comments if answer else []
        return next((EffectEvidence(c.id) for c in comments if c.external_reference == key), None)

    async def close_ticket(
        self, call: VendorCall, ticket_reference: str, resolution: str
    ) -> EffectEvidence:
        """See the port; the vendor itself takes a repeat."""
        path, body = f"{_path(ticket_reference)}/close", {"resolution": resolution}
        answer = await self.send(call, "POST", path, body=body)
        ticket = answer.read(_CLOSED).ticket
        if ticket.status is not TicketStatus.CLOSED:
            raise answer.unrecognised(f"close left the ticket {ticket.status}", _CLOSED)
        return ticket.evidence()

    async def find_closure(self, call: VendorCall, ticket_reference: str) -> EffectEvidence | None:
        """See the port."""
        answer = await self._look_up(call, _path(ticket_reference))
        ticket = answer.read(_CLOSURE).ticket if answer else None
        return ticket.evidence() if ticket and ticket.status is TicketStatus.CLOSED else None

    async def read_ticket(self, call: VendorCall, ticket_reference: str) -> TicketState | None:
        """See the port."""
        answer = await self._look_up(call, _path(ticket_reference))
        return answer.read(_READ).ticket.state() if answer else None

    async def list_tickets(
        self,
        call: VendorCall,
        *,
        cursor: str | None = None,
        limit: int = 500,
        account_id: str | None = None,
    ) -> Listing[TicketState]:
        """See the port."""
        query = {"page_size": str(limit)}
        query |= {"page": cursor} if cursor else {}
        query |= {"account_id": account_id} if account_id is not None else {}
        told = (await self.send(call, "GET", _TICKETS, query=query)).read(_STATES)
        return Listing(tuple(each.state() for each in told.tickets), told.next_page)

    async def _look_up(self, call: VendorCall, path: str) -> Answer | None:
        try:
            return await self.send(call, "GET", path)
        except VendorRejectedError as error:
            if error.reason == _NOT_FOUND:
                return None
            raise


def _path(reference: str) -> str:
    return f"{_TICKETS}/{quote(reference, safe='')}"
