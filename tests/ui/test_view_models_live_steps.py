"""Steps that back off, as sentences."""

from datetime import UTC, datetime, timedelta

from domain.contracts_live_steps import LiveState, LiveStepView
from domain.identifiers import System
from support_ui.view_models import live_steps

NOW = datetime(2026, 11, 3, 14, 2, 11, tzinfo=UTC)


def step(**values: object) -> LiveStepView:
    usual: dict[str, object] = {
        "step": "post_billing_change",
        "system": System.BILLING,
        "state": LiveState.BACKING_OFF,
        "attempt": 3,
        "attempts_left": None,
        "last_failure": "503 Service Unavailable",
        "last_ended_at": NOW - timedelta(seconds=3),
        "next_attempt_at": NOW + timedelta(minutes=2),
        "tried_until": NOW + timedelta(hours=1),
        "interval_seconds": 60.0,
        "longest_interval_seconds": 120.0,
    }
    return LiveStepView.model_validate(usual | values)


def test_only_steps_that_back_off_are_shown_the_soonest_first() -> None:
    later = step(step="book_appointment", next_attempt_at=NOW + timedelta(hours=1))
    steps = [later, step(state=LiveState.TRYING), step()]
    assert [each.step for each in live_steps.backing_off(steps)] == [
        "post_billing_change", "book_appointment",
    ]  # fmt: skip


def test_a_step_tells_its_tries_its_next_one_and_its_limit() -> None:
    told = live_steps.standing(step(), NOW)
    assert told.startswith("2 tries failed; next try <time ")
    assert ">in 2 min</time>" in told
    assert told.endswith(", then a person is asked")


def test_counted_tries_are_told_as_what_is_left() -> None:
    assert live_steps.standing(step(attempts_left=2), NOW).endswith("2 more after that")
    assert live_steps.standing(step(attempts_left=0), NOW).endswith("this is the last one")
    endless = step(tried_until=None, attempt=2)
    assert live_steps.standing(endless, NOW).startswith("1 try failed")
    assert live_steps.standing(endless, NOW).endswith("tried until it succeeds")


def test_the_wait_between_tries_is_told_where_the_engine_says_it() -> None:
    assert live_steps.interval(step()) == "Waits 1 min between tries, growing to 2 min."
    assert live_steps.interval(step(interval_seconds=None)) == ""
