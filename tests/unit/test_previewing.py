"""Where the checks of a change that nobody submitted would lead, and what somebody would bring."""

import pytest

from activities.checks import against, passed
from domain.identifiers import preview_workflow_id
from domain.messages import CheckResult, Waiting
from domain.previewing import missing, would_be
from domain.service_change import ChangeStatus, CheckName, CheckOutcome

GOOD = passed(CheckName.ENTITLEMENT, "Fine.")
OWING = against(CheckName.STANDING, CheckOutcome.BLOCKED, "past_due", "Pay first.", "customer")
WEEKEND = against(CheckName.DATE, CheckOutcome.BLOCKED, "date_weekend", "Another date.", "portal")
CLOSED = against(CheckName.ENTITLEMENT, CheckOutcome.DENIED, "account_closed", "It is closed.")


@pytest.mark.parametrize(
    ("checks", "status", "brought"),
    [
        ([GOOD], ChangeStatus.AWAITING_APPROVAL, []),
        ([GOOD, OWING, WEEKEND], ChangeStatus.INCOMPLETE, ["customer", "portal"]),
        ([CLOSED, OWING], ChangeStatus.REJECTED, []),
    ],
)
def test_the_gravest_answer_counts(
    checks: list[CheckResult], status: ChangeStatus, brought: list[str]
) -> None:
    assert would_be(checks) is status
    assert [each.party for each in missing(checks)] == brought


def test_what_is_missing_is_told_in_the_checks_own_words() -> None:
    assert missing([OWING]) == [Waiting(party="customer", what="Pay first.")]


def test_a_place_at_the_engine_does_not_name_its_caller() -> None:
    assert "olga" not in preview_workflow_id("olga", 1)
    assert preview_workflow_id("olga", 1) != preview_workflow_id("olga", 2)
    assert preview_workflow_id("olga", 1) != preview_workflow_id("oskar", 1)
