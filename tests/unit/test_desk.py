"""The desk's rules: every dead letter has a due time, every cause a state."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.desk import CauseState, due_at, is_overdue, standing, state_of
from domain.errors import FailureCode
from domain.failure_policy import owner_of
from domain.identifiers import System

AT = datetime(2026, 11, 2, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize("code", FailureCode)
@pytest.mark.parametrize("system", System)
def test_everything_that_stands_still_is_due_within_a_day(
    code: FailureCode, system: System
) -> None:
    due = due_at(code, owner_of(code, "any_step", system), AT)
    assert AT + HOUR <= due <= AT + 24 * HOUR


def test_what_stops_everything_comes_before_what_a_customer_waits_for() -> None:
    assert due_at(FailureCode.CREDENTIAL, "integration engineers", AT) == AT + HOUR
    assert due_at(FailureCode.UNVERIFIABLE, "billing operations", AT) == AT + 4 * HOUR
    assert due_at(FailureCode.REFUSED, "field planning", AT) == AT + 8 * HOUR
    assert due_at(FailureCode.REFUSED, "billing operations", AT) == AT + 24 * HOUR


def test_what_was_ended_in_time_stays_so() -> None:
    assert is_overdue(AT, None, AT + HOUR)
    assert not is_overdue(AT, AT - HOUR, AT + HOUR)
    assert is_overdue(AT, AT + HOUR, AT + 2 * HOUR)


@pytest.mark.parametrize(
    ("count", "assignee", "put_off", "state"),
    [
        (3, None, False, CauseState.OPEN),
        (3, "operator", False, CauseState.ACKNOWLEDGED),
        (3, "operator", True, CauseState.PUT_OFF),
        (0, "operator", True, CauseState.RESOLVED),
    ],
)
def test_a_cause_is_open_taken_put_off_or_resolved(
    count: int, assignee: str | None, put_off: bool, state: CauseState
) -> None:
    assert state_of(count, assignee, put_off=put_off) is state


def test_what_stood_still_is_counted_back_from_now() -> None:
    assert standing(2, opened=[3, 0, 1], closed=[0, 2, 0]) == [3, 1, 2]
