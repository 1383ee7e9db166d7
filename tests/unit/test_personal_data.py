"""Which fields are personal, how they are masked, and that a mask is never taken for a value."""

import pytest

from domain.corrections import Correctable, check_correction
from domain.errors import InvalidChangeError
from domain.personal_data import MASK, PERSONAL, masked, personal_fields
from domain.submission import BillingAddressLines
from tests.support.factories import REQUESTED

ADDRESS = {
    "line1": "12 Elm St",
    "line2": "",
    "city": "Fresno",
    "postal_code": "93701",
    "country": "US",
}


def test_an_address_is_masked_field_by_field_and_keeps_its_shape() -> None:
    told = masked({"billing_address": ADDRESS, "lines": [{"amount_minor": 500}]})
    assert told["billing_address"] == {
        "line1": MASK, "line2": "", "city": MASK, "postal_code": MASK, "country": MASK,
    }  # fmt: skip
    assert told["lines"] == [{"amount_minor": 500}]


def test_what_stands_below_a_personal_field_is_personal_at_any_depth() -> None:
    assert masked({"address": {"parts": ["12", {"more": 3}]}}) == {
        "address": {"parts": [MASK, {"more": MASK}]}
    }


def test_a_product_that_is_called_like_a_personal_field_is_shown() -> None:
    assert masked({"phone": True}) == {"phone": True}
    assert masked({"phone": "+1 555 0100"}) == {"phone": MASK}


def test_the_personal_fields_of_a_value_are_named_by_their_paths_once_each() -> None:
    value = {"contacts": [{"email": "a@example.com"}, {"email": "b@example.com"}], **ADDRESS}
    assert personal_fields(value) == ["city", "contacts.email", "line1", "postal_code"]
    assert personal_fields(masked(value)) == []


def test_every_line_of_an_address_that_a_portal_may_submit_is_covered() -> None:
    assert "billing_address" in PERSONAL
    assert personal_fields({"billing_address": dict.fromkeys(BillingAddressLines.model_fields, "x")}
                           ) == [f"billing_address.{each}"
                                 for each in sorted(BillingAddressLines.model_fields)]  # fmt: skip


def test_a_correction_cannot_set_a_field_to_the_mask() -> None:
    change = Correctable(
        "7590-VHVEG", "change_billing_address", REQUESTED, {"billing_address": ADDRESS}, ""
    )
    changed = {"details": {"billing_address": {**ADDRESS, "line1": "14 Elm St", "city": MASK}}}
    with pytest.raises(InvalidChangeError) as refused:
        check_correction(change, changed, "operator")
    (problem,) = refused.value.problems
    assert problem.field == "changes.details.billing_address.city"
    assert "personal=show" in problem.message
