"""How the desk fills and empties, as figures and as the points of a picture."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from domain.contracts_trend import TrendView
from domain.trend import TrendUnit

CAME, WENT, STOOD = "Came to a standstill", "Were ended", "Stood still"
UNITS: Final[Mapping[str, TrendUnit]] = {"24 hours": TrendUnit.HOUR, "14 days": TrendUnit.DAY}
_CLOCKS: Final = {TrendUnit.HOUR: "%H:%M", TrendUnit.DAY: "%d %b"}


@dataclass(frozen=True, slots=True)
class Point:
    """One number of one stretch; `when` is its beginning as the reader's clock has it."""

    place: int
    when: str
    what: str
    count: int


def points(trend: TrendView, now: datetime) -> list[Point]:
    """Every number of the whole desk, the oldest stretch first."""
    clocks = labels(trend, now)
    series = {CAME: trend.total.opened, WENT: trend.total.closed, STOOD: trend.total.standing}
    return [
        Point(place, clock, what, counts[place])
        for place, clock in enumerate(clocks)
        for what, counts in series.items()
    ]


def labels(trend: TrendView, now: datetime) -> list[str]:
    """When each stretch began, on the reader's own clock."""
    told = _CLOCKS[trend.unit]
    return [begin.astimezone(now.tzinfo).strftime(told) for begin in trend.starts]


def is_quiet(trend: TrendView) -> bool:
    """Whether nothing stood still in all that time."""
    return not any(trend.total.opened) and not any(trend.total.standing)


def of_causes(trend: TrendView) -> dict[str, list[int]]:
    """How many stood still for each cause that was asked for, over time."""
    return {cause.fingerprint: cause.standing for cause in trend.causes}


def summary(trend: TrendView) -> str:
    """The picture in words, for whoever does not see it."""
    came, went = sum(trend.total.opened), sum(trend.total.closed)
    return (
        f"By the {trend.unit}: {came:,} came to a standstill, {went:,} were ended, "
        f"{trend.total.standing[-1]:,} stand still now."
    )
