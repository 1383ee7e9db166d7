"""The stretches of a trend: whole hours or days where the reader lives."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from domain.trend import TrendUnit, starts

BERLIN = ZoneInfo("Europe/Berlin")
KATHMANDU = ZoneInfo("Asia/Kathmandu")
NOON = datetime(2026, 11, 2, 12, 34, 56, tzinfo=UTC)


def test_the_last_stretch_is_under_way_and_the_oldest_comes_first() -> None:
    assert starts(TrendUnit.HOUR, 3, NOON, UTC) == [
        datetime(2026, 11, 2, hour, tzinfo=UTC) for hour in (10, 11, 12)
    ]


def test_hours_begin_where_the_readers_clock_strikes() -> None:
    (begun,) = starts(TrendUnit.HOUR, 1, NOON, KATHMANDU)  # 5:45 ahead
    assert begun == datetime(2026, 11, 2, 12, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "hours"),
    [
        (datetime(2026, 10, 26, 12, tzinfo=UTC), 25),
        (datetime(2026, 3, 30, 12, tzinfo=UTC), 23),
        (datetime(2026, 6, 2, 12, tzinfo=UTC), 24),
    ],
)
def test_a_day_is_as_long_as_the_zone_has_it(now: datetime, hours: int) -> None:
    yesterday, today = starts(TrendUnit.DAY, 2, now, BERLIN)
    assert today - yesterday == timedelta(hours=hours)


def test_every_hour_of_a_clock_change_is_told_once() -> None:
    told = starts(TrendUnit.HOUR, 5, datetime(2026, 10, 25, 2, 30, tzinfo=UTC), BERLIN)
    assert len(set(told)) == 5
    assert told[-1] - told[0] == timedelta(hours=4)
