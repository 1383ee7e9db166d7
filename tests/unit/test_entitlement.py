"""Each rule of entitlement, on both sides of its edge."""

from datetime import timedelta
from typing import Any

import pytest

from domain.catalogue import ContractTerm, InternetService, Product, Wish
from domain.entitlement import REQUIRES, RULES, Lifecycle, findings
from domain.service_change import ChangeKind, CheckOutcome
from tests.support.factories import ACCOUNT, REQUESTED, account

P = Product
K = ChangeKind
PHONE_AND_DSL = frozenset({P.PHONE, P.DSL})
TERM = {"contract": ContractTerm.TWO_YEAR, "contract_ends_on": REQUESTED + timedelta(days=1)}


def add(service: Product) -> Wish:
    return Wish(K.ADD_SERVICE, service=service)


def remove(service: Product) -> Wish:
    return Wish(K.REMOVE_SERVICE, service=service)


def internet(service: InternetService) -> Wish:
    return Wish(K.CHANGE_INTERNET_SERVICE, internet_service=service)


def contract(term: ContractTerm) -> Wish:
    return Wish(K.CHANGE_CONTRACT, contract=term)


def codes(wish: Wish, facts: dict[str, Any]) -> list[str]:
    return [finding.code for finding in findings(account(**facts), ACCOUNT, wish, REQUESTED)]


FORBIDDEN = [
    ("account_closed", add(P.MULTIPLE_LINES), {"lifecycle": Lifecycle.CLOSED}),
    ("closing_may_not_add", add(P.MULTIPLE_LINES), {"lifecycle": Lifecycle.CLOSING}),
    ("nothing_to_change", add(P.PHONE), {}),
    ("nothing_to_change", remove(P.TECH_SUPPORT), {}),
    ("nothing_to_change", internet(InternetService.DSL), {}),
    ("nothing_to_change", contract(ContractTerm.MONTH_TO_MONTH), {}),
    ("requirement_missing", add(P.MULTIPLE_LINES), {"products": frozenset({P.DSL})}),
    ("requirement_missing", remove(P.PHONE), {"products": PHONE_AND_DSL | {P.MULTIPLE_LINES}}),
    (
        "requirement_missing",
        internet(InternetService.NO),
        {"products": PHONE_AND_DSL | {P.STREAMING_TV}},
    ),
    ("fiber_not_available", internet(InternetService.FIBER_OPTIC), {"fiber_available": False}),
    ("contract_term_runs", remove(P.PHONE), TERM),
    ("contract_term_runs", internet(InternetService.NO), TERM),
    ("contract_term_runs", contract(ContractTerm.ONE_YEAR), TERM),
    ("contract_term_runs", contract(ContractTerm.MONTH_TO_MONTH), TERM),
]


@pytest.mark.parametrize(("code", "wish", "facts"), FORBIDDEN)
def test_a_rule_forbids_with_its_code(code: str, wish: Wish, facts: dict[str, Any]) -> None:
    assert codes(wish, facts) == [code]


def test_every_rule_has_a_case_above() -> None:
    assert {code for code, _, _ in RULES} == {code for code, _, _ in FORBIDDEN}


ALLOWED = [
    (add(P.MULTIPLE_LINES), {}),
    (remove(P.PHONE), {}),
    (remove(P.MULTIPLE_LINES), {"products": PHONE_AND_DSL | {P.MULTIPLE_LINES}}),
    (remove(P.PHONE), {"lifecycle": Lifecycle.CLOSING}),
    (internet(InternetService.FIBER_OPTIC), {}),
    (internet(InternetService.NO), {}),
    # A switch from one internet service to the other keeps what the term was sold on.
    (internet(InternetService.FIBER_OPTIC), TERM),
    # Add-ons are not what a term was sold on.
    (remove(P.TECH_SUPPORT), {**TERM, "products": PHONE_AND_DSL | {P.TECH_SUPPORT}}),
    # Lengthening is always welcome; what is already there needs no new fiber.
    (contract(ContractTerm.TWO_YEAR), {**TERM, "contract": ContractTerm.ONE_YEAR}),
    (
        add(P.STREAMING_TV),
        {"products": frozenset({P.FIBER_OPTIC}), "fiber_available": False},
    ),
    (Wish(K.CHANGE_PAYMENT_METHOD), TERM),
    (Wish(K.CHANGE_BILLING_ADDRESS), {"lifecycle": Lifecycle.CLOSING}),
]


@pytest.mark.parametrize(("wish", "facts"), ALLOWED)
def test_what_no_rule_forbids_is_entitled(wish: Wish, facts: dict[str, Any]) -> None:
    assert codes(wish, facts) == []


@pytest.mark.parametrize(("product", "needed"), list(REQUIRES.items()))
def test_an_addition_needs_what_it_works_beside(
    product: Product, needed: frozenset[Product]
) -> None:
    without = frozenset(P) - needed - {product} - set(REQUIRES)

    assert codes(add(product), {"products": without}) == ["requirement_missing"]
    for one in needed:
        assert codes(add(product), {"products": frozenset({one})}) == []


@pytest.mark.parametrize(
    ("days_before_the_end", "expected"),
    [(1, ["contract_term_runs"]), (0, []), (-1, [])],
)
def test_the_day_a_contract_ends_is_the_first_day_of_freedom(
    days_before_the_end: int, expected: list[str]
) -> None:
    ends = REQUESTED + timedelta(days=days_before_the_end)
    facts = {"contract": ContractTerm.ONE_YEAR, "contract_ends_on": ends}

    assert codes(remove(P.PHONE), facts) == expected
    assert codes(contract(ContractTerm.MONTH_TO_MONTH), facts) == expected


def test_every_reason_is_given_the_most_final_one_first() -> None:
    found = findings(
        account(lifecycle=Lifecycle.CLOSED, fiber_available=False),
        ACCOUNT,
        internet(InternetService.FIBER_OPTIC),
        REQUESTED,
    )

    assert [(f.code, f.outcome) for f in found] == [
        ("account_closed", CheckOutcome.DENIED),
        ("fiber_not_available", CheckOutcome.BLOCKED),
    ]


def test_an_unknown_account_is_denied_by_name() -> None:
    (found,) = findings(None, "0000-NOBODY", add(P.PHONE), REQUESTED)

    assert (found.code, found.outcome) == ("account_unknown", CheckOutcome.DENIED)
    assert "0000-NOBODY" in found.message


def test_a_running_term_is_named_with_its_end() -> None:
    (found,) = findings(account(**TERM), ACCOUNT, remove(P.PHONE), REQUESTED)

    assert found.message == (
        "The Two year contract runs until 2026-12-02; phone cannot be removed before that."
    )
