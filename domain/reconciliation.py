"""Which fields are compared between systems, how each is read, and what explains a difference.

Pure tables and functions. Nothing here says who may decide what: see `reconciliation_decisions`.
"""

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from domain.catalogue import Product
from domain.entitlement import AccountFacts, Lifecycle
from domain.field_ownership import owner_of
from domain.identifiers import EffectKey, System, fingerprint
from domain.listings import BilledAccount, ListedAppointment
from domain.service_change import ChangeKind, ChangeStatus
from domain.vendor_values import BillingAddress, Standing, TicketState, TicketStatus


class Field(StrEnum):
    """The compared fields, by their names in the table of field ownership."""

    ACCOUNT_LIFECYCLE = "account_lifecycle"
    SERVICES_HELD = "services_held"
    CONTRACT_TERM = "contract_term"
    RECURRING_CHARGE = "recurring_charge"
    PAYMENT_METHOD = "billing_payment_method"
    BILLING_ADDRESS = "billing_address"
    APPOINTMENT = "appointment"
    TICKET_STATUS = "ticket_status"


class RepairKind(StrEnum):
    """How the owner's value is brought to a system that has another."""

    POST_PRICE_LINES = "post_price_lines"
    """Billing is asked to charge for what the CRM says is held, no more and no less."""
    TAKE_OVER = "take_over"
    """Our own record notes the owner's value as what stands; no vendor is called."""


@dataclass(frozen=True, slots=True)
class ComparedField:
    """One field between its owner and one other system.

    `absent`: what it means that a system has no such thing; None: then there is nothing to
    compare. `repair` is None where the other system alone may change its own record.
    """

    field: Field
    system: System
    repair: RepairKind | None
    money: bool = False
    absent: str | None = None

    @property
    def owner(self) -> System:
        """Whose value counts, by the table of field ownership."""
        owner = owner_of(self.field)
        if owner is None:
            raise KeyError(self.field)
        return owner


ACTIVE: Final = "active"
CLOSED: Final = "closed"
OPEN: Final = "open"
BOOKED: Final = "booked"
NOT_BOOKED: Final = "not booked"
NO_ACCOUNT: Final = "no account"

_US: Final = System.THROUGHLINE
_TAKE_OVER: Final = RepairKind.TAKE_OVER

COMPARED: Final[tuple[ComparedField, ...]] = (
    ComparedField(Field.ACCOUNT_LIFECYCLE, System.BILLING, None, absent=NO_ACCOUNT),
    ComparedField(Field.SERVICES_HELD, System.BILLING, RepairKind.POST_PRICE_LINES, money=True),
    ComparedField(Field.SERVICES_HELD, _US, _TAKE_OVER),
    ComparedField(Field.CONTRACT_TERM, _US, _TAKE_OVER),
    ComparedField(Field.RECURRING_CHARGE, _US, _TAKE_OVER, money=True),
    ComparedField(Field.PAYMENT_METHOD, _US, _TAKE_OVER),
    ComparedField(Field.BILLING_ADDRESS, _US, _TAKE_OVER),
    ComparedField(Field.APPOINTMENT, _US, _TAKE_OVER, absent=NOT_BOOKED),
    ComparedField(Field.TICKET_STATUS, _US, _TAKE_OVER, absent=CLOSED),
)
"""Each row is one comparison. Nothing is ever written to the owner."""

_BY_PAIR: Final = {(each.field, each.system): each for each in COMPARED}


def compared(field: str, system: System) -> ComparedField:
    """The row of a field and the system that is not its owner. Raises KeyError for no such row."""
    return _BY_PAIR[Field(field), system]


def may_be_compared(read: Iterable[System]) -> tuple[ComparedField, ...]:
    """The comparisons both of whose systems were read whole."""
    whole = frozenset(read)
    return tuple(each for each in COMPARED if {each.owner, each.system} <= whole)


READ_FROM: Final = (
    System.CRM,
    System.BILLING,
    System.SCHEDULING,
    System.TICKETING,
    System.THROUGHLINE,
)
"""Every system a run reads, our own record among them."""


@dataclass(frozen=True, slots=True)
class Observation:
    """One field as one system has it, in the form it is compared in; nothing personal.

    `subject` tells things of one account apart, such as its appointments. `changed_at` is the
    system's own word on when it became so, where it says.
    """

    account_id: str
    field: Field
    value: str
    subject: str = ""
    changed_at: datetime | None = None


def products_value(products: Iterable[Product]) -> str:
    """A set of products; equal sets give equal text."""
    return ", ".join(sorted(products))


def products_of(value: str) -> frozenset[Product]:
    """The inverse of `products_value`."""
    return frozenset(Product(name) for name in value.split(", ") if name)


def address_value(address: BillingAddress) -> str:
    """An address as its fingerprint: enough to say that two differ, and nothing to read."""
    return fingerprint(dataclasses.asdict(address))


def of_crm(account: AccountFacts) -> list[Observation]:
    """What the CRM says of an account."""
    closed = account.lifecycle is Lifecycle.CLOSED
    id_ = account.account_id
    return [
        Observation(id_, Field.ACCOUNT_LIFECYCLE, CLOSED if closed else ACTIVE),
        Observation(id_, Field.SERVICES_HELD, products_value(account.products)),
        Observation(id_, Field.CONTRACT_TERM, account.contract),
    ]


def of_billing(account: BilledAccount) -> list[Observation]:
    """What billing says of an account; what it does not tell is not compared."""
    closed = account.standing is Standing.CLOSED
    told = {
        Field.ACCOUNT_LIFECYCLE: CLOSED if closed else ACTIVE,
        Field.RECURRING_CHARGE: str(account.recurring_minor),
        Field.SERVICES_HELD: None if account.products is None else products_value(account.products),
        Field.PAYMENT_METHOD: account.payment_method,
        Field.BILLING_ADDRESS: (
            address_value(account.billing_address) if account.billing_address else None
        ),
    }
    return [
        Observation(account.account_id, field, value)
        for field, value in told.items()
        if value is not None
    ]


def of_scheduling(appointment: ListedAppointment) -> list[Observation]:
    """An appointment under a reference of ours; others' appointments are no business of ours."""
    if not _is_ours(appointment.our_reference):
        return []
    return [
        Observation(
            appointment.account_id,
            Field.APPOINTMENT,
            BOOKED if appointment.stands else NOT_BOOKED,
            subject=appointment.reference,
            changed_at=appointment.changed_at,
        )
    ]


def of_ticketing(ticket: TicketState) -> list[Observation]:
    """A ticket under a reference of ours."""
    if not _is_ours(ticket.our_reference):
        return []
    return [
        Observation(
            ticket.account_id,
            Field.TICKET_STATUS,
            CLOSED if ticket.status is TicketStatus.CLOSED else OPEN,
            subject=ticket.reference,
            changed_at=ticket.changed_at,
        )
    ]


def _is_ours(reference: str) -> bool:
    try:
        EffectKey.parse(reference)
    except ValueError:
        return False
    return True


class Reason(StrEnum):
    """Why a difference is no error."""

    CHANGE_IN_FLIGHT = "change_in_flight"
    REVISION_PENDING = "revision_pending"
    JUST_APPLIED = "just_applied"


JUST_NOW: Final = timedelta(minutes=10)
"""Systems are read one after the other; what moved so shortly before the first of two readings,
or since, may stand in one of them only."""

_ALWAYS: Final = frozenset({Field.APPOINTMENT, Field.TICKET_STATUS})
_SERVICES: Final = _ALWAYS | {Field.SERVICES_HELD, Field.RECURRING_CHARGE}
TOUCHES: Final[Mapping[ChangeKind, frozenset[Field]]] = {
    ChangeKind.CHANGE_INTERNET_SERVICE: _SERVICES,
    ChangeKind.ADD_SERVICE: _SERVICES,
    ChangeKind.REMOVE_SERVICE: _SERVICES,
    ChangeKind.CHANGE_CONTRACT: _ALWAYS | {Field.CONTRACT_TERM},
    ChangeKind.CHANGE_PAYMENT_METHOD: _ALWAYS | {Field.PAYMENT_METHOD},
    ChangeKind.CHANGE_BILLING_ADDRESS: _ALWAYS | {Field.BILLING_ADDRESS},
}
"""The compared fields each kind of change moves."""

_MOVING: Final = frozenset(
    {ChangeStatus.APPLYING, ChangeStatus.COMPENSATING, ChangeStatus.NEEDS_ATTENTION}
)
"""While an effect may stand in one system and not yet in another."""


@dataclass(frozen=True, slots=True)
class NearbyChange:
    """A change of the same account. `touched_at`: when an effect of it was last begun or closed."""

    id: str
    kind: ChangeKind
    status: ChangeStatus
    revision_pending: bool
    touched_at: datetime | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a difference follows from, and the change it will go away with."""

    reason: Reason
    change_id: str
    sentence: str


_SENTENCES: Final[Mapping[Reason, str]] = {
    Reason.CHANGE_IN_FLIGHT: "A change of this field is under way; it agrees again once that ends.",
    Reason.REVISION_PENDING: "A revised document of this change waits for a decision.",
    Reason.JUST_APPLIED: "A change of this field was applied while the systems were being read.",
}


def explain(field: Field, changes: Iterable[NearbyChange], read_at: datetime) -> Explanation | None:
    """Why the field may differ now; None if nothing accounts for it.

    `read_at`: when the first of the two systems was read.
    """
    concerned = [change for change in changes if field in TOUCHES[change.kind]]
    for reason, applies in _RULES:
        for change in concerned:
            if applies(change, field, read_at):
                return Explanation(reason, change.id, _SENTENCES[reason])
    return None


def _in_flight(change: NearbyChange, field: Field, _: datetime) -> bool:
    if field is Field.TICKET_STATUS and change.status is ChangeStatus.INCOMPLETE:
        return True
    return change.status in _MOVING


def _revision(change: NearbyChange, _: Field, __: datetime) -> bool:
    return change.revision_pending


def _just_applied(change: NearbyChange, _: Field, read_at: datetime) -> bool:
    return change.touched_at is not None and change.touched_at >= read_at - JUST_NOW


_RULES: Final = (
    (Reason.CHANGE_IN_FLIGHT, _in_flight),
    (Reason.REVISION_PENDING, _revision),
    (Reason.JUST_APPLIED, _just_applied),
)


class Freshness(StrEnum):
    """What the last reading of all accounts is worth now."""

    NOT_RUN = "not_run"
    STALE = "stale"
    INCOMPLETE = "incomplete"
    FRESH = "fresh"


STALE_AFTER: Final = timedelta(hours=26)
"""A night and two hours: a run that began late is not called missing."""


def freshness(finished_at: datetime | None, *, complete: bool, now: datetime) -> Freshness:
    """Of the last run over all accounts; `complete`: every system was read whole."""
    if finished_at is None:
        return Freshness.NOT_RUN
    if now - finished_at > STALE_AFTER:
        return Freshness.STALE
    return Freshness.FRESH if complete else Freshness.INCOMPLETE
