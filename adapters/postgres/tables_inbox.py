"""The tables of the webhook inbox, as SQLAlchemy maps them; `tables.py` holds the others."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from adapters.postgres.tables import EXACT, Base


class InboxRow(Base):
    """A vendor's event as it came in, once per event id, and what came of it.

    Body and headers are as they arrived. Type, account, reference, version and time are what could
    be read of them. `queued_at` and `available_at` go by the clock of the database.
    """

    __tablename__ = "inbox"
    __table_args__ = (
        Index("ix_inbox_due", "available_at", postgresql_where=text("state = 'queued'")),
        Index(None, "received_at", "system", "event_id"),
        Index(None, "system", "received_at"),
        Index(None, "account_id"),
        Index(None, "reference"),
        Index("ix_inbox_kept", "received_at", postgresql_where=text("body_expired_at IS NULL")),
    )

    system: Mapped[str] = mapped_column(primary_key=True)
    event_id: Mapped[str] = mapped_column(EXACT, primary_key=True)
    type: Mapped[str]
    account_id: Mapped[str | None]
    reference: Mapped[str | None]
    object_version: Mapped[int | None]
    occurred_at: Mapped[datetime | None]
    body: Mapped[bytes] = mapped_column(LargeBinary)
    headers: Mapped[dict[str, Any]]
    source: Mapped[str]
    received_at: Mapped[datetime]
    duplicates: Mapped[int]
    state: Mapped[str]
    outcome: Mapped[str]
    """A sentence on what came of it."""
    queued_at: Mapped[datetime] = mapped_column(server_default=func.now())
    available_at: Mapped[datetime] = mapped_column(server_default=func.now())
    attempts: Mapped[int]
    last_error: Mapped[str | None]
    processed_at: Mapped[datetime | None]
    body_expired_at: Mapped[datetime | None]
    """When the body was emptied; the two below and everything else stay."""
    body_sha256: Mapped[str | None]
    body_bytes: Mapped[int | None]


class InboxArrivalRow(Base):
    """A further arrival of an event that was known already."""

    __tablename__ = "inbox_arrivals"
    __table_args__ = (
        ForeignKeyConstraint(["system", "event_id"], ["inbox.system", "inbox.event_id"]),
        Index(None, "system", "event_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    system: Mapped[str]
    event_id: Mapped[str] = mapped_column(EXACT)
    received_at: Mapped[datetime]
    headers: Mapped[dict[str, Any]]


class InboxChangeRow(Base):
    """A change that an event concerned."""

    __tablename__ = "inbox_changes"
    __table_args__ = (
        ForeignKeyConstraint(["system", "event_id"], ["inbox.system", "inbox.event_id"]),
        Index(None, "change_id"),
    )

    system: Mapped[str] = mapped_column(primary_key=True)
    event_id: Mapped[str] = mapped_column(EXACT, primary_key=True)
    change_id: Mapped[str] = mapped_column(ForeignKey("service_changes.id"), primary_key=True)


class ObjectVersionRow(Base):
    """The latest version of a vendor's object that an event told of."""

    __tablename__ = "object_versions"

    system: Mapped[str] = mapped_column(primary_key=True)
    reference: Mapped[str] = mapped_column(EXACT, primary_key=True)
    version: Mapped[int]
    event_id: Mapped[str]
    seen_at: Mapped[datetime]


class ForgedWebhookRow(Base):
    """How many forged events came in one hour: all that is kept of them."""

    __tablename__ = "forged_webhooks"

    system: Mapped[str] = mapped_column(primary_key=True)
    hour: Mapped[datetime] = mapped_column(primary_key=True)
    count: Mapped[int]


class EventFeedRow(Base):
    """How far a vendor has been asked for events that may have been lost on their way."""

    __tablename__ = "event_feeds"

    system: Mapped[str] = mapped_column(primary_key=True)
    cursor: Mapped[str | None]
    """The vendor's place up to which everything is in the inbox; None is the beginning."""
    polled_at: Mapped[datetime | None]
    failed_at: Mapped[datetime | None]
    last_error: Mapped[str | None]
    retry_at: Mapped[datetime | None]
    """Before this the vendor does not want to be asked again."""
