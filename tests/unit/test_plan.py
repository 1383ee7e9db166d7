"""What an approval is about, and that it changes with every fact approved."""

from datetime import timedelta
from typing import Any

import pytest

from domain.catalogue import ContractTerm, Product, Wish
from domain.identifiers import System
from domain.plan import build_plan, money, summary_of, system_of
from domain.service_change import ChangeKind
from domain.steps import Step
from domain.vendor_values import PriceLine
from tests.support.factories import REQUESTED, plan


@pytest.mark.parametrize(
    "fact",
    [
        {"wish": Wish(ChangeKind.ADD_SERVICE, service=Product.STREAMING_TV)},
        {"details": {"internet_service": "No"}},
        {"requested_date": REQUESTED + timedelta(days=1)},
        {"document_version": 2},
        {"document_sha256": "00" * 32},
        {"document_sha256": None},
        {"held": frozenset({Product.PHONE})},
        {"recurring_minor": 4521},
        {"ticket": "T-100001"},
    ],
    ids=",".join,
)
def test_the_fingerprint_changes_with_every_fact_approved(fact: dict[str, Any]) -> None:
    assert plan(**fact).sha256 != plan().sha256


def test_the_same_facts_give_the_same_fingerprint_after_a_round_trip() -> None:
    assert type(plan()).model_validate(plan().model_dump(mode="json")).sha256 == plan().sha256


def test_a_switch_posts_one_line_that_comes_and_one_that_goes() -> None:
    assert plan().lines == (
        PriceLine(Product.FIBER_OPTIC, 1, 5000),
        PriceLine(Product.DSL, -1, 2500),
    )


def test_the_price_after_starts_from_what_is_charged_now() -> None:
    assert (plan().recurring_before_minor, plan().recurring_after_minor) == (4520, 7020)


def test_effects_are_planned_in_the_order_they_are_applied() -> None:
    steps = [effect.step for effect in plan(ticket="T-100001").effects]

    assert steps == [
        Step.POST_BILLING_CHANGE,
        Step.BOOK_APPOINTMENT,
        Step.UPDATE_SERVICES,
        Step.CLOSE_TICKET,
    ]
    assert [system_of(effect) for effect in plan(ticket="T-1").effects] == [
        System.BILLING,
        System.SCHEDULING,
        System.CRM,
        System.TICKETING,
    ]


def test_without_a_ticket_none_is_closed() -> None:
    assert Step.CLOSE_TICKET not in {effect.step for effect in plan().effects}


def test_an_effect_says_what_a_person_needs_to_approve_it() -> None:
    assert [effect.summary for effect in plan().effects] == [
        "Internet service becomes Fiber optic: $45.20 becomes $70.20 per month",
        "Technician visit on 2026-12-01",
        "Order for: Internet service becomes Fiber optic",
    ]


def test_paperwork_costs_nothing() -> None:
    paper = build_plan(
        wish=Wish(ChangeKind.CHANGE_CONTRACT, contract=ContractTerm.TWO_YEAR),
        details={"contract": "Two year"},
        requested_date=REQUESTED,
        document_version=1,
        document_sha256=None,
        held=frozenset({Product.PHONE}),
        recurring_minor=2000,
        ticket=None,
    )

    assert (paper.lines, paper.recurring_after_minor) == ((), 2000)


def test_a_summary_of_an_address_holds_nothing_personal() -> None:
    wish = Wish(ChangeKind.CHANGE_BILLING_ADDRESS)

    assert summary_of(wish) == "Billing address becomes the submitted one"


@pytest.mark.parametrize("kind", ChangeKind)
def test_every_kind_has_words(kind: ChangeKind) -> None:
    assert summary_of(Wish(kind))


@pytest.mark.parametrize(
    ("minor", "text"), [(0, "$0.00"), (5, "$0.05"), (2985, "$29.85"), (-500, "-$5.00")]
)
def test_money_is_written_in_dollars(minor: int, text: str) -> None:
    assert money(minor) == text
