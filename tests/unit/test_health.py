"""States of parts and of vendors, by their tables."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.errors import FailureCode
from domain.health import (
    BUCKETS,
    LIMITS,
    NEXT,
    HealthState,
    Part,
    VendorFacts,
    bucket_of,
    judge,
    judge_vendor,
    seconds_per_bucket,
    spoken,
    worst,
)

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
FINE = {
    "calls": 100,
    "error_rate": 0.0,
    "p95_seconds": 0.3,
    "reachable": True,
    "last_success_at": NOW,
    "last_refused_credential_at": None,
    "closed_for": None,
    "paused": False,
}


def vendor(**values: object) -> HealthState:
    return judge_vendor(VendorFacts(**FINE | values)).state  # type: ignore[arg-type] # as above


@pytest.mark.parametrize("part", list(Part))
def test_every_part_gets_worse_with_its_measure(part: Part) -> None:
    limit = LIMITS[part]
    assert 0 < limit.slow < limit.down
    states = [judge(part, seconds) for seconds in (0, limit.slow, limit.down)]
    assert states == [HealthState.GOOD, HealthState.SLOW, HealthState.DOWN]
    assert judge(part, None) is HealthState.UNKNOWN


@pytest.mark.parametrize("part", list(Part))
@pytest.mark.parametrize("state", [HealthState.SLOW, HealthState.DOWN])
def test_whatever_is_not_well_says_what_to_do(part: Part, state: HealthState) -> None:
    assert NEXT[part, state]


def test_the_whole_is_as_its_worst_part() -> None:
    assert worst({}) is HealthState.GOOD
    assert worst({1: HealthState.GOOD, 2: HealthState.SLOW}) is HealthState.SLOW
    assert worst({1: HealthState.SLOW, 2: HealthState.DOWN}) is HealthState.DOWN


@pytest.mark.parametrize(
    ("values", "state"),
    [
        ({}, HealthState.GOOD),
        ({"paused": True, "error_rate": 1.0}, HealthState.PAUSED),
        ({"closed_for": FailureCode.THROTTLED}, HealthState.SLOW),
        ({"closed_for": FailureCode.UNAVAILABLE}, HealthState.DOWN),
        ({"reachable": False}, HealthState.DOWN),
        ({"error_rate": 0.5}, HealthState.DOWN),
        ({"error_rate": 0.05}, HealthState.SLOW),
        ({"p95_seconds": 5.0}, HealthState.SLOW),
        ({"usual_events": 5.0}, HealthState.SLOW),
        ({"usual_events": 4.0}, HealthState.GOOD),
        ({"credential_expires": True}, HealthState.SLOW),
        ({"closed_for": FailureCode.CREDENTIAL}, HealthState.DOWN),
        ({"calls": 0, "error_rate": None, "reachable": None}, HealthState.UNKNOWN),
    ],
)
def test_a_vendor_is_as_the_first_row_that_applies_says(
    values: dict[str, object], state: HealthState
) -> None:
    assert vendor(**values) is state


def test_a_credential_counts_as_refused_until_it_is_accepted() -> None:
    refused = {"last_refused_credential_at": NOW}
    assert vendor(**refused, last_success_at=NOW - timedelta(minutes=1)) is HealthState.DOWN
    assert vendor(**refused, last_success_at=None) is HealthState.DOWN
    assert vendor(**refused, last_success_at=NOW + timedelta(minutes=1)) is HealthState.GOOD


def test_a_longer_stretch_is_told_in_longer_buckets() -> None:
    assert [bucket_of(longest) for longest, _ in BUCKETS] == [each for _, each in BUCKETS]
    with pytest.raises(ValueError, match="longer than"):
        bucket_of(timedelta(hours=169))


def test_overlapping_spans_count_once_and_where_they_fall() -> None:
    minute = timedelta(minutes=1)
    begins = [NOW, NOW + minute, NOW + 2 * minute]
    spans = [(NOW + minute * 0.5, NOW + minute * 1.5), (NOW + minute, NOW + minute * 1.25)]
    assert seconds_per_bucket(spans, begins, minute) == [30.0, 30.0, 0.0]
    assert seconds_per_bucket([], begins, minute) == [0.0, 0.0, 0.0]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.24, "240 ms"), (4.4, "4 s"), (119, "119 s"), (720, "12 min"), (10800, "3 h")],
)
def test_a_span_is_said_in_one_unit(seconds: float, words: str) -> None:
    assert spoken(seconds) == words
