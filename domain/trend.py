"""The stretches of time a trend is told by: whole hours or days of one zone. Rules only."""

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta, tzinfo
from enum import StrEnum
from typing import Final

HOUR: Final = timedelta(hours=1)


class TrendUnit(StrEnum):
    """The stretch of time each number is about."""

    HOUR = "hour"
    DAY = "day"


USUAL: Final[Mapping[TrendUnit, int]] = {TrendUnit.HOUR: 24, TrendUnit.DAY: 14}
"""Stretches told where nobody says how many."""

MOST: Final[Mapping[TrendUnit, int]] = {TrendUnit.HOUR: 7 * 24, TrendUnit.DAY: 92}
"""A week by the hour, a quarter by the day: so far back the record is read."""


def starts(unit: TrendUnit, count: int, now: datetime, zone: tzinfo) -> list[datetime]:
    """When each of the last `count` stretches began, in UTC, the oldest first.

    The last one is under way. A day at a clock change has 23 or 25 hours; an hour is an hour.
    """
    here = now.astimezone(zone)
    if unit is TrendUnit.HOUR:
        begun = here.replace(minute=0, second=0, microsecond=0).astimezone(UTC)
        return [begun - n * HOUR for n in reversed(range(count))]
    days = (here.date() - timedelta(days=n) for n in reversed(range(count)))
    return [datetime.combine(day, time(), zone).astimezone(UTC) for day in days]
