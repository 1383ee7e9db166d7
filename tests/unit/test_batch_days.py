"""Days told relative to the run, and the files that go with a change."""

from datetime import UTC, date, datetime, timedelta

import filetype
import pytest

from sandbox.scheduling.areas import area_of
from sandbox.scheduling.calendar import (
    BOOKABLE_DAYS_AHEAD,
    ClosedReason,
    closed_reason,
    holiday_name,
)
from stack.batch.days import DayRule, RequestedDay
from stack.batch.documents import MEDIA_TYPE, DocumentType, document

ACCOUNT = "7590-VHVEG"
AREA = area_of(ACCOUNT)
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def on(rule: DayRule, nth: int, now: datetime = NOW) -> date:
    return RequestedDay(rule=rule, nth=nth).on(ACCOUNT, now)


@pytest.mark.parametrize("nth", [1, 2, 20])
def test_open_days_can_be_booked_and_follow_each_other(nth: int) -> None:
    assert closed_reason(AREA, on(DayRule.OPEN, nth), NOW) is None
    assert on(DayRule.OPEN, nth) < on(DayRule.OPEN, nth + 1)


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        (DayRule.WEEKEND, ClosedReason.WEEKEND),
        (DayRule.HOLIDAY, ClosedReason.HOLIDAY),
        (DayRule.BEYOND, ClosedReason.TOO_FAR),
    ],
)
def test_closed_days_are_closed_for_the_reason_meant(rule: DayRule, reason: ClosedReason) -> None:
    for nth in (1, 2):
        assert closed_reason(AREA, on(rule, nth), NOW) is reason


def test_the_first_holiday_is_one_the_state_keeps() -> None:
    assert holiday_name(AREA, on(DayRule.HOLIDAY, 1))


def test_every_day_of_the_year_has_two_holidays_and_twenty_open_days_ahead() -> None:
    for day in range(366):
        now = NOW + timedelta(days=day)
        assert on(DayRule.HOLIDAY, 2, now) < now.date() + timedelta(days=BOOKABLE_DAYS_AHEAD)
        assert closed_reason(AREA, on(DayRule.OPEN, 20, now), now) is None


def test_a_day_that_was_open_before_midnight_is_open_after_it() -> None:
    late = datetime(2026, 11, 24, 23, 59, tzinfo=AREA.time_zone)
    chosen = on(DayRule.OPEN, 1, late)
    assert closed_reason(AREA, chosen, late + timedelta(minutes=2)) is None


@pytest.mark.parametrize("kind", DocumentType)
def test_a_document_is_what_its_type_says_and_carries_its_text(kind: DocumentType) -> None:
    content = document(kind, "B001 of run 42")
    assert filetype.guess(content).mime == MEDIA_TYPE[kind]
    assert b"B001 of run 42" in content
    assert content == document(kind, "B001 of run 42")


def test_the_cross_reference_table_of_the_pdf_points_at_its_objects() -> None:
    content = document(DocumentType.PDF, "B001 (first)")
    start = int(content.split(b"startxref\n")[1].split()[0])
    entries = content[start:].split(b"trailer")[0].splitlines()[3:]
    offsets = [int(entry.split()[0]) for entry in entries]
    assert [content[offset:].split(b" ")[0] for offset in offsets] == [
        str(number).encode() for number in range(1, len(offsets) + 1)
    ]
