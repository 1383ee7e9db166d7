"""Offers, corrections, failures, outlooks and second approvals, computed from the API's answers."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.contracts import Me, ServiceChangeView
from domain.service_change import Action, ChangeStatus, Role
from support_ui.view_models import (
    actions,
    corrections,
    dead_letters,
    failures,
    outlook,
    problems,
    seconding,
)
from support_ui.view_models.corrections import Entered
from tests.ui import samples_desk, samples_history
from tests.ui.samples import NOW
from tests.ui.samples_desk import ACTIVE, ADDRESS, CORRECTION, PARKED, SKIPPING, billed, revised
from tests.ui.stub_api import problem

OPERATOR = Me(principal="operator", role=Role.OPERATOR)


def entered(change: ServiceChangeView) -> Entered:
    """What the form holds before anything is typed."""
    details = {each.path: each.value for each in corrections.detail_fields(change)}
    return Entered(change.requested_date, change.note, details)


def test_an_untouched_form_corrects_nothing() -> None:
    for change in (PARKED, ADDRESS):
        assert corrections.changes(change, entered(change)) == {}


def test_spaces_around_what_is_typed_are_no_difference() -> None:
    assert corrections.changes(PARKED, replace(entered(PARKED), note="  ")) == {}


def test_a_correction_holds_only_what_differs() -> None:
    later = PARKED.requested_date + timedelta(days=1)
    changed = corrections.changes(PARKED, replace(entered(PARKED), requested_date=later))
    assert changed == {"requested_date": "2026-12-02"}
    (shown,) = corrections.differences(PARKED, changed)
    assert (shown.before, shown.after) == ("2026-12-01", "2026-12-02")


def test_a_value_that_is_no_longer_sold_can_still_be_seen() -> None:
    change = PARKED.model_copy(update={"details": {"service": "telegraph"}})
    (service,) = corrections.detail_fields(change)
    assert service.choices[0] == service.value == "telegraph"
    assert "tech_support" in service.choices


def test_a_difference_inside_a_field_is_told_by_its_own_name() -> None:
    rows = corrections.difference_rows(CORRECTION.differences)
    assert rows[1] == {"Field": "Internet service", "Before": "DSL", "After": "Fiber optic"}


def test_a_button_says_whether_a_second_person_is_asked() -> None:
    for change, submits in ((PARKED, "Cancel the change"),
                            (billed(), "Ask a second person to cancel the change")):  # fmt: skip
        offers = actions.offers(change, samples_history.may_act(change, OPERATOR))
        (cancel,) = (offer for offer in offers if offer.action is Action.CANCEL)
        assert cancel.submit == submits


def test_only_what_is_about_a_version_names_one() -> None:
    offers = actions.offers(revised(), samples_history.may_act(revised(), OPERATOR))
    assert {offer.action: offer.version for offer in offers if offer.version} == {
        Action.APPLY_REVISION: 2, Action.DISCARD_REVISION: 2,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("after", "told"),
    [
        (billed(status=ChangeStatus.APPLYING), "goes on by itself"),
        (billed(status=ChangeStatus.CANCELLED), "is now “Cancelled”"),
        (billed(pending_decisions=[SKIPPING]), "waits for a second person"),
    ],
)
def test_what_came_of_an_action_is_told_as_the_api_answered(
    after: ServiceChangeView, told: str
) -> None:
    assert told in actions.confirmation(Action.SKIP, after)


def test_a_single_error_is_told_once_and_two_with_what_differs() -> None:
    assert PARKED.failure
    two = PARKED.failure
    labels = [fact.label for fact in failures.facts(two, NOW)]
    assert labels[3:5] == ["First error", "Last error"]
    one = two.model_copy(update={"last_error": two.first_error})
    assert [fact.label for fact in failures.facts(one, NOW)][3] == "First and last error"
    other = two.first_error.model_copy(update={"words": "429 slow down", "http_status": 429})
    first = failures.facts(two.model_copy(update={"first_error": other}), NOW)[3]
    assert first.lines[-1] == "“429 slow down”, HTTP 429"


def test_a_failure_that_is_tried_again_says_so() -> None:
    assert PARKED.failure
    going_on = PARKED.failure.model_copy(update={"dead_letter": None})
    assert "It is tried again by itself." in failures.facts(going_on, NOW)[2].lines


def test_an_outlook_lists_what_stands_and_keeps_a_state_it_does_not_know() -> None:
    told = samples_desk.outlook_of(ACTIVE, Action.CANCEL, OPERATOR)
    assert len(outlook.rows(told)) == 3
    odd = told.model_copy(
        update={"steps": [told.steps[0].model_copy(update={"state": "half_undone"})]}
    )
    assert outlook.rows(odd)[0]["Now"] == "Half undone"


def test_an_outlook_past_the_point_of_no_return_asks_for_a_new_change() -> None:
    told = samples_desk.outlook_of(ACTIVE, Action.CANCEL, OPERATOR)
    late = told.model_copy(update={"becomes_new_change": True})
    assert "submitted as a new change" in outlook.sentence(late)


def test_a_proposal_the_queue_no_longer_holds_cannot_be_answered() -> None:
    change = billed(pending_decisions=[SKIPPING])
    mine = Me(principal="second_operator", role=Role.OPERATOR)
    queue = samples_desk.second_approvals([change], mine)
    (open_,) = seconding.pending(change, queue, "Gone.")
    (gone,) = seconding.pending(change, [], "Gone.")
    assert (open_.refusal, gone.refusal) == (None, "Gone.")


def test_a_list_that_is_cut_short_says_of_how_many() -> None:
    (group,) = samples_desk.causes([PARKED], {})
    many = group.model_copy(update={"count": 1431})
    assert dead_letters.cut_short(200, many) == "The 200 oldest of 1,431 are shown."
    assert dead_letters.cut_short(200, None) == "The 200 oldest are shown."


def test_only_a_conflict_says_that_the_page_was_read_again() -> None:
    stale = problem(409, "stale_approval", "Moved on", "", "Look again.")
    wrong = problem(422, "invalid_request", "Wrong", "", "Mend it.")
    assert "read again just now" in problems.told_after(stale)
    assert "read again" not in problems.told_after(wrong)
