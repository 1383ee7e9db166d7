"""The tables of the morning report: the reports that were built, and when jobs of ours ran."""

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Interval
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from adapters.postgres.tables import EXACT, Base


class MorningReportRow(Base):
    """The report of one day as it was first built; `body` holds the bytes that are hashed."""

    __tablename__ = "morning_reports"

    day: Mapped[date] = mapped_column(primary_key=True)
    zone: Mapped[str]
    since: Mapped[datetime]
    cut: Mapped[datetime]
    built_at: Mapped[datetime]
    built_by: Mapped[str]
    built_by_kind: Mapped[str]
    complete: Mapped[bool]
    missing: Mapped[list[str]] = mapped_column(JSONB)
    """The inputs that were missing, by name."""
    sha256: Mapped[str]
    body: Mapped[str]
    delivered: Mapped[dict[str, Any]]
    """Channels it went out by, each with the time."""
    undelivered: Mapped[dict[str, Any]]
    """Channels that could not be reached, with the last error of each."""


class JobRunRow(Base):
    """When a job of ours ran in one quarter of an hour. Never changed once that is over.

    What shows life on record is only the last of it; a report of a past day needs what was then.
    """

    __tablename__ = "job_runs"

    job: Mapped[str] = mapped_column(EXACT, primary_key=True)
    slot: Mapped[datetime] = mapped_column(primary_key=True)
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]
    longest_gap: Mapped[timedelta] = mapped_column(Interval)
    """Between two runs one after the other in it."""
