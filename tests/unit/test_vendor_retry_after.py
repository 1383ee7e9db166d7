"""`Retry-After` as vendors write it."""

from datetime import UTC, datetime

import pytest

from adapters.vendors.retry_after import LONGEST, UNTOLD, seconds_to_wait

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        (" 120 ", 120.0),
        ("0", 1.0),
        ("999999999", LONGEST),
        ("9" * 400, LONGEST),
        ("Tue, 24 Nov 2026 09:01:30 GMT", 90.0),
        ("Tue, 24 Nov 2026 09:01:30 -0000", 90.0),
        ("Tue, 24 Nov 2026 08:00:00 GMT", 1.0),
        ("Tue, 24 Nov 2099 08:00:00 GMT", LONGEST),
        ("soon", UNTOLD),
        ("-5", UNTOLD),
        ("", UNTOLD),
        (None, UNTOLD),
    ],
)
def test_every_form_becomes_a_sane_number_of_seconds(header: str | None, seconds: float) -> None:
    assert seconds_to_wait(header, NOW) == seconds
