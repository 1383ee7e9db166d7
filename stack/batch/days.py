"""Days told relative to the run ("the fifth open day") and the dates they mean at a place."""

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import islice
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from sandbox.scheduling.areas import ServiceArea, area_of
from sandbox.scheduling.calendar import (
    BOOKABLE_DAYS_AHEAD,
    ClosedReason,
    closed_reason,
    open_days_from,
)


class DayRule(StrEnum):
    """What sort of day in the calendar of the account's service area."""

    OPEN = "open_day"
    WEEKEND = "weekend_day"
    HOLIDAY = "holiday"
    BEYOND = "beyond_calendar"


class RequestedDay(BaseModel):
    """The `nth` day of its sort, 1 being the first from three days ahead of the run on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rule: DayRule
    nth: int = Field(ge=1)

    def on(self, account_id: str, now: datetime) -> date:
        """The date it means for the account when the batch runs now."""
        area = area_of(account_id)
        first = now.astimezone(area.time_zone).date() + timedelta(days=_DAYS_AHEAD)
        days = _DAYS[self.rule](area, first, now)
        return next(islice(days, self.nth - 1, None))


_DAYS_AHEAD: Final = 3
"""Far enough that a run across midnight in any area still means the same sort of day."""


def _closed_for(reason: ClosedReason) -> Callable[[ServiceArea, date, datetime], Iterator[date]]:
    def days(area: ServiceArea, first: date, now: datetime) -> Iterator[date]:
        ahead = (first + timedelta(days=each) for each in range(BOOKABLE_DAYS_AHEAD))
        return (day for day in ahead if closed_reason(area, day, now) is reason)

    return days


def _beyond(_area: ServiceArea, first: date, _now: datetime) -> Iterator[date]:
    return (first + timedelta(days=BOOKABLE_DAYS_AHEAD + each) for each in range(365))


_DAYS: Final[Mapping[DayRule, Callable[[ServiceArea, date, datetime], Iterator[date]]]] = {
    DayRule.OPEN: open_days_from,
    DayRule.WEEKEND: _closed_for(ClosedReason.WEEKEND),
    DayRule.HOLIDAY: _closed_for(ClosedReason.HOLIDAY),
    DayRule.BEYOND: _beyond,
}
