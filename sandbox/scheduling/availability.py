"""What can be booked on a day: the calendar and the bookings put together. No HTTP."""

import sqlite3
from dataclasses import dataclass
from datetime import date, datetime

from sandbox.scheduling.appointments import taken
from sandbox.scheduling.areas import ServiceArea
from sandbox.scheduling.calendar import (
    ClosedReason,
    Slot,
    Visit,
    closed_reason,
    holiday_name,
    open_days_from,
    slots_on,
)


@dataclass(frozen=True, slots=True)
class DayAvailability:
    """A day's windows with the places left in each; `reason` says why none can be had.

    `next_open_date` is the first day from this one on that still has a place: the day itself when
    it has one, None when nothing is left up to the horizon.
    """

    reason: ClosedReason | None
    holiday: str | None
    next_open_date: date | None
    remaining: tuple[tuple[Slot, int], ...]


def availability(
    db: sqlite3.Connection, area: ServiceArea, visit: Visit, day: date, now: datetime
) -> DayAvailability:
    """What an area has left on a day for one kind of visit."""
    reason = closed_reason(area, day, now)
    remaining = _remaining(db, area, visit, day, now) if reason is None else ()
    if reason is None and not _has_place(remaining):
        reason = ClosedReason.FULL
    return DayAvailability(
        reason=reason,
        holiday=holiday_name(area, day) if reason is ClosedReason.HOLIDAY else None,
        next_open_date=day if reason is None else _next_open(db, area, visit, day, now),
        remaining=remaining,
    )


def _next_open(
    db: sqlite3.Connection, area: ServiceArea, visit: Visit, day: date, now: datetime
) -> date | None:
    days = open_days_from(area, day, now)
    return next((d for d in days if _has_place(_remaining(db, area, visit, d, now))), None)


def _remaining(
    db: sqlite3.Connection, area: ServiceArea, visit: Visit, day: date, now: datetime
) -> tuple[tuple[Slot, int], ...]:
    slots = slots_on(area, visit, day)
    counts = taken(db, slots, now)
    return tuple((slot, slot.capacity - counts.get(slot.slot_id, 0)) for slot in slots)


def _has_place(remaining: tuple[tuple[Slot, int], ...]) -> bool:
    return any(left > 0 for _, left in remaining)
