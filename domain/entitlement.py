"""May this account have this change? One table of rules over what the CRM knows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from domain.catalogue import INTERNET, ContractTerm, Product, Wish, products_after
from domain.service_change import ChangeKind, CheckOutcome


class Lifecycle(StrEnum):
    """An account's life at the CRM."""

    OPEN = "open"
    CLOSING = "closing"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """What the CRM says of an account; `version` is its ETag for a later conditional write."""

    account_id: str
    lifecycle: Lifecycle
    products: frozenset[Product]
    contract: ContractTerm
    contract_ends_on: date | None
    fiber_available: bool
    version: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One reason why not, as code and as a sentence for a person."""

    code: str
    outcome: CheckOutcome
    message: str


REQUIRES: Final[Mapping[Product, frozenset[Product]]] = {
    Product.MULTIPLE_LINES: frozenset({Product.PHONE}),
    Product.ONLINE_SECURITY: INTERNET,
    Product.ONLINE_BACKUP: INTERNET,
    Product.DEVICE_PROTECTION: INTERNET,
    Product.TECH_SUPPORT: INTERNET,
    Product.STREAMING_TV: INTERNET,
    Product.STREAMING_MOVIES: INTERNET,
}
"""A product works only beside one of these."""

TERM_BOUND: Final = INTERNET | {Product.PHONE}
"""What a running contract term was sold on: not removable before it ends."""

_TERM_MONTHS: Final[Mapping[ContractTerm, int]] = {
    ContractTerm.MONTH_TO_MONTH: 1,
    ContractTerm.ONE_YEAR: 12,
    ContractTerm.TWO_YEAR: 24,
}


@dataclass(frozen=True, slots=True)
class _Case:
    facts: AccountFacts
    wish: Wish
    on: date

    @property
    def after(self) -> frozenset[Product]:
        return products_after(self.facts.products, self.wish)

    @property
    def added(self) -> frozenset[Product]:
        return self.after - self.facts.products

    @property
    def removed(self) -> frozenset[Product]:
        return self.facts.products - self.after

    @property
    def term_runs(self) -> bool:
        ends = self.facts.contract_ends_on
        return ends is not None and self.on < ends


def _names(products: frozenset[Product]) -> str:
    return ", ".join(sorted(products))


def _account_closed(case: _Case) -> str | None:
    if case.facts.lifecycle is Lifecycle.CLOSED:
        return f"Account {case.facts.account_id} is closed at the CRM."
    return None


def _closing_may_not_add(case: _Case) -> str | None:
    if case.facts.lifecycle is Lifecycle.CLOSING and case.added:
        return f"The account is closing and may not add {_names(case.added)}."
    return None


def _requirements(case: _Case) -> str | None:
    for product in sorted(case.after):
        needed = REQUIRES.get(product, frozenset())
        if needed and not needed & case.after:
            return f"{product} needs {' or '.join(sorted(needed))}, which the account would lack."
    return None


def _fiber_where_available(case: _Case) -> str | None:
    if Product.FIBER_OPTIC in case.added and not case.facts.fiber_available:
        return "Fiber is not available at the service address."
    return None


def _term_forbids_removal(case: _Case) -> str | None:
    bound = case.removed & TERM_BOUND
    switched = bool(case.removed & INTERNET) and bool(case.added & INTERNET)
    bound = bound - INTERNET if switched else bound
    if case.term_runs and bound:
        return (
            f"The {case.facts.contract} contract runs until {case.facts.contract_ends_on}; "
            f"{_names(bound)} cannot be removed before that."
        )
    return None


def _term_forbids_shortening(case: _Case) -> str | None:
    wanted = case.wish.contract
    if wanted is None or not case.term_runs:
        return None
    if _TERM_MONTHS[wanted] < _TERM_MONTHS[case.facts.contract]:
        return (
            f"The {case.facts.contract} contract runs until {case.facts.contract_ends_on}; "
            f"it cannot become {wanted} before that."
        )
    return None


def _something_must_change(case: _Case) -> str | None:
    kind = case.wish.kind
    if kind in _PRODUCT_KINDS and case.after == case.facts.products:
        return "The account already holds exactly the services asked for."
    if case.wish.contract is case.facts.contract:
        return f"The contract already is {case.facts.contract}."
    return None


_PRODUCT_KINDS: Final = frozenset(
    {ChangeKind.CHANGE_INTERNET_SERVICE, ChangeKind.ADD_SERVICE, ChangeKind.REMOVE_SERVICE}
)

RULES: Final[tuple[tuple[str, CheckOutcome, Callable[[_Case], str | None]], ...]] = (
    ("account_closed", CheckOutcome.DENIED, _account_closed),
    ("closing_may_not_add", CheckOutcome.BLOCKED, _closing_may_not_add),
    ("nothing_to_change", CheckOutcome.BLOCKED, _something_must_change),
    ("requirement_missing", CheckOutcome.BLOCKED, _requirements),
    ("fiber_not_available", CheckOutcome.BLOCKED, _fiber_where_available),
    ("contract_term_runs", CheckOutcome.BLOCKED, _term_forbids_removal),
    ("contract_term_runs", CheckOutcome.BLOCKED, _term_forbids_shortening),
)
"""Code, weight and rule, most final first."""


def findings(facts: AccountFacts | None, account_id: str, wish: Wish, on: date) -> list[Finding]:
    """Every reason against the wish on that date; an empty list means entitled.

    `facts` of None means the CRM does not know the account, which nothing can repair.
    """
    if facts is None:
        return [
            Finding(
                "account_unknown", CheckOutcome.DENIED, f"The CRM knows no account {account_id}."
            )
        ]
    case = _Case(facts, wish, on)
    reasons = ((code, outcome, rule(case)) for code, outcome, rule in RULES)
    return [Finding(code, outcome, message) for code, outcome, message in reasons if message]
