"""When a failed step is tried again: by the engine's numbers, not before the vendor's word."""

from datetime import timedelta

import pytest

from domain.next_attempts import next_attempt
from tests.support.clock import START
from workflows.policies import VENDOR

HOUR = timedelta(hours=1)


@pytest.mark.parametrize(("tries", "seconds"), [(1, 1), (2, 2), (4, 8), (7, 60), (90, 60)])
def test_pauses_double_up_to_a_minute(tries: int, seconds: int) -> None:
    told = next_attempt(
        failed_tries=tries, last_ended_at=START, not_before=None, gives_up_at=START + HOUR
    )
    assert told.at == START + timedelta(seconds=seconds)
    assert VENDOR.maximum_interval == timedelta(seconds=60)


def test_a_vendor_is_not_asked_before_it_wants_to_be() -> None:
    later = START + timedelta(minutes=10)
    told = next_attempt(
        failed_tries=1, last_ended_at=START, not_before=later, gives_up_at=START + HOUR
    )
    assert told.at == later


def test_so_many_tries_are_left_as_fit_before_a_person_is_asked() -> None:
    minutes = timedelta(minutes=3, seconds=1)
    told = next_attempt(
        failed_tries=8, last_ended_at=START, not_before=None, gives_up_at=START + minutes
    )
    assert told.left == 3
    over = next_attempt(failed_tries=8, last_ended_at=START, not_before=None, gives_up_at=START)
    assert over.left == 0
