"""Which days are open and which slots a day has. Pure: no clock of its own, no bookings."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import cache

import holidays

from sandbox.scheduling.areas import AREA_BY_ID, ServiceArea

BOOKABLE_DAYS_AHEAD = 180
"""The last bookable day, counted from the area's own today; the first is tomorrow."""

_SATURDAY = 5


class Visit(StrEnum):
    """What is booked: somebody comes, or somebody switches."""

    TECHNICIAN_VISIT = "technician_visit"
    REMOTE_ACTIVATION = "remote_activation"


class ClosedReason(StrEnum):
    """Why nothing can be booked on a day. `past` includes today: booking starts tomorrow."""

    PAST = "past"
    TOO_FAR = "too_far"
    WEEKEND = "weekend"
    HOLIDAY = "holiday"
    FULL = "full"


@dataclass(frozen=True, slots=True)
class _Shift:
    """The hours of one kind of visit, in local time, and how many fit into each."""

    hours: tuple[tuple[int, int], ...]
    capacity: int


_SHIFTS = {
    Visit.TECHNICIAN_VISIT: _Shift(hours=((8, 10), (10, 12), (13, 15), (15, 17)), capacity=8),
    Visit.REMOTE_ACTIVATION: _Shift(hours=tuple((h, h + 1) for h in range(8, 18)), capacity=50),
}


@dataclass(frozen=True, slots=True)
class Slot:
    """One bookable window of one area. Both ends carry the area's offset on that day."""

    slot_id: str
    area: ServiceArea
    visit: Visit
    starts_at: datetime
    ends_at: datetime
    capacity: int

    @property
    def date(self) -> date:
        """The local day."""
        return self.starts_at.date()


def slots_on(area: ServiceArea, visit: Visit, day: date) -> tuple[Slot, ...]:
    """The windows of a day in order, whether or not the day is open.

    Local wall-clock hours: 08:00 stays 08:00 on both sides of a daylight saving switch, which
    happens at 02:00 on a Sunday in every area that has one.
    """
    shift = _SHIFTS[visit]
    return tuple(
        Slot(
            slot_id=f"{area.area_id}.{visit}.{day.isoformat()}.{first:02d}",
            area=area,
            visit=visit,
            starts_at=datetime.combine(day, time(first), area.time_zone),
            ends_at=datetime.combine(day, time(last), area.time_zone),
            capacity=shift.capacity,
        )
        for first, last in shift.hours
    )


def find_slot(slot_id: str) -> Slot | None:
    """The slot an id names (`area.visit.date.hour`), or None when there is no such window."""
    parts = slot_id.split(".")
    if len(parts) != len(("area", "visit", "date", "hour")) or parts[0] not in AREA_BY_ID:
        return None
    try:
        visit, day = Visit(parts[1]), date.fromisoformat(parts[2])
    except ValueError:
        return None
    candidates = slots_on(AREA_BY_ID[parts[0]], visit, day)
    return next((slot for slot in candidates if slot.slot_id == slot_id), None)


def holiday_name(area: ServiceArea, day: date) -> str | None:
    """The holiday the area's state keeps on a day, None if it keeps none (library `holidays`)."""
    name = _state_holidays(area.state).get(day)
    return str(name) if name else None


def closed_reason(area: ServiceArea, day: date, now: datetime) -> ClosedReason | None:
    """Why the calendar keeps a day closed, None when it is open. Bookings are not looked at."""
    today = now.astimezone(area.time_zone).date()
    if day <= today:
        return ClosedReason.PAST
    if day > today + timedelta(days=BOOKABLE_DAYS_AHEAD):
        return ClosedReason.TOO_FAR
    if day.weekday() >= _SATURDAY:
        return ClosedReason.WEEKEND
    if holiday_name(area, day):
        return ClosedReason.HOLIDAY
    return None


def open_days_from(area: ServiceArea, day: date, now: datetime) -> Iterator[date]:
    """The days the calendar keeps open, from a day on (itself included) to the horizon."""
    today = now.astimezone(area.time_zone).date()
    first = max(day, today + timedelta(days=1))
    last = today + timedelta(days=BOOKABLE_DAYS_AHEAD)
    days = (first + timedelta(days=ahead) for ahead in range((last - first).days + 1))
    return (each for each in days if closed_reason(area, each, now) is None)


@cache
def _state_holidays(state: str) -> holidays.HolidayBase:
    """One table per state, filled year by year as it is asked (the library does that)."""
    return holidays.country_holidays("US", subdiv=state)
