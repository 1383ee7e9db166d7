"""What systems of record list of all their accounts, page by page, in our words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from domain.catalogue import PaymentMethod, Product
from domain.vendor_values import BillingAddress, Standing

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Listing(Generic[Item]):
    """A stretch of a list. `next_cursor` is the vendor's own place in it; None at the end."""

    items: Sequence[Item]
    next_cursor: str | None = None


@dataclass(frozen=True, slots=True)
class BilledAccount:
    """What billing has on record of an account.

    `products` is what it charges for, None where it does not say. `billing_address` is personal.
    """

    account_id: str
    standing: Standing
    recurring_minor: int
    currency: str
    products: frozenset[Product] | None = None
    payment_method: PaymentMethod | None = None
    billing_address: BillingAddress | None = None


@dataclass(frozen=True, slots=True)
class ListedAppointment:
    """An appointment as scheduling has it. `stands`: confirmed, and not given back since."""

    reference: str
    our_reference: str
    account_id: str
    stands: bool
    starts_at: datetime
    changed_at: datetime | None = None
