"""The tables of alerts: what fires, what was told of it, and thresholds people have set."""

from datetime import datetime
from typing import Any

from sqlalchemy import Float, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from adapters.postgres.tables import EXACT, Base


class AlertRow(Base):
    """One time a reading was over its threshold, from when until when, and what people said."""

    __tablename__ = "alerts"
    __table_args__ = (
        Index(
            "uq_alerts_standing",
            "rule",
            "system",
            "subject",
            unique=True,
            postgresql_where=text("state <> 'resolved'"),
        ),
        Index(None, "rank", "opened_at", "id"),
        Index(None, "rule", "system", "subject", "opened_at"),
    )

    id: Mapped[str] = mapped_column(EXACT, primary_key=True)
    rule: Mapped[str]
    system: Mapped[str]
    subject: Mapped[str]
    """What of the system it is about; empty: the system as a whole."""
    state: Mapped[str]
    rank: Mapped[int]
    """Its place in a list, see `domain.alerts.rank`."""
    value: Mapped[float] = mapped_column(Float)
    """The last reading over the threshold."""
    threshold: Mapped[float] = mapped_column(Float)
    opened_at: Mapped[datetime]
    """Since when it is over its threshold."""
    fired_at: Mapped[datetime | None]
    last_seen_at: Mapped[datetime]
    resolved_at: Mapped[datetime | None]
    told_at: Mapped[datetime | None]
    """When operations were last told that it fires."""
    silenced_by: Mapped[str | None]
    silenced_at: Mapped[datetime | None]
    silenced_until: Mapped[datetime | None]
    silence_reason: Mapped[str | None]
    acknowledged_by: Mapped[str | None]
    acknowledged_at: Mapped[datetime | None]
    acknowledge_reason: Mapped[str | None]


class AlertNoticeRow(Base):
    """One message about the alerts of one rule at one system, and which channel has had it."""

    __tablename__ = "alert_notices"
    __table_args__ = (
        Index("ix_alert_notices_untold", "created_at", postgresql_where=text("NOT told")),
    )

    id: Mapped[str] = mapped_column(EXACT, primary_key=True)
    announcement: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    delivered: Mapped[dict[str, Any]]
    undelivered: Mapped[dict[str, Any]]
    told: Mapped[bool]
    """Nothing is left to be told, or it has been given up."""


class AlertThresholdRow(Base):
    """A threshold that replaces the one of the table of rules."""

    __tablename__ = "alert_thresholds"

    rule: Mapped[str] = mapped_column(EXACT, primary_key=True)
    threshold: Mapped[float] = mapped_column(Float)
    reason: Mapped[str]
    set_by: Mapped[str]
    set_at: Mapped[datetime]
