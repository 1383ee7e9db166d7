"""The scheduling vendor's calendar rules. No HTTP here."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest

from sandbox._base.accounts import bundled_accounts
from sandbox.scheduling.areas import AREA_BY_ID, AREAS, area_of
from sandbox.scheduling.calendar import (
    BOOKABLE_DAYS_AHEAD,
    ClosedReason,
    Visit,
    closed_reason,
    find_slot,
    holiday_name,
    open_days_from,
    slots_on,
)

CHICAGO = AREA_BY_ID["chicago"]
PHOENIX = AREA_BY_ID["phoenix"]
LOS_ANGELES = AREA_BY_ID["los-angeles"]
NEW_YORK = AREA_BY_ID["new-york"]
NOW = datetime(2026, 10, 26, 15, tzinfo=UTC)
"""A Monday, the week in which daylight saving time ends (Sunday 1 November)."""


def test_every_bundled_account_has_an_area_and_no_area_stands_empty() -> None:
    found = Counter(area_of(account.account_id).area_id for account in bundled_accounts())
    assert set(found) == {area.area_id for area in AREAS}
    assert min(found.values()) > 700


def test_the_area_of_an_account_never_moves() -> None:
    assert area_of("7590-VHVEG").area_id == "chicago"


@pytest.mark.parametrize(
    ("day", "reason"),
    [
        (date(2026, 10, 25), ClosedReason.PAST),
        (date(2026, 10, 26), ClosedReason.PAST),
        (date(2026, 10, 27), None),
        (date(2026, 10, 31), ClosedReason.WEEKEND),
        (date(2026, 11, 1), ClosedReason.WEEKEND),
        (date(2026, 11, 26), ClosedReason.HOLIDAY),
        (date(2027, 4, 23), None),
        (date(2027, 4, 26), ClosedReason.TOO_FAR),
    ],
)
def test_a_day_is_open_from_tomorrow_to_the_horizon_but_for_weekends_and_holidays(
    day: date, reason: ClosedReason | None
) -> None:
    assert closed_reason(CHICAGO, day, NOW) is reason


def test_a_state_keeps_its_own_holidays() -> None:
    columbus_day = date(2026, 10, 12)
    assert holiday_name(NEW_YORK, columbus_day) == "Columbus Day"
    assert holiday_name(LOS_ANGELES, columbus_day) is None


def test_a_holiday_kept_on_another_day_closes_that_day() -> None:
    assert holiday_name(CHICAGO, date(2026, 7, 3)) == "Independence Day (observed)"


def test_tomorrow_is_the_areas_tomorrow_not_the_servers() -> None:
    late_evening_in_los_angeles = datetime(2026, 10, 27, 6, 30, tzinfo=UTC)
    the_27th = date(2026, 10, 27)
    assert closed_reason(LOS_ANGELES, the_27th, late_evening_in_los_angeles) is None
    assert closed_reason(NEW_YORK, the_27th, late_evening_in_los_angeles) is ClosedReason.PAST


def test_a_visit_keeps_its_local_hour_across_the_end_of_daylight_saving_time() -> None:
    before, after = (
        slots_on(CHICAGO, Visit.TECHNICIAN_VISIT, day)[0].starts_at
        for day in (date(2026, 10, 30), date(2026, 11, 2))
    )
    assert before.isoformat() == "2026-10-30T08:00:00-05:00"
    assert after.isoformat() == "2026-11-02T08:00:00-06:00"
    assert after.astimezone(UTC) - before.astimezone(UTC) == timedelta(days=3, hours=1)


def test_the_switch_day_itself_has_gapless_local_hours() -> None:
    the_switch = date(2027, 3, 14)
    starts = [slot.starts_at for slot in slots_on(CHICAGO, Visit.REMOTE_ACTIVATION, the_switch)]
    assert {start.utcoffset() for start in starts} == {timedelta(hours=-5)}
    assert [start.hour for start in starts] == list(range(8, 18))


def test_an_area_without_daylight_saving_time_keeps_its_offset() -> None:
    offsets = {
        slots_on(PHOENIX, Visit.TECHNICIAN_VISIT, day)[0].starts_at.utcoffset()
        for day in (date(2026, 10, 30), date(2026, 11, 2))
    }
    assert offsets == {timedelta(hours=-7)}


def test_a_technician_has_four_windows_and_eight_places_in_each() -> None:
    slots = slots_on(CHICAGO, Visit.TECHNICIAN_VISIT, date(2026, 10, 27))
    assert [(slot.starts_at.hour, slot.ends_at.hour) for slot in slots] == [
        (8, 10),
        (10, 12),
        (13, 15),
        (15, 17),
    ]
    assert {slot.capacity for slot in slots} == {8}


@pytest.mark.parametrize("visit", Visit)
def test_a_slot_is_found_again_by_its_id(visit: Visit) -> None:
    for slot in slots_on(CHICAGO, visit, date(2026, 10, 27)):
        assert find_slot(slot.slot_id) == slot


@pytest.mark.parametrize(
    "slot_id",
    [
        "",
        "chicago",
        "atlantis.technician_visit.2026-10-27.08",
        "chicago.house_party.2026-10-27.08",
        "chicago.technician_visit.2026-13-27.08",
        "chicago.technician_visit.2026-10-27.09",
        "chicago.technician_visit.20261027.08",
    ],
)
def test_an_invented_slot_id_names_no_slot(slot_id: str) -> None:
    assert find_slot(slot_id) is None


def test_the_open_days_start_at_the_asked_day_and_end_at_the_horizon() -> None:
    days = list(open_days_from(CHICAGO, date(2026, 10, 31), NOW))
    assert days[0] == date(2026, 11, 2)
    assert days[-1] <= NOW.date() + timedelta(days=BOOKABLE_DAYS_AHEAD)
    assert date(2026, 11, 26) not in days


def test_there_is_no_open_day_beyond_the_horizon() -> None:
    assert list(open_days_from(CHICAGO, date(2030, 1, 1), NOW)) == []
