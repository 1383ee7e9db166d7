"""When a step that failed is tried again by itself, and how often at most. Pure.

An estimate by the same numbers the engine goes by; the record does not hold its timers.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

FIRST_PAUSE: Final = timedelta(seconds=1)
LONGEST_PAUSE: Final = timedelta(minutes=1)
FACTOR: Final = 2.0
"""How the pauses between tries of a vendor step grow."""


@dataclass(frozen=True, slots=True)
class NextAttempt:
    """At most `left` further tries, the first `at` that time; then a person is asked."""

    at: datetime
    left: int
    gives_up_at: datetime


def next_attempt(
    *,
    failed_tries: int,
    last_ended_at: datetime,
    not_before: datetime | None,
    gives_up_at: datetime,
) -> NextAttempt:
    """`failed_tries` is at least 1. `not_before`: the vendor's word, or its gate's."""
    at = last_ended_at + _pause(failed_tries)
    if not_before is not None:
        at = max(at, not_before)
    left, when = 0, at
    while when <= gives_up_at:
        left += 1
        when += _pause(failed_tries + left)
    return NextAttempt(at, left, gives_up_at)


def _pause(tries: int) -> timedelta:
    grown = FIRST_PAUSE * FACTOR ** min(tries - 1, 10)
    return min(grown, LONGEST_PAUSE)
