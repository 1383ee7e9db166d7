"""The tables of drift: shapes seen, what differed, whom it parked, and what people mapped."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from adapters.postgres.tables import EXACT, Base


class ShapeRow(Base):
    """One shape of the payloads of an operation or event, and how often it came.

    `state` is `accepted`, or `new` until a person has said what it is.
    """

    __tablename__ = "shapes"

    system: Mapped[str] = mapped_column(primary_key=True)
    operation: Mapped[str] = mapped_column(EXACT, primary_key=True)
    fingerprint: Mapped[str] = mapped_column(EXACT, primary_key=True)
    paths: Mapped[list[str]] = mapped_column(JSONB)
    state: Mapped[str]
    count: Mapped[int]
    first_seen_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]


class DriftItemRow(Base):
    """One difference, once per cause however often it comes.

    `operation`, `path`, `sample` and `diff` are of its first sighting; `raw` is what came, as JSON.
    """

    __tablename__ = "drift_items"
    __table_args__ = (
        Index(None, "first_seen_at", "id"),
        Index(
            "ix_drift_items_open", "first_seen_at", "id", postgresql_where=text("state = 'open'")
        ),
        Index("ix_drift_items_mapped", "decided_at", postgresql_where=text("state = 'mapped'")),
    )

    id: Mapped[str] = mapped_column(EXACT, primary_key=True)
    kind: Mapped[str]
    system: Mapped[str]
    operation: Mapped[str]
    path: Mapped[str]
    subject: Mapped[str]
    raw: Mapped[str]
    expected: Mapped[str]
    candidates: Mapped[list[str]] = mapped_column(JSONB)
    """Names of members that came and are not known, one of which may be what is missing."""
    sample: Mapped[Any] = mapped_column(JSONB, nullable=True)
    diff: Mapped[list[dict[str, Any]]]
    """Against the shapes accepted when it was first seen."""
    shape: Mapped[str]
    """The fingerprint of the shape it was first seen in."""
    count: Mapped[int]
    first_seen_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    state: Mapped[str]
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    reason: Mapped[str]


class DriftChangeRow(Base):
    """A change that met a drift."""

    __tablename__ = "drift_changes"
    __table_args__ = (Index(None, "change_id"),)

    item_id: Mapped[str] = mapped_column(ForeignKey("drift_items.id"), primary_key=True)
    change_id: Mapped[str] = mapped_column(ForeignKey("service_changes.id"), primary_key=True)
    seen_at: Mapped[datetime]


class DriftEventRow(Base):
    """An event that shows a drift."""

    __tablename__ = "drift_events"
    __table_args__ = (
        ForeignKeyConstraint(["system", "event_id"], ["inbox.system", "inbox.event_id"]),
        Index(None, "system", "event_id"),
    )

    item_id: Mapped[str] = mapped_column(ForeignKey("drift_items.id"), primary_key=True)
    system: Mapped[str] = mapped_column(primary_key=True)
    event_id: Mapped[str] = mapped_column(EXACT, primary_key=True)


class MappingRow(Base):
    """What a new word or field means in known ones: proposed by one person, confirmed by another.

    A row is never changed into another mapping: the next one for the same is the next version.
    """

    __tablename__ = "mappings"
    __table_args__ = (
        CheckConstraint("confirmed_by <> proposed_by", name="second_person"),
        CheckConstraint(
            "state NOT IN ('active', 'retired') OR confirmed_by IS NOT NULL",
            name="second_person_missing",
        ),
        CheckConstraint(
            "state <> 'active' OR 'admin' IN (proposed_role, confirmed_role)", name="admin_missing"
        ),
        Index(None, "system", "kind", "subject", "raw", "version", unique=True),
        Index(
            "uq_mappings_active",
            "system", "kind", "subject", "raw",
            unique=True,
            postgresql_where=text("state = 'active'"),
        ),
        Index(
            "uq_mappings_one_proposal",
            "item_id",
            unique=True,
            postgresql_where=text("state = 'proposed'"),
        ),
        Index(None, "proposed_at", "id"),
    )  # fmt: skip

    id: Mapped[str] = mapped_column(EXACT, primary_key=True)
    item_id: Mapped[str] = mapped_column(ForeignKey("drift_items.id"))
    system: Mapped[str]
    kind: Mapped[str]
    subject: Mapped[str]
    raw: Mapped[str]
    known: Mapped[str]
    version: Mapped[int]
    state: Mapped[str]
    proposed_by: Mapped[str]
    proposed_role: Mapped[str]
    reason: Mapped[str]
    proposed_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    seen_sha256: Mapped[str | None]
    confirmed_by: Mapped[str | None]
    confirmed_role: Mapped[str | None]
    confirm_reason: Mapped[str | None]
    confirmed_at: Mapped[datetime | None]
    """When a second person said something to it, yes or no."""
    retired_by: Mapped[str | None]
    retire_reason: Mapped[str | None]
    retired_at: Mapped[datetime | None]
