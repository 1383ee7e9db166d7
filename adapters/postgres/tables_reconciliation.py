"""Reconciliation: its runs, what they read, the differences they found, and repairs of those."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from adapters.postgres.tables import EXACT, Base

STANDING = text("closed_at IS NULL")


class ReconciliationRunRow(Base):
    """One comparison of all accounts, or of one. `started_by_kind`: a person or the schedule."""

    __tablename__ = "reconciliation_runs"
    __table_args__ = (
        Index(
            "uq_reconciliation_runs_under_way",
            "state",
            unique=True,
            postgresql_where=text("finished_at IS NULL"),
        ),
        Index(None, "started_at", "id"),
    )

    id: Mapped[str] = mapped_column(EXACT, primary_key=True)
    account_id: Mapped[str | None]
    state: Mapped[str]
    started_by: Mapped[str]
    started_by_kind: Mapped[str]
    correlation_id: Mapped[str]
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    failed: Mapped[dict[str, Any]]
    """Systems that could not be read whole, and why."""
    rates: Mapped[dict[str, Any]]
    """Requests a second each vendor grants, as the settings had it then."""
    counts: Mapped[dict[str, Any]]


class ReconciliationPageRow(Base):
    """A page that was read whole. It is not read again, whatever becomes of the reader."""

    __tablename__ = "reconciliation_pages"

    run_id: Mapped[str] = mapped_column(ForeignKey("reconciliation_runs.id"), primary_key=True)
    system: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    next_cursor: Mapped[str | None]
    items: Mapped[int]
    calls: Mapped[int]
    read_at: Mapped[datetime]
    duration_ms: Mapped[int]


class ReconciliationValueRow(Base):
    """One field of one account as one system has it; kept until the run has compared it."""

    __tablename__ = "reconciliation_values"

    run_id: Mapped[str] = mapped_column(ForeignKey("reconciliation_runs.id"), primary_key=True)
    system: Mapped[str] = mapped_column(primary_key=True)
    field: Mapped[str] = mapped_column(primary_key=True)
    account_id: Mapped[str] = mapped_column(EXACT, primary_key=True)
    subject: Mapped[str] = mapped_column(EXACT, primary_key=True)
    value: Mapped[str]
    changed_at: Mapped[datetime | None]
    read_at: Mapped[datetime]


class DifferenceRow(Base):
    """A field whose owner says one thing and another system a second, from night to night."""

    __tablename__ = "reconciliation_differences"
    __table_args__ = (
        Index(
            "uq_reconciliation_differences_standing",
            "account_id",
            "field",
            "subject",
            "system",
            unique=True,
            postgresql_where=STANDING,
        ),
        Index(None, "state", "first_seen_at", "id"),
        Index(None, "first_seen_at", "id"),
        Index(None, "account_id", "first_seen_at"),
        Index(None, "last_run_id", "first_seen_at"),
    )

    id: Mapped[str] = mapped_column(EXACT, primary_key=True)
    account_id: Mapped[str] = mapped_column(EXACT)
    field: Mapped[str]
    subject: Mapped[str] = mapped_column(EXACT)
    owner: Mapped[str]
    system: Mapped[str]
    owner_value: Mapped[str]
    owner_changed_at: Mapped[datetime | None]
    owner_read_at: Mapped[datetime]
    value: Mapped[str]
    changed_at: Mapped[datetime | None]
    read_at: Mapped[datetime]
    state: Mapped[str]
    explanation: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    first_seen_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    last_run_id: Mapped[str]
    seen_in_runs: Mapped[int]
    decision: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    """What was last decided: action, actor, reason, and of a second person the same."""
    failure: Mapped[str | None]
    """Why the last repair could not be made; None where none failed."""
    closed_at: Mapped[datetime | None]


class RepairRow(Base):
    """An effect that brings the owner's value to a system; intended before it is called."""

    __tablename__ = "reconciliation_repairs"
    __table_args__ = (
        Index(None, "difference_id"),
        Index(None, "account_id", "closed_at"),
    )

    idempotency_key: Mapped[str] = mapped_column(EXACT, primary_key=True)
    difference_id: Mapped[str] = mapped_column(ForeignKey("reconciliation_differences.id"))
    account_id: Mapped[str] = mapped_column(EXACT)
    field: Mapped[str]
    subject: Mapped[str] = mapped_column(EXACT)
    system: Mapped[str]
    step: Mapped[str]
    value: Mapped[str]
    """The owner's value, which the system is to have."""
    payload: Mapped[dict[str, Any]]
    payload_sha256: Mapped[str]
    status: Mapped[str]
    attempts: Mapped[int]
    in_doubt: Mapped[int]
    vendor_reference: Mapped[str | None]
    facts: Mapped[dict[str, Any]]
    exchanges: Mapped[list[dict[str, Any]]]
    intended_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
