"""Who may write what: the table behind every write to a vendor."""

import pytest

from domain.errors import FieldOwnershipError
from domain.field_ownership import FIELD_RULES, require_writable
from domain.identifiers import VENDORS, System
from domain.steps import SYSTEM_OF, WRITES, Step

OWNER = {rule.field: rule.owner for rule in FIELD_RULES}


@pytest.mark.parametrize("step", Step)
def test_what_a_step_writes_is_ours_to_write_at_that_system(step: Step) -> None:
    require_writable(WRITES[step])

    assert WRITES[step]
    assert {OWNER[field] for field in WRITES[step]} == {SYSTEM_OF[step]}


@pytest.mark.parametrize(
    ("field", "owner"),
    [
        ("payment", System.BILLING),
        ("account_standing", System.BILLING),
        ("account_lifecycle", System.CRM),
        ("service_address", System.CRM),
        ("contract_end", System.CRM),
        ("slot_capacity", System.SCHEDULING),
        ("ticket_answer", System.TICKETING),
        ("active", System.THROUGHLINE),
    ],
)
def test_a_foreign_field_is_refused_with_its_owner(field: str, owner: System) -> None:
    with pytest.raises(FieldOwnershipError, match=f"{field} is owned by {owner.spoken}") as caught:
        require_writable([field])

    assert (caught.value.field, caught.value.owner) == (field, owner)


def test_one_foreign_field_refuses_the_whole_write() -> None:
    with pytest.raises(FieldOwnershipError, match="payment"):
        require_writable({"invoice_line", "payment"})


def test_a_field_nobody_declared_is_an_error_of_ours() -> None:
    with pytest.raises(KeyError):
        require_writable(["loyalty_points"])


def test_the_owner_may_always_write_its_own_and_nobody_writes_active() -> None:
    for rule in FIELD_RULES:
        if rule.field == "active":
            assert rule.may_change == {}
        else:
            require_writable([rule.field], rule.owner)


def test_each_field_stands_once_and_every_system_owns_some() -> None:
    assert len(OWNER) == len(FIELD_RULES)
    assert set(OWNER.values()) == {*VENDORS, System.THROUGHLINE}


def test_no_vendor_writes_what_another_one_owns() -> None:
    for rule in FIELD_RULES:
        for vendor in VENDORS:
            assert rule.writable_by(vendor) == (vendor == rule.owner)
