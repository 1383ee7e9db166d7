"""Comparisons as queries write them, and fields of the console that write them."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest

from domain.comparisons import Comparison, Operator, comparison, day, moment, number
from domain.filters import ListPage, filters_of
from support_ui.view_models.narrowing import AUDIT, CHANGES, entered_of, kept, query_of

NOW = datetime(2026, 11, 27, 12, 30, tzinfo=UTC)
BERLIN = NOW.astimezone(timezone(timedelta(hours=1)))


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("now", NOW),
        ("now-2d", NOW - timedelta(days=2)),
        ("now+8h", NOW + timedelta(hours=8)),
        ("now 8h", NOW + timedelta(hours=8)),
        ("now-1w", NOW - timedelta(weeks=1)),
        ("2026-11-01", datetime(2026, 11, 1, tzinfo=UTC)),
        ("2026-11-01T08:00:00+01:00", datetime(2026, 11, 1, 7, tzinfo=UTC)),
    ],
)
def test_a_time_is_absolute_or_counted_from_now(text: str, at: datetime) -> None:
    assert moment(text, NOW) == at


def test_a_day_may_be_counted_from_now_but_has_no_time() -> None:
    assert day("now+1d", NOW) == date(2026, 11, 28)
    with pytest.raises(ValueError, match="not a day"):
        day("2026-11-01T08:00:00Z", NOW)


def test_a_comparison_names_what_it_expects() -> None:
    assert comparison("gte:3", number, NOW) == Comparison(Operator.GREATER_OR_EQUAL, 3)
    for wrong in ("3", "eq:3", "gte:x", ":3"):
        with pytest.raises(ValueError, match=r"gte|whole number"):
            comparison(wrong, number, NOW)


ENTERED: dict[str, Any] = {
    "q": "gate",
    "status": ["active", "rejected"],
    "submitted_from": date(2026, 11, 1),
    "submitted_to": date(2026, 11, 30),
    "requested_to": date(2026, 12, 24),
    "due": "Overdue",
    "tried": 3,
    "price_from": -5.5,
    "price_to": 10.0,
    "also": "submitted_at=gte:now-7d",
}


def test_days_are_those_of_the_reader_and_the_last_one_counts_whole() -> None:
    query = query_of(CHANGES, ENTERED, BERLIN)
    assert query["submitted_from"] == ["2026-11-01T00:00:00+01:00"]
    assert query["submitted_to"] == ["2026-12-01T00:00:00+01:00"]
    assert query["price_difference"] == ["gte:-550", "lte:1000"]


def test_what_is_kept_fills_the_same_fields_again() -> None:
    query = query_of(CHANGES, ENTERED, BERLIN)
    filters = filters_of(ListPage.CHANGES, kept(query, ListPage.CHANGES)).given()
    assert entered_of(CHANGES, filters, BERLIN) == ENTERED


def test_names_are_alternatives() -> None:
    entered = {"actor": "olga, portal", "ticket": "T-1"}
    query = query_of(AUDIT, entered, NOW)
    assert query == {"actor": ["olga", "portal"], "ticket": ["T-1"]}
    assert entered_of(AUDIT, kept(query, ListPage.AUDIT), NOW) == entered


def test_what_no_field_can_show_is_kept_in_the_apis_words() -> None:
    filters = {"attempts": ["lt:5"], "due_at": ["gte:now+2d"], "submitted_by": ["a b"]}
    entered = entered_of(CHANGES, filters, NOW)
    assert set(entered) == {"also"}
    assert query_of(CHANGES, {"also": "attempts=lt:5&due_at=gte:now+2d"}, NOW) == {
        "attempts": ["lt:5"],
        "due_at": ["gte:now+2d"],
    }
    assert query_of(CHANGES, entered, NOW) == filters
