"""What a step asks of its vendor: one form for one meaning, and the difference between two."""

from domain.catalogue import Product
from domain.differences import FieldChange, compare
from domain.identifiers import fingerprint
from domain.payloads import PAYLOADS, canonical, service_update
from domain.steps import Step
from domain.vendor_values import ServiceUpdate
from tests.support import factories


def test_the_same_products_give_the_same_payload_in_whatever_order_a_set_has_them() -> None:
    every = [*Product]
    one, other = (
        ServiceUpdate("a", "chg", "s", add=frozenset(products))
        for products in (every, reversed(every))
    )
    assert canonical(one)["add"] == sorted(every)
    assert fingerprint(canonical(one)) == fingerprint(canonical(other))


def test_every_payload_names_its_change_and_account() -> None:
    change, plan = factories.change(), factories.plan()
    for step, build in PAYLOADS.items():
        told = canonical(build(change, plan))
        assert (told["change_id"], told["account_id"]) == (change.id, change.account_id), step


def test_a_revised_document_changes_what_billing_is_asked_and_not_what_the_crm_is() -> None:
    change, plan = factories.change(), factories.plan()
    revised = plan.model_copy(update={"document_version": 2})
    billing = PAYLOADS[Step.POST_BILLING_CHANGE]
    differing = [
        each.path
        for each in compare(canonical(billing(change, plan)), canonical(billing(change, revised)))
        if each.change is not FieldChange.SAME
    ]
    assert differing == ["document_version"]
    assert canonical(service_update(change, plan)) == canonical(service_update(change, revised))


def test_a_difference_names_what_came_what_went_and_what_changed() -> None:
    left = {"a": 1, "b": {"c": [1, 2]}, "gone": None, "empty": []}
    right = {"a": 2, "b": {"c": [1]}, "new": "x", "empty": []}
    told = {each.path: (each.change, each.left, each.right) for each in compare(left, right)}
    assert told == {
        "a": (FieldChange.CHANGED, 1, 2),
        "b.c[0]": (FieldChange.SAME, 1, 1),
        "b.c[1]": (FieldChange.REMOVED, 2, None),
        "gone": (FieldChange.REMOVED, None, None),
        "empty": (FieldChange.SAME, [], []),
        "new": (FieldChange.ADDED, None, "x"),
    }
