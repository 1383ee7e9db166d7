"""What must stand in the way of a change, told from the bundled accounts alone.

A second opinion: written from the entitlement rules in words, it shares no code with `domain`, so
that the batch can find it wrong.
"""

from collections.abc import Mapping
from typing import Any, Final

from sandbox._base.accounts import Account
from stack.batch.days import DayRule

Products = frozenset[str]

_WIRES: Final = {"DSL": "dsl", "Fiber optic": "fiber_optic"}
_INTERNET: Final = frozenset(_WIRES.values())
_NEEDS_INTERNET: Final = frozenset(
    {
        "online_security",
        "online_backup",
        "device_protection",
        "tech_support",
        "streaming_tv",
        "streaming_movies",
    }
)
_TERMS: Final = ("Month-to-month", "One year", "Two year")  # shortest first

DOCUMENT_NEEDED: Final[Mapping[str, bool]] = {
    "change_internet_service": True,
    "add_service": True,
    "remove_service": False,
    "change_contract": True,
    "change_payment_method": True,
    "change_billing_address": True,
}

PARTY_OF: Final[Mapping[str, str]] = {
    "document_missing": "customer",
    "past_due": "customer",
    "closing_may_not_add": "portal",
    "nothing_to_change": "portal",
    "requirement_missing": "portal",
    "fiber_not_available": "portal",
    "contract_term_runs": "portal",
    "date_weekend": "portal",
    "date_holiday": "portal",
    "date_too_far": "portal",
}
"""Who has to move; a finding that is not here ends the change at once."""

_DAY_CODE: Final = {
    DayRule.WEEKEND: "date_weekend",
    DayRule.HOLIDAY: "date_holiday",
    DayRule.BEYOND: "date_too_far",
}


def products_after(held: Products, kind: str, details: Mapping[str, Any]) -> Products:
    """What the account holds once the change is done; most kinds touch no product."""
    if "internet_service" in details:
        wire = _WIRES.get(details["internet_service"])
        return (held - _INTERNET) | ({wire} if wire else set())
    service = {details["service"]} if "service" in details else set()
    return held - service if kind == "remove_service" else held | service


def entitlement_codes(account: Account, kind: str, details: Mapping[str, Any]) -> set[str]:
    """The codes of every entitlement rule broken.

    Any term there is counts as running: which account is fit for that is the drawing rule's care.
    """
    if account.lifecycle == "closed":
        return {"account_closed"}
    held, after = account.products, products_after(account.products, kind, details)
    gained, lost = after - held, held - after
    contract = details.get("contract", account.contract)
    touches_products = bool({"internet_service", "service"} & details.keys())
    given_up = lost & ({"phone"} if gained & _INTERNET else {"phone", *_INTERNET})
    shorter = _TERMS.index(contract) < _TERMS.index(account.contract)
    broken = {
        "closing_may_not_add": account.lifecycle == "closing" and bool(gained),
        "nothing_to_change": (touches_products and after == held)
        or details.get("contract") == account.contract,
        "requirement_missing": bool(after & _NEEDS_INTERNET and not after & _INTERNET)
        or ("multiple_lines" in after and "phone" not in after),
        "fiber_not_available": "fiber_optic" in gained and not account.fiber_available,
        "contract_term_runs": account.contract_ends_on is not None and (bool(given_up) or shorter),
    }
    return {code for code, applies in broken.items() if applies}


def findings(
    account: Account, kind: str, details: Mapping[str, Any], day: DayRule, *, document: bool
) -> set[str]:
    """The codes of everything that must stand in the way, in all four checks."""
    codes = entitlement_codes(account, kind, details)
    if account.past_due:
        codes.add("past_due")
    if day in _DAY_CODE:
        codes.add(_DAY_CODE[day])
    if DOCUMENT_NEEDED[kind] and not document:
        codes.add("document_missing")
    return codes
