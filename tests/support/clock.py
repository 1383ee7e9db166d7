"""A clock that tests set. Nothing here reads the machine's time."""

from datetime import UTC, datetime, timedelta

START = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
"""A Tuesday morning; dates in tests count from here."""


class Clock:
    """UTC, standing still but for a millisecond per reading, so that order shows in the record."""

    def __init__(self, start: datetime = START) -> None:
        self._now = start

    def __call__(self) -> datetime:
        """The time."""
        self._now += timedelta(milliseconds=1)
        return self._now

    def advance(self, by: timedelta) -> None:
        """Let time pass."""
        self._now += by
