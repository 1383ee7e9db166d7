"""What is said to the systems of record and what they answer, in our words, not theirs.

Shaped by the business so that another billing, scheduling, ticketing or CRM system fits the same
values. Money is in minor units (US cents). Times are aware.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from domain.catalogue import PaymentMethod, Product, Visit
from domain.identifiers import System


@dataclass(frozen=True, slots=True)
class Exchange:
    """One HTTP request to a vendor and its answer, as evidence. `http_status` None: no answer.

    Of the headers only those are kept that are known to hold no secret.
    """

    method: str
    path: str
    request: Any
    http_status: int | None
    response: Any
    vendor_request_id: str | None
    started_at: datetime
    duration_ms: int
    request_headers: Mapping[str, str] = field(default_factory=dict)
    response_headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class VendorCall:
    """The circumstances of one port call; adapters append every exchange they make.

    `idempotency_key` goes to the vendor as its idempotency key or as our reference, whichever the
    vendor has; reads have none.
    """

    correlation_id: str
    idempotency_key: str | None = None
    exchanges: list[Exchange] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class EffectEvidence:
    """Proof that an effect stands at a vendor: its reference there, and facts worth showing."""

    vendor_reference: str
    facts: Mapping[str, Any] = field(default_factory=dict)


class Standing(StrEnum):
    """Whether the customer owes billing something overdue."""

    CURRENT = "current"
    PAST_DUE = "past_due"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class BillingStanding:
    """What billing says of an account. `recurring_minor`: charged per month now."""

    account_id: str
    standing: Standing
    recurring_minor: int
    currency: str
    overdue_invoices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PriceLine:
    """One product that comes (`quantity` 1) or goes (-1), at its monthly list price."""

    product: Product
    quantity: int
    amount_minor: int


@dataclass(frozen=True, slots=True)
class BillingAddress:
    """Where invoices go. Personal: never in histories or logs."""

    line1: str
    line2: str
    city: str
    postal_code: str
    country: str


@dataclass(frozen=True, slots=True)
class BillingPosting:
    """What a change asks of billing: price lines, and perhaps a new payment method or address."""

    account_id: str
    change_id: str
    document_version: int
    lines: tuple[PriceLine, ...]
    payment_method: PaymentMethod | None = None
    billing_address: BillingAddress | None = None


class DateProblem(StrEnum):
    """Why a date cannot be had."""

    WEEKEND = "weekend"
    HOLIDAY = "holiday"
    PAST = "past"
    TOO_FAR = "too_far"
    FULL = "full"


@dataclass(frozen=True, slots=True)
class Availability:
    """Whether a visit can take place on a date at the account's place.

    `problem` is None when it can; `next_open_on` is the next date that could be had, if known;
    `time_zone` is the IANA zone of the service address.
    """

    on: date
    time_zone: str
    problem: DateProblem | None = None
    problem_name: str | None = None
    next_open_on: date | None = None


@dataclass(frozen=True, slots=True)
class AppointmentBooking:
    """A visit to hold and confirm."""

    account_id: str
    change_id: str
    on: date
    visit: Visit


@dataclass(frozen=True, slots=True)
class ServiceUpdate:
    """An order at the CRM that gives and takes products, or merely records what was sold.

    `contract` is the new contract term in the price list's words, or None to leave it.
    """

    account_id: str
    change_id: str
    summary: str
    add: frozenset[Product] = frozenset()
    remove: frozenset[Product] = frozenset()
    contract: str | None = None


@dataclass(frozen=True, slots=True)
class TicketDraft:
    """A ticket to open: what is missing and who must bring it."""

    account_id: str
    change_id: str
    subject: str
    body: str


class TicketStatus(StrEnum):
    """Where a conversation stands, as ticketing sees it."""

    OPEN = "open"
    WAITING_ON_CUSTOMER = "waiting_on_customer"
    ANSWERED = "answered"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class TicketState:
    """A ticket as it is now. `version` grows with everything that happens to it."""

    reference: str
    our_reference: str
    account_id: str
    status: TicketStatus
    version: int
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class PublishedEvent:
    """Something a vendor told, or should have told, by a webhook; `body` is what it sends."""

    id: str
    occurred_at: datetime
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class EventPage:
    """A stretch of a vendor's list of events, oldest first; `more` says that it goes on."""

    events: tuple[PublishedEvent, ...]
    more: bool


REFERENCE_KIND: Mapping[System, str] = {
    System.CRM: "order",
    System.BILLING: "invoice_line",
    System.SCHEDULING: "appointment",
    System.TICKETING: "ticket",
}
"""What a vendor reference of each system denotes; searches show it."""
