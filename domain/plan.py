"""What would be done where once approved: built from the checks, and what an approval names."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from domain.catalogue import (
    CURRENCY,
    PRICE_MINOR,
    Product,
    Visit,
    Wish,
    monthly_price_minor,
    products_after,
    visit_for,
)
from domain.identifiers import fingerprint
from domain.service_change import ChangeKind
from domain.steps import SYSTEM_OF, Step
from domain.vendor_values import PriceLine

_KIND_WORDS: Final[Mapping[ChangeKind, str]] = {
    ChangeKind.CHANGE_INTERNET_SERVICE: "Internet service becomes {internet_service}",
    ChangeKind.ADD_SERVICE: "Add {service}",
    ChangeKind.REMOVE_SERVICE: "Remove {service}",
    ChangeKind.CHANGE_CONTRACT: "Contract becomes {contract}",
    ChangeKind.CHANGE_PAYMENT_METHOD: "Payment method becomes {payment_method}",
    ChangeKind.CHANGE_BILLING_ADDRESS: "Billing address becomes the submitted one",
}


def summary_of(wish: Wish) -> str:
    """The wish in a few words, with nothing personal in them."""
    words = {
        "internet_service": wish.internet_service,
        "service": (wish.service or "").replace("_", " "),
        "contract": wish.contract,
        "payment_method": wish.payment_method,
    }
    return _KIND_WORDS[wish.kind].format(**words)


def ticket_subject(wish: Wish) -> str:
    """What a ticket about a change is called."""
    return f"{summary_of(wish)}: information needed"


class PlannedEffect(BaseModel):
    """One effect to come, in words."""

    model_config = ConfigDict(frozen=True)

    step: Step
    summary: str


class Plan(BaseModel):
    """Everything an approval is about. Amounts in US cents per month."""

    model_config = ConfigDict(frozen=True)

    wish_summary: str
    details_sha256: str
    document_version: int
    document_sha256: str | None
    requested_date: date
    visit: Visit
    add: tuple[Product, ...]
    remove: tuple[Product, ...]
    recurring_before_minor: int
    recurring_after_minor: int
    currency: str = CURRENCY
    effects: tuple[PlannedEffect, ...]

    @property
    def sha256(self) -> str:
        """Changes when anything approved changes."""
        return fingerprint(self.model_dump(mode="json"))

    @property
    def lines(self) -> tuple[PriceLine, ...]:
        """The price lines that billing is asked to post."""
        return tuple(
            PriceLine(product, quantity, PRICE_MINOR[product])
            for quantity, products in ((1, self.add), (-1, self.remove))
            for product in products
        )


def money(minor: int) -> str:
    """US cents as dollars, such as `$29.85`."""
    return f"{'-' if minor < 0 else ''}${abs(minor) // 100}.{abs(minor) % 100:02d}"


def build_plan(
    *,
    wish: Wish,
    details: Mapping[str, Any],
    requested_date: date,
    document_version: int,
    document_sha256: str | None,
    held: frozenset[Product],
    recurring_minor: int,
    ticket: str | None,
) -> Plan:
    """The plan for a change whose checks all passed."""
    after = products_after(held, wish)
    add, remove = tuple(sorted(after - held)), tuple(sorted(held - after))
    difference = monthly_price_minor(after) - monthly_price_minor(held)
    visit = visit_for(wish)
    what = summary_of(wish)
    sentences = {
        Step.POST_BILLING_CHANGE: (
            f"{what}: {money(recurring_minor)} becomes {money(recurring_minor + difference)} "
            "per month"
        ),
        Step.BOOK_APPOINTMENT: f"{visit.replace('_', ' ').capitalize()} on {requested_date}",
        Step.UPDATE_SERVICES: f"Order for: {what}",
    }
    if ticket:
        sentences[Step.CLOSE_TICKET] = f"Close ticket {ticket}"
    return Plan(
        wish_summary=what,
        details_sha256=fingerprint(details),
        document_version=document_version,
        document_sha256=document_sha256,
        requested_date=requested_date,
        visit=visit,
        add=add,
        remove=remove,
        recurring_before_minor=recurring_minor,
        recurring_after_minor=recurring_minor + difference,
        effects=tuple(PlannedEffect(step=step, summary=text) for step, text in sentences.items()),
    )


def system_of(effect: PlannedEffect) -> str:
    """The system a planned effect is for."""
    return SYSTEM_OF[effect.step]
