"""What happens on which failure: the table answers every case."""

import itertools

import pytest

from domain.errors import FailureCode
from domain.failure_policy import (
    SELF_HEALING,
    Consequence,
    Phase,
    cause_of,
    failure_fingerprint,
    owner_of,
    rule_for,
)
from domain.identifiers import System
from domain.shapes import shape_of
from domain.steps import SYSTEM_OF

EVERY = list(itertools.product(FailureCode, [*SYSTEM_OF, "check_date"], [None, *Phase]))
WAITS = {FailureCode.PAUSED, FailureCode.STALLED, FailureCode.CREDENTIAL_FAULT}


@pytest.mark.parametrize("code", FailureCode)
def test_every_failure_has_a_consequence_an_owner_and_a_next_action(code: FailureCode) -> None:
    for each, step, phase in EVERY:
        if each is code:
            rule = rule_for(code, step, System.BILLING, phase)
            undone = code is FailureCode.REFUSED and phase is Phase.APPLYING
            waits = code in WAITS
            other = Consequence.WAIT if waits else Consequence.PARK
            assert rule.consequence is (Consequence.COMPENSATE if undone else other)
            assert rule.next_action.endswith(".")
    assert owner_of(code, "post_billing_change", System.BILLING)
    assert "{" not in cause_of(code, "post_billing_change", System.BILLING)


def test_what_time_may_cure_is_tried_again_before_a_person_is_asked() -> None:
    assert {
        FailureCode.UNAVAILABLE,
        FailureCode.THROTTLED,
        FailureCode.OUTCOME_UNKNOWN,
    } == SELF_HEALING


def test_a_refusal_belongs_to_the_team_of_the_system_and_nonsense_to_the_engineers() -> None:
    assert owner_of(FailureCode.REFUSED, "book_appointment", System.SCHEDULING) == "field planning"
    nonsense = owner_of(FailureCode.UNRECOGNISED_PAYLOAD, "book_appointment", System.SCHEDULING)
    assert nonsense == "integration engineers"


def test_a_cause_is_a_sentence_with_the_step_and_the_system() -> None:
    cause = cause_of(FailureCode.REFUSED, "post_billing_change", System.BILLING)

    assert cause == "Post billing change: refused by billing"


def test_a_shape_is_paths_and_types_without_a_value() -> None:
    payload = {"data": [{"id": "il_1", "amount": 5}, {"id": "il_2", "amount": None}], "more": False}

    assert shape_of(payload) == (
        ". object",
        "data array",
        "data[] object",
        "data[].amount null",
        "data[].amount number",
        "data[].id string",
        "more boolean",
    )


def test_failures_that_one_repair_would_cure_share_a_fingerprint() -> None:
    def of(answer: object, **other: object) -> str:
        facts = {
            "system": System.BILLING,
            "code": FailureCode.UNRECOGNISED_PAYLOAD,
            "step": "post_billing_change",
            "answer": answer,
        }
        return failure_fingerprint(**facts | other)  # type: ignore[arg-type] # a table of arguments

    assert of({"id": "a"}) == of({"id": "b"})
    assert of({"id": "a"}) != of({"id": 7})
    assert of({"id": "a"}) != of({"id": "a"}, step="book_appointment")
    assert of({"id": "a"}) != of({"id": "a"}, reason="slot_full")
    refused = of({"id": "a"}, code=FailureCode.REFUSED)
    assert refused == of({"other": "shape"}, code=FailureCode.REFUSED)
