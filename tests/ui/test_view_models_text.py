"""Values as people read them."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from support_ui.view_models import text

NOW = datetime(2026, 11, 3, 14, 2, 11, tzinfo=UTC)


@pytest.mark.parametrize(
    ("before", "told"),
    [
        (timedelta(seconds=3), "just now"),
        (timedelta(seconds=-3), "just now"),
        (timedelta(seconds=42), "42 s ago"),
        (timedelta(minutes=3, seconds=59), "3 min ago"),
        (timedelta(hours=20, minutes=50), "20 h ago"),
        (timedelta(days=2, hours=3), "2 d ago"),
        (timedelta(days=-7), "in 7 d"),
    ],
)
def test_an_age_is_told_in_one_unit(before: timedelta, told: str) -> None:
    assert text.age(NOW - before, NOW) == told


def test_a_missing_time_is_a_dash() -> None:
    assert (
        text.age(None, NOW) == text.moment(None, NOW) == text.moment_and_age(None, NOW) == text.DASH
    )


def test_a_time_is_told_on_the_readers_clock_with_its_age() -> None:
    at = NOW - timedelta(minutes=3)
    assert text.moment_and_age(at, NOW) == "2026-11-03 13:59:11 UTC (3 min ago)"
    in_berlin = NOW.astimezone(ZoneInfo("Europe/Berlin"))
    assert text.moment_and_age(at, in_berlin) == "2026-11-03 14:59:11 CET (3 min ago)"


def test_behind_a_time_stands_utc_whatever_the_readers_clock() -> None:
    at = NOW.astimezone(ZoneInfo("America/Los_Angeles"))
    assert text.hover("just now", at) == '<time title="2026-11-03 14:02:11 UTC">just now</time>'
    assert text.hover("never", None) == "never"


@pytest.mark.parametrize(
    ("span", "told"),
    [
        (timedelta(milliseconds=340), "340 ms"),
        (timedelta(seconds=4.25), "4.2 s"),
        (timedelta(seconds=59.7), "1 min"),
        (timedelta(minutes=5), "5 min"),
        (timedelta(hours=2, minutes=10), "2 h 10 min"),
        (timedelta(days=1, hours=4, minutes=9), "1 d 4 h"),
    ],
)
def test_a_duration_is_told_in_its_two_largest_units(span: timedelta, told: str) -> None:
    assert text.duration(span) == told


@pytest.mark.parametrize(
    ("minor", "currency", "told"),
    [
        (8000, "usd", "$80.00"),
        (5, "usd", "$0.05"),
        (-250, "usd", "-$2.50"),
        (123456789, "USD", "$1,234,567.89"),
        (999, "eur", "9.99 EUR"),
    ],
)
def test_minor_units_become_an_amount(minor: int, currency: str, told: str) -> None:
    assert text.money(minor, currency) == told


def test_a_price_that_moves_is_told_with_its_difference() -> None:
    assert text.price_step(8000, 8500, "usd") == "$80.00 → $85.00"
    assert text.price_difference(8000, 8500, "usd") == "+$5.00"
    assert text.price_difference(8500, 8000, "usd") == "-$5.00"


def test_a_price_that_stays_says_so() -> None:
    assert text.price_step(8000, 8000, "usd") == "$80.00 (same)"
    assert text.price_difference(8000, 8000, "usd") == "no change"


@pytest.mark.parametrize(
    ("count", "told"), [(412, "412 B"), (39_117, "38.2 KiB"), (1_468_006, "1.4 MiB")]
)
def test_sizes_are_binary(count: int, told: str) -> None:
    assert text.size(count) == told


@pytest.mark.parametrize("written", ["**bold**", "`code`", "# title", "$x^2$", ":red[x]", "a_b_c"])
def test_markdown_is_shown_letter_by_letter(written: str) -> None:
    shown = text.plain(written)
    assert shown.replace("\\", "") == written
    assert all(f"\\{mark}" in shown for mark in set(written) & set("*`#$:_[]^") - {"^"})


@pytest.mark.parametrize("written", ["http://evil.example", "www.evil.example", "me@evil.example"])
def test_bare_addresses_do_not_become_links(written: str) -> None:
    shown = text.plain(written)
    assert written not in shown.replace("\\", "")
    assert shown.replace("\\", "").replace("\u2060", "") == written


def test_line_breaks_cannot_start_a_block() -> None:
    assert text.plain("a\n\n- b") == "a \\- b"


def test_machine_names_become_words() -> None:
    assert text.humanise("outcome_unknown") == "Outcome unknown"
    assert text.humanise("") == ""


def test_hashes_and_shares_are_shortened() -> None:
    assert text.short_hash("a" * 64) == "a" * 12
    assert text.short_hash(None) == text.DASH
    assert text.percent(0.042) == "4.2 %"
    assert text.percent(None) == text.DASH
