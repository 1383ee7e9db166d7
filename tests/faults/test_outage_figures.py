"""Whether a throttled vendor was heeded is judged by the vendor's own log of calls."""

from datetime import UTC, datetime, timedelta
from typing import Any

from benchmarks.fault_runs import outage_figures

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)


def call(at: float, change: str, status: int, wait: str | None = None) -> dict[str, Any]:
    return {
        "at": (NOW + timedelta(seconds=at)).isoformat(),
        "correlation_id": change,
        "status": status,
        "retry_after": wait,
    }


def test_callers_who_wait_are_never_early() -> None:
    calls = [call(0, "a", 429, "30"), call(30.1, "a", 200), call(31, "b", 200)]
    figures = outage_figures(calls)
    assert figures["calls per needed call"] == 1.5
    assert figures["calls before their own change's time"] == 0
    assert figures["calls of other changes before the vendor's time"] == 0


def test_a_change_that_asks_again_too_soon_is_counted() -> None:
    calls = [call(0, "a", 429, "30"), call(12, "a", 429, "30"), call(50, "a", 200)]
    figures = outage_figures(calls)
    assert figures["calls before their own change's time"] == 1


def test_another_change_that_asks_while_the_vendor_said_wait_is_counted() -> None:
    calls = [call(0, "a", 429, "30"), call(0.5, "b", 429, "30"), call(12, "c", 429, "30")]
    figures = outage_figures(calls)
    assert figures["calls of other changes before the vendor's time"] == 1
