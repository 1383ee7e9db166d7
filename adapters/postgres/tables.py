"""The tables, as SQLAlchemy maps them. Plain PostgreSQL >= 15, no extension, no relationship."""

from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import (
    BigInteger,
    Computed,
    DateTime,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    String,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

EXACT = Text(collation="C")
"""Byte order, so that a B-tree also serves prefixes."""


class Base(DeclarativeBase):
    """Names every constraint, so that a migration can name it, too."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        dict[str, Any]: JSONB,
        list[dict[str, Any]]: JSONB,
        datetime: DateTime(timezone=True),
        str: Text,
        int: BigInteger,
    }


class ServiceChangeRow(Base):
    """One accepted change: what was asked, where it stands, what it waits on."""

    __tablename__ = "service_changes"
    __table_args__ = (
        UniqueConstraint("id", "submitted_by"),
        Index(None, "submitted_at", "id"),
        Index(None, "status", "submitted_at", "id"),
        Index(None, "account_id", "submitted_at"),
        Index(None, "submitted_by", "submitted_at", "id"),
        Index(
            "ix_service_changes_approvals",
            "due_at",
            "submitted_at",
            "id",
            postgresql_where=text("status = 'awaiting_approval'"),
        ),
        Index(
            "ix_service_changes_open_wish",
            "account_id",
            "wish_sha256",
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index(
            "ix_service_changes_open",
            "submitted_at",
            "id",
            "status",
            "submitted_by",
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index("ix_service_changes_open_due", "due_at", postgresql_where=text("ended_at IS NULL")),
        Index(
            "ix_service_changes_ended",
            "ended_at",
            "status",
            "submitted_by",
            postgresql_where=text("ended_at IS NOT NULL"),
        ),
        Index(None, "kind", "submitted_at", "id"),
        Index(None, "updated_at"),
        Index(None, "requested_date", "submitted_at", "id"),
        Index(None, "price_difference_minor"),
        Index(
            "ix_service_changes_waiting_on",
            "waiting_on",
            postgresql_using="gin",
            postgresql_ops={"waiting_on": "jsonb_path_ops"},
        ),
    )

    id: Mapped[str] = mapped_column(EXACT, primary_key=True)
    account_id: Mapped[str] = mapped_column(EXACT)
    kind: Mapped[str]
    status: Mapped[str]
    details: Mapped[dict[str, Any]]
    wish_sha256: Mapped[str]
    """Fingerprint of account, kind and details: equal for the same wish."""
    requested_date: Mapped[date]
    note: Mapped[str]
    correlation_id: Mapped[str]
    workflow_id: Mapped[str]
    submitted_by: Mapped[str]
    submitted_role: Mapped[str]
    submitted_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    duplicate_of: Mapped[str | None]
    waiting_on: Mapped[list[dict[str, Any]]]
    next_action: Mapped[str | None]
    plan: Mapped[dict[str, Any] | None]
    price_difference_minor: Mapped[int | None] = mapped_column(
        Computed(
            "(plan ->> 'recurring_after_minor')::bigint"
            " - (plan ->> 'recurring_before_minor')::bigint",
            persisted=True,
        )
    )
    plan_sha256: Mapped[str | None]
    approved_plan_sha256: Mapped[str | None]
    """The plan that is approved; None before an approval and once it is void."""
    failure: Mapped[dict[str, Any] | None]


class DocumentVersionRow(Base):
    """One version of a change's document; the bytes are in the document store."""

    __tablename__ = "document_versions"

    change_id: Mapped[str] = mapped_column(ForeignKey("service_changes.id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    sha256: Mapped[str]
    filename: Mapped[str]
    media_type: Mapped[str]
    size_bytes: Mapped[int]
    storage_key: Mapped[str]
    state: Mapped[str]
    uploaded_by: Mapped[str]
    uploaded_at: Mapped[datetime]


class IdempotencyKeyRow(Base):
    """A caller's key with its first answer; it lives as long as the change."""

    __tablename__ = "idempotency_keys"

    caller: Mapped[str] = mapped_column(EXACT, primary_key=True)
    key: Mapped[str] = mapped_column(EXACT, primary_key=True)
    fingerprint: Mapped[str]
    change_id: Mapped[str | None] = mapped_column(ForeignKey("service_changes.id"), index=True)
    """None: the request was not about one change."""
    status_code: Mapped[int | None]
    body: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]


class AuditEntryRow(Base):
    """Who did what, when and why. Rows are only ever added."""

    __tablename__ = "audit_entries"
    __table_args__ = (
        Index(None, "change_id", "id"),
        Index(None, "account_id", "id"),
        Index(None, "actor", "id"),
        Index(None, "action", "id"),
        Index(None, "correlation_id", "id"),
        Index(None, "at", "id"),
        Index(
            "ix_audit_entries_moved",
            "change_id",
            "at",
            "id",
            postgresql_include=["to_status", "action", "actor"],
            postgresql_where=text("to_status IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    actor: Mapped[str]
    actor_kind: Mapped[str]
    action: Mapped[str]
    outcome: Mapped[str]
    change_id: Mapped[str | None]
    account_id: Mapped[str | None]
    correlation_id: Mapped[str]
    from_status: Mapped[str | None]
    to_status: Mapped[str | None]
    reason: Mapped[str]
    facts: Mapped[dict[str, Any]]


class OutboxRow(Base):
    """A message to the engine, written with the change that causes it."""

    __tablename__ = "outbox"
    __table_args__ = (
        Index("ix_outbox_due", "available_at", postgresql_where=text("dispatched_at IS NULL")),
        Index(None, "change_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    topic: Mapped[str]
    change_id: Mapped[str | None] = mapped_column(ForeignKey("service_changes.id"))
    """None: the message is not about one change; its payload names what it is about."""
    payload: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    available_at: Mapped[datetime] = mapped_column(server_default=func.now())
    """From when on it may be delivered, by the database's own clock."""
    dispatched_at: Mapped[datetime | None]
    attempts: Mapped[int]
    last_error: Mapped[str | None]
    traceparent: Mapped[str | None]
    """The trace it goes on with; None where traces are off."""


class CheckRow(Base):
    """One answer of one check in one round."""

    __tablename__ = "checks"

    change_id: Mapped[str] = mapped_column(ForeignKey("service_changes.id"), primary_key=True)
    round: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    system: Mapped[str]
    outcome: Mapped[str]
    code: Mapped[str]
    detail: Mapped[str]
    facts: Mapped[dict[str, Any]]
    at: Mapped[datetime]


class EffectRow(Base):
    """One thing done at a vendor: written before the call, completed after it."""

    __tablename__ = "effects"
    __table_args__ = (
        Index(None, "change_id", "intended_at"),
        Index("ix_effects_open", "intended_at", postgresql_where=text("closed_at IS NULL")),
        Index(None, "system", "change_id"),
    )

    idempotency_key: Mapped[str] = mapped_column(EXACT, primary_key=True)
    change_id: Mapped[str] = mapped_column(ForeignKey("service_changes.id"))
    system: Mapped[str]
    step: Mapped[str]
    summary: Mapped[str]
    document_version: Mapped[int]
    payload_version: Mapped[int]
    payload_sha256: Mapped[str]
    payload: Mapped[dict[str, Any] | None]
    """What is asked of the vendor, as it was hashed; None where only the hash is kept."""
    status: Mapped[str]
    attempts: Mapped[int]
    vendor_reference: Mapped[str | None]
    reverses: Mapped[str | None]
    facts: Mapped[dict[str, Any]]
    intended_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    in_doubt: Mapped[int] = mapped_column(server_default=text("0"))
    """Tries of which nobody knows what became; one under way counts until it is on record."""
    repeatability: Mapped[str] = mapped_column(server_default=text("'look_up'"))
    tried_at: Mapped[datetime] = mapped_column(server_default=func.now())
    """The last try, by the database's clock."""
    settle_asked_at: Mapped[datetime | None]


class AttemptRow(Base):
    """One try of one step at one system, with what was said both ways."""

    __tablename__ = "attempts"
    __table_args__ = (
        Index(None, "change_id", "id"),
        Index(None, "system", "finished_at"),
        Index(None, "step", "finished_at"),
        Index(None, "finished_at", "id"),
        Index(
            "ix_attempts_failed",
            "outcome",
            "finished_at",
            "id",
            postgresql_where=text("outcome <> 'ok'"),
        ),
        Index("ix_attempts_repeated", "attempt", "change_id", postgresql_where=text("attempt > 1")),
        Index(
            "ix_attempts_kept",
            "finished_at",
            postgresql_where=text("payloads_expired_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    change_id: Mapped[str] = mapped_column(ForeignKey("service_changes.id"))
    system: Mapped[str]
    step: Mapped[str]
    effect_key: Mapped[str | None]
    attempt: Mapped[int]
    outcome: Mapped[str]
    reason: Mapped[str]
    words: Mapped[str]
    http_status: Mapped[int | None]
    retry_at: Mapped[datetime | None]
    exchanges: Mapped[list[dict[str, Any]]]
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime]
    payloads_expired_at: Mapped[datetime | None]
    """When what was said was emptied; hashes and everything else stay."""


class TicketRow(Base):
    """A ticket opened for a change."""

    __tablename__ = "tickets"

    change_id: Mapped[str] = mapped_column(ForeignKey("service_changes.id"), primary_key=True)
    reference: Mapped[str] = mapped_column(EXACT, primary_key=True)
    subject: Mapped[str]
    status: Mapped[str]
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]


class NotificationRow(Base):
    """An item in the operations queue, and where else it was announced."""

    __tablename__ = "notifications"
    __table_args__ = (Index(None, "change_id"),)

    id: Mapped[str] = mapped_column(EXACT, primary_key=True)
    change_id: Mapped[str] = mapped_column(ForeignKey("service_changes.id"))
    kind: Mapped[str]
    created_at: Mapped[datetime]
    delivered: Mapped[dict[str, Any]]
    undelivered: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    """Channels that could not be reached, with the last error of each."""


class IdentifierRow(Base):
    """Every name a change goes by, ours and theirs: what the search box looks in."""

    __tablename__ = "identifiers"
    __table_args__ = (Index(None, "change_id"),)

    value: Mapped[str] = mapped_column(EXACT, primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    change_id: Mapped[str] = mapped_column(ForeignKey("service_changes.id"), primary_key=True)
    folded: Mapped[str] = mapped_column(
        EXACT, Computed('lower(value) COLLATE "C"', persisted=True), index=True
    )


class ApiKeyRow(Base):
    """A machine's or person's key, by hash; the key itself is nowhere."""

    __tablename__ = "api_keys"

    key_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    principal: Mapped[str] = mapped_column(unique=True)
    role: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    disabled_at: Mapped[datetime | None]
