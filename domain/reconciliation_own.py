"""What our own record expects of an account: its applied changes, folded in order. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from domain.reconciliation import (
    BOOKED,
    CLOSED,
    NOT_BOOKED,
    OPEN,
    Field,
    Observation,
    address_value,
)
from domain.service_change import EffectStatus
from domain.steps import Step
from domain.vendor_values import BillingAddress

_SERVICE_STEPS: Final = frozenset({Step.UPDATE_SERVICES, Step.RESTORE_SERVICES})
_BILLING_STEPS: Final = frozenset({Step.POST_BILLING_CHANGE, Step.REVERSE_BILLING_CHANGE})
_STOOD: Final = frozenset({EffectStatus.APPLIED, EffectStatus.REVERSED})
_NOT_KNOWN: Final = frozenset({EffectStatus.UNKNOWN, EffectStatus.INTENDED, EffectStatus.SKIPPED})
"""What a person did by hand, or what nobody knows of: what stands then is not ours to say."""


@dataclass(frozen=True, slots=True)
class OwnEffect:
    """An effect of ours as it bears on what stands.

    `held` is what the CRM said when its change was last checked, at `held_at`.
    """

    step: str
    status: EffectStatus
    at: datetime
    reference: str | None
    facts: Mapping[str, Any]
    payload: Mapping[str, Any]
    held: Mapping[str, Any] = field(default_factory=dict)
    held_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class OwnTicket:
    """A ticket of ours."""

    reference: str
    closed_at: datetime | None
    opened_at: datetime


@dataclass(frozen=True, slots=True)
class TakenOver:
    """An owner's value that a person had noted here as what stands."""

    field: Field
    subject: str
    value: str
    at: datetime


@dataclass(frozen=True, slots=True)
class OwnAccount:
    """Everything our record has of one account that bears on what stands elsewhere."""

    account_id: str
    effects: Sequence[OwnEffect] = ()
    tickets: Sequence[OwnTicket] = ()
    taken_over: Sequence[TakenOver] = ()


def expected(account: OwnAccount) -> list[Observation]:
    """What should stand at the systems as far as our record can say; nothing it cannot.

    An account without an applied change expects nothing.
    """
    in_order = sorted(account.effects, key=lambda effect: effect.at)
    found = [
        *_services(account.account_id, in_order),
        *_charge(account.account_id, in_order),
        *_profile(account.account_id, in_order),
        *_appointments(account.account_id, in_order),
        *_tickets(account),
    ]
    return [_as_taken_over(each, account.taken_over) for each in found]


def _services(account_id: str, effects: Iterable[OwnEffect]) -> Iterable[Observation]:
    mine = [effect for effect in effects if effect.step in _SERVICE_STEPS]
    applied = [
        effect
        for effect in mine
        if effect.step == Step.UPDATE_SERVICES and effect.status is EffectStatus.APPLIED
    ]
    if not applied or any(effect.status in _NOT_KNOWN for effect in mine):
        return
    base, since = applied[-1].held, applied[-1].held_at
    if since is None or "products" not in base or "contract" not in base:
        return
    products, contract = set(base["products"]), base["contract"]
    for effect in (each for each in applied if each.at >= since):
        products |= set(effect.facts.get("added", ()))
        products -= set(effect.facts.get("removed", ()))
        contract = effect.payload.get("contract") or contract
    at = applied[-1].at
    yield Observation(account_id, Field.SERVICES_HELD, ", ".join(sorted(products)), changed_at=at)
    yield Observation(account_id, Field.CONTRACT_TERM, contract, changed_at=at)


def _charge(account_id: str, effects: Iterable[OwnEffect]) -> Iterable[Observation]:
    mine = [effect for effect in effects if effect.step in _BILLING_STEPS]
    if not mine or any(effect.status in _NOT_KNOWN for effect in mine):
        return
    stood = [effect for effect in mine if effect.status in _STOOD]
    if stood and "recurring_after_minor" in stood[-1].facts:
        value = str(stood[-1].facts["recurring_after_minor"])
        yield Observation(account_id, Field.RECURRING_CHARGE, value, changed_at=stood[-1].at)


def _profile(account_id: str, effects: Iterable[OwnEffect]) -> Iterable[Observation]:
    """How the customer pays and where invoices go, as the last posting that stands set them."""
    values: dict[Field, Observation] = {}
    for effect in effects:
        if effect.step != Step.POST_BILLING_CHANGE or effect.status is not EffectStatus.APPLIED:
            continue
        if method := effect.payload.get("payment_method"):
            found = Observation(account_id, Field.PAYMENT_METHOD, method, changed_at=effect.at)
            values[found.field] = found
        if address := effect.payload.get("billing_address"):
            value = address_value(BillingAddress(**address))
            found = Observation(account_id, Field.BILLING_ADDRESS, value, changed_at=effect.at)
            values[found.field] = found
    return values.values()


def _appointments(account_id: str, effects: Iterable[OwnEffect]) -> Iterable[Observation]:
    for effect in effects:
        if effect.step == Step.BOOK_APPOINTMENT and effect.reference and effect.status in _STOOD:
            stands = effect.status is EffectStatus.APPLIED
            yield Observation(
                account_id,
                Field.APPOINTMENT,
                BOOKED if stands else NOT_BOOKED,
                subject=effect.reference,
                changed_at=effect.at,
            )


def _tickets(account: OwnAccount) -> Iterable[Observation]:
    for ticket in account.tickets:
        yield Observation(
            account.account_id,
            Field.TICKET_STATUS,
            CLOSED if ticket.closed_at else OPEN,
            subject=ticket.reference,
            changed_at=ticket.closed_at or ticket.opened_at,
        )


def _as_taken_over(found: Observation, taken_over: Iterable[TakenOver]) -> Observation:
    """The observation, unless a person has since noted the owner's value as what stands."""
    later = [
        each
        for each in taken_over
        if (each.field, each.subject) == (found.field, found.subject)
        and (found.changed_at is None or each.at > found.changed_at)
    ]
    if not later:
        return found
    last = max(later, key=lambda each: each.at)
    return replace(found, value=last.value, changed_at=last.at)
