"""A clock that tests set. Nothing here reads the machine's time."""

from datetime import UTC, datetime, time, timedelta

from domain.morning_report import ReportTime

START = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
"""A Tuesday morning; dates in tests count from here."""


SIX = ReportTime(time(6), "Europe/Berlin")
"""When the business of tests begins its day."""

_TICK = timedelta(milliseconds=1)


class Clock:
    """UTC, standing still but for a `tick` per reading, so that order shows in the record."""

    def __init__(self, start: datetime = START) -> None:
        self._start = start
        self.restart()

    def __call__(self) -> datetime:
        """The time."""
        self._now += self.tick
        return self._now

    def advance(self, by: timedelta) -> None:
        """Let time pass."""
        self._now += by

    def restart(self) -> None:
        """Back to the start and to a millisecond per reading, for servers that tests share."""
        self._now = self._start
        self.tick = _TICK
