"""Which fields are compared, what our own record expects, what explains, who may decide."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.catalogue import Product
from domain.field_ownership import owner_of
from domain.identifiers import System
from domain.listings import BilledAccount, ListedAppointment
from domain.reconciliation import (
    COMPARED,
    JUST_NOW,
    STALE_AFTER,
    TOUCHES,
    Field,
    Freshness,
    NearbyChange,
    Reason,
    explain,
    freshness,
    may_be_compared,
    of_billing,
    of_scheduling,
    products_of,
    products_value,
)
from domain.reconciliation_decisions import (
    OVER,
    RULES,
    STANDING,
    DifferenceAction,
    DifferenceFacts,
    DifferenceState,
    becomes,
    may_decide,
)
from domain.reconciliation_messages import ReadingPace
from domain.reconciliation_own import OwnAccount, OwnEffect, OwnTicket, TakenOver, expected
from domain.service_change import ChangeKind, ChangeStatus, EffectStatus, Role
from domain.steps import Step
from domain.vendor_values import BillingAddress, Standing

NOW = datetime(2026, 11, 24, 2, tzinfo=UTC)
HELD = {"products": ["dsl", "phone"], "contract": "Month-to-month"}


def effect(step: Step, minutes: int, **values: Any) -> OwnEffect:  # noqa: ANN401 - fields
    fields: dict[str, Any] = {
        "status": EffectStatus.APPLIED,
        "reference": "ref",
        "facts": {},
        "payload": {},
        "held": HELD,
        "held_at": NOW,
    }
    return OwnEffect(step, at=NOW + timedelta(minutes=minutes), **{**fields, **values})


def expects(*effects: OwnEffect, **others: Any) -> dict[tuple[Field, str], str]:  # noqa: ANN401
    found = expected(OwnAccount("a", effects=effects, **others))
    return {(each.field, each.subject): each.value for each in found}


def nearby(**values: Any) -> NearbyChange:  # noqa: ANN401 - fields of the change
    fields: dict[str, Any] = {
        "id": "chg_1",
        "kind": ChangeKind.ADD_SERVICE,
        "status": ChangeStatus.ACTIVE,
        "revision_pending": False,
        "touched_at": NOW - timedelta(days=1),
    }
    return NearbyChange(**{**fields, **values})


def test_every_compared_field_is_in_the_table_of_ownership_and_no_owner_is_repaired() -> None:
    for each in COMPARED:
        assert owner_of(each.field) is each.owner
        assert each.system is not each.owner
    assert {field for touched in TOUCHES.values() for field in touched} == set(Field) - {
        Field.ACCOUNT_LIFECYCLE
    }


def test_only_what_was_read_at_both_systems_is_compared() -> None:
    pairs = {(each.field, each.system) for each in may_be_compared([System.CRM, System.BILLING])}
    assert pairs == {
        (Field.ACCOUNT_LIFECYCLE, System.BILLING),
        (Field.SERVICES_HELD, System.BILLING),
    }


def test_products_have_one_form_and_come_back() -> None:
    products = frozenset({Product.PHONE, Product.DSL})
    assert products_value(products) == "dsl, phone"
    assert products_of(products_value(products)) == products
    assert products_of("") == frozenset()


def test_nothing_personal_is_observed_and_what_billing_does_not_tell_is_not_compared() -> None:
    address = BillingAddress("1 Main Street", "", "Springfield", "12345", "US")
    told = BilledAccount("a", Standing.CURRENT, 4520, "usd", None, None, address)
    found = {each.field: each.value for each in of_billing(told)}
    assert set(found) == {Field.ACCOUNT_LIFECYCLE, Field.RECURRING_CHARGE, Field.BILLING_ADDRESS}
    assert "Main" not in found[Field.BILLING_ADDRESS]


def test_appointments_of_others_are_no_business_of_ours() -> None:
    theirs = ListedAppointment("apt", "somebody-elses", "a", stands=True, starts_at=NOW)
    assert of_scheduling(theirs) == []


def test_applied_changes_are_folded_over_what_the_crm_said_before() -> None:
    found = expects(
        effect(Step.UPDATE_SERVICES, 2, facts={"added": ["tech_support"], "removed": ["dsl"]}),
        effect(Step.POST_BILLING_CHANGE, 1, facts={"recurring_after_minor": 5020}),
        effect(Step.BOOK_APPOINTMENT, 1, reference="apt_1"),
    )
    assert found[Field.SERVICES_HELD, ""] == "phone, tech_support"
    assert found[Field.CONTRACT_TERM, ""] == "Month-to-month"
    assert found[Field.RECURRING_CHARGE, ""] == "5020"
    assert found[Field.APPOINTMENT, "apt_1"] == "booked"


def test_what_was_undone_is_expected_undone() -> None:
    undone = EffectStatus.REVERSED
    found = expects(
        effect(Step.UPDATE_SERVICES, 2, status=undone, facts={"added": ["tech_support"]}),
        effect(Step.POST_BILLING_CHANGE, 1, status=undone, facts={"recurring_after_minor": 5020}),
        effect(Step.REVERSE_BILLING_CHANGE, 3, facts={"recurring_after_minor": 4520}),
        effect(Step.BOOK_APPOINTMENT, 1, status=undone, reference="apt_1"),
    )
    assert (Field.SERVICES_HELD, "") not in found
    assert found[Field.RECURRING_CHARGE, ""] == "4520"
    assert found[Field.APPOINTMENT, "apt_1"] == "not booked"


@pytest.mark.parametrize("status", [EffectStatus.UNKNOWN, EffectStatus.SKIPPED])
def test_what_nobody_knows_or_was_done_by_hand_is_not_expected(status: EffectStatus) -> None:
    found = expects(
        effect(Step.UPDATE_SERVICES, 1, facts={"added": ["tech_support"]}),
        effect(Step.UPDATE_SERVICES, 2, status=status),
        effect(Step.POST_BILLING_CHANGE, 1, facts={"recurring_after_minor": 5020}),
        effect(Step.POST_BILLING_CHANGE, 2, status=status),
    )
    assert found == {}


def test_an_account_without_a_change_expects_nothing() -> None:
    assert expected(OwnAccount("a")) == []


def test_the_owners_value_that_was_taken_over_counts_until_a_later_change() -> None:
    taken = TakenOver(Field.SERVICES_HELD, "", "phone", NOW + timedelta(minutes=5))
    earlier = effect(Step.UPDATE_SERVICES, 1, facts={"added": ["tech_support"]})
    later = effect(Step.UPDATE_SERVICES, 9, held_at=NOW + timedelta(minutes=8))
    assert expects(earlier, taken_over=[taken])[Field.SERVICES_HELD, ""] == "phone"
    assert expects(earlier, later, taken_over=[taken])[Field.SERVICES_HELD, ""] == "dsl, phone"


def test_tickets_are_expected_as_we_left_them() -> None:
    tickets = [OwnTicket("T-1", None, NOW), OwnTicket("T-2", NOW, NOW)]
    found = expects(tickets=tickets)
    assert found == {(Field.TICKET_STATUS, "T-1"): "open", (Field.TICKET_STATUS, "T-2"): "closed"}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (nearby(status=ChangeStatus.APPLYING), Reason.CHANGE_IN_FLIGHT),
        (nearby(status=ChangeStatus.NEEDS_ATTENTION), Reason.CHANGE_IN_FLIGHT),
        (nearby(revision_pending=True), Reason.REVISION_PENDING),
        (nearby(touched_at=NOW - JUST_NOW), Reason.JUST_APPLIED),
        (nearby(), None),
        (nearby(status=ChangeStatus.AWAITING_APPROVAL), None),
        (nearby(kind=ChangeKind.CHANGE_CONTRACT, status=ChangeStatus.APPLYING), None),
    ],
)
def test_a_difference_is_explained_by_a_change_of_that_field_alone(
    change: NearbyChange, reason: Reason | None
) -> None:
    why = explain(Field.SERVICES_HELD, [change], NOW)
    assert (why.reason if why else None) == reason


def test_the_last_run_is_fresh_for_a_night_and_two_hours() -> None:
    late = NOW + STALE_AFTER + timedelta(seconds=1)
    assert freshness(None, complete=False, now=NOW) is Freshness.NOT_RUN
    assert freshness(NOW, complete=True, now=NOW) is Freshness.FRESH
    assert freshness(NOW, complete=False, now=NOW) is Freshness.INCOMPLETE
    assert freshness(NOW, complete=True, now=late) is Freshness.STALE


def test_a_repair_of_money_is_proposed_and_one_of_ours_begins_at_once() -> None:
    money = DifferenceFacts(Field.SERVICES_HELD, System.BILLING, DifferenceState.OPEN)
    ours = DifferenceFacts(Field.CONTRACT_TERM, System.THROUGHLINE, DifferenceState.OPEN)
    assert becomes(DifferenceAction.REPAIR, money) is DifferenceState.REPAIR_PROPOSED
    assert becomes(DifferenceAction.REPAIR, ours) is DifferenceState.REPAIRING


def test_nobody_decides_about_what_is_over_and_support_repairs_nothing() -> None:
    for state in OVER:
        facts = DifferenceFacts(Field.CONTRACT_TERM, System.THROUGHLINE, state)
        for action in RULES:
            assert not may_decide(action, facts, role=Role.ADMIN, principal="a").allowed
    repairing = DifferenceFacts(Field.CONTRACT_TERM, System.THROUGHLINE, DifferenceState.OPEN)
    said = may_decide(DifferenceAction.REPAIR, repairing, role=Role.SUPPORT, principal="s")
    assert (said.allowed, said.rights) == (False, True)
    assert {rule.becomes for rule in RULES.values()} <= STANDING


def test_reading_takes_a_share_of_a_vendors_rate_and_our_own_record_none() -> None:
    pace = ReadingPace(rate=10, share=0.25, rates={System.CRM: 2.0})
    assert pace.seconds_between(System.BILLING) == pytest.approx(0.4)
    assert pace.seconds_between(System.CRM) == pytest.approx(2.0)
    assert pace.seconds_between(System.THROUGHLINE) == 0
