"""What the API answers of how the desk fills and empties. Shapes only, no rules."""

from datetime import datetime

from domain.contracts_failures import View
from domain.trend import TrendUnit


class TrendSeries(View):
    """Per stretch: how many came to stand still, were ended, and stood still at its end."""

    opened: list[int]
    closed: list[int]
    standing: list[int]


class CauseTrendView(TrendSeries):
    """The same for one cause."""

    fingerprint: str


class TrendView(View):
    """`starts` are the beginnings of the stretches, the oldest first; the last one is under way.

    Days are those of `zone`. Every list is as long as `starts`. `overdue`: how many of those that
    stand still now are past their time.
    """

    unit: TrendUnit
    zone: str
    starts: list[datetime]
    overdue: int
    total: TrendSeries
    causes: list[CauseTrendView]
