"""Every bad field of a submission is named; every good one is kept."""

from typing import Any

import pytest

from domain.catalogue import PaymentMethod, Product
from domain.errors import InvalidChangeError
from domain.service_change import ChangeKind
from domain.submission import (
    DETAILS_OF,
    REQUIRED_DOCUMENT,
    billing_address_of,
    check_submission,
    details_from,
    wish_of,
)

ADDRESS = {
    "line1": "1 Example Street",
    "line2": "",
    "city": "Sacramento",
    "postal_code": "95814",
    "country": "US",
}
GOOD: dict[str, Any] = {
    "account_id": "7590-VHVEG",
    "kind": "change_internet_service",
    "requested_date": "2026-12-01",
    "details": {"internet_service": "Fiber optic"},
}
DETAILS: dict[str, dict[str, Any]] = {
    "change_internet_service": {"internet_service": "No"},
    "add_service": {"service": "streaming_tv"},
    "remove_service": {"service": "phone"},
    "change_contract": {"contract": "Two year"},
    "change_payment_method": {"payment_method": "Credit card (automatic)"},
    "change_billing_address": {"billing_address": ADDRESS},
}


def problems(raw: object) -> list[str]:
    with pytest.raises(InvalidChangeError) as caught:
        check_submission(raw)
    assert all(problem.message for problem in caught.value.problems)
    return [problem.field for problem in caught.value.problems]


@pytest.mark.parametrize(("kind", "details"), list(DETAILS.items()))
def test_a_good_submission_of_each_kind_passes_and_reads_back_the_same(
    kind: str, details: dict[str, Any]
) -> None:
    checked = check_submission(GOOD | {"kind": kind, "details": details})

    assert checked.details.model_dump(mode="json") == details
    assert details_from(checked.kind, details) == checked.details


def test_every_kind_is_tested_has_details_and_a_word_on_documents() -> None:
    assert set(DETAILS) == set(ChangeKind) == set(DETAILS_OF) == set(REQUIRED_DOCUMENT)


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({"account_id": ""}, ["account_id"]),
        ({"account_id": "../etc"}, ["account_id"]),
        ({"account_id": "a" * 65}, ["account_id"]),
        ({"account_id": None}, ["account_id"]),
        ({"kind": "close_account"}, ["kind"]),
        ({"requested_date": "next week"}, ["requested_date"]),
        ({"requested_date": "2026-02-30"}, ["requested_date"]),
        ({"details": "Fiber"}, ["details"]),
        ({"details": {}}, ["details.internet_service"]),
        ({"details": {"internet_service": "Cable"}}, ["details.internet_service"]),
        (
            {"details": {"internet_service": "DSL", "speed": 100}},
            ["details.speed"],
        ),
        ({"note": "n" * 2001}, ["note"]),
        ({"approved": True}, ["approved"]),
        ({"kind": "add_service", "details": {"service": "dsl"}}, ["details.service"]),
        ({"kind": "add_service", "details": {"service": "sauna"}}, ["details.service"]),
        ({"kind": "change_contract", "details": {"contract": "Ten year"}}, ["details.contract"]),
        (
            {"kind": "change_payment_method", "details": {"payment_method": "Shells"}},
            ["details.payment_method"],
        ),
        (
            {
                "kind": "change_billing_address",
                "details": {"billing_address": ADDRESS | {"country": "usa", "line1": "  "}},
            },
            ["details.billing_address.line1", "details.billing_address.country"],
        ),
        (
            {
                "kind": "change_billing_address",
                "details": {"billing_address": ADDRESS | {"postal_code": "?"}},
            },
            ["details.billing_address.postal_code"],
        ),
        ({"account_id": "", "kind": "x", "note": 5}, ["account_id", "kind", "note"]),
    ],
)
def test_each_bad_field_is_named(change: dict[str, Any], fields: list[str]) -> None:
    assert problems(GOOD | change) == fields


@pytest.mark.parametrize("field", sorted(GOOD))
def test_each_missing_field_is_named(field: str) -> None:
    assert problems({name: value for name, value in GOOD.items() if name != field}) == [field]


@pytest.mark.parametrize("raw", [None, [], "change", 7])
def test_what_is_no_object_is_refused_as_a_whole(raw: object) -> None:
    assert problems(raw) == ["change"]


def test_a_wish_holds_the_values_of_its_kind_and_no_address() -> None:
    pay = check_submission(
        GOOD | {"kind": "change_payment_method", "details": DETAILS["change_payment_method"]}
    )
    move = check_submission(
        GOOD | {"kind": "change_billing_address", "details": DETAILS["change_billing_address"]}
    )

    assert wish_of(pay.kind, pay.details).payment_method is PaymentMethod.CREDIT_CARD
    assert "Example Street" not in repr(wish_of(move.kind, move.details))
    assert billing_address_of(pay.details) is None
    address = billing_address_of(move.details)
    assert address is not None
    assert address.city == "Sacramento"


def test_a_service_becomes_a_product_of_the_catalogue() -> None:
    checked = check_submission(GOOD | {"kind": "add_service", "details": DETAILS["add_service"]})

    assert wish_of(checked.kind, checked.details).service is Product.STREAMING_TV
