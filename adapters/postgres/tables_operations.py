"""Tables of operations: gates before the vendors, and pauses. They hold nothing of any change."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Mapped, mapped_column

from adapters.postgres.tables import EXACT, Base


class VendorGateRow(Base):
    """Whether a vendor is called at all just now; times are the database's own."""

    __tablename__ = "vendor_gates"

    system: Mapped[str] = mapped_column(EXACT, primary_key=True)
    closed_until: Mapped[datetime | None]
    cause: Mapped[str | None]
    prober: Mapped[str | None]
    probing_until: Mapped[datetime | None]
    opened_at: Mapped[datetime | None]
    admitted: Mapped[int]
    failures: Mapped[int]
    closures: Mapped[int]
    since: Mapped[datetime | None]
    updated_at: Mapped[datetime]


class PauseRow(Base):
    """A stop by a person: of everything, of one system or of one change."""

    __tablename__ = "pauses"

    scope: Mapped[str] = mapped_column(EXACT, primary_key=True)
    actor: Mapped[str]
    reason: Mapped[str]
    at: Mapped[datetime]


class LifeSignRow(Base):
    """The last a process of ours showed of one part of its work; times are the database's own."""

    __tablename__ = "life_signs"

    process: Mapped[str] = mapped_column(EXACT, primary_key=True)
    part: Mapped[str] = mapped_column(EXACT, primary_key=True)
    since: Mapped[datetime]
    seen_at: Mapped[datetime]
    ran_at: Mapped[datetime | None]
    """When that work was last done to its end; None as long as it never was."""
    ran_ms: Mapped[int | None]
    error: Mapped[str | None]
    """Why it could not be done the last time, by the name of the failure; None if it could."""
    facts: Mapped[dict[str, Any]]
