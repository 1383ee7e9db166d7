"""The webhook inbox: states, arrivals, changes concerned, versions, forged counts, feeds."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)
_EXACT = sa.Text(collation="C")
_BECAME: dict[str, sa.Column[Any]] = {
    "object_version": sa.Column("object_version", sa.BigInteger(), nullable=True),
    "occurred_at": sa.Column("occurred_at", _TIME, nullable=True),
    "last_error": sa.Column("last_error", sa.Text(), nullable=True),
    "queued_at": sa.Column("queued_at", _TIME, server_default=sa.text("now()"), nullable=False),
    "available_at": sa.Column(
        "available_at", _TIME, server_default=sa.text("now()"), nullable=False
    ),
    # What is there already was taken at the door and dealt with at once.
    "source": sa.Column("source", sa.Text(), server_default="webhook", nullable=False),
    "state": sa.Column("state", sa.Text(), server_default="processed", nullable=False),
    "outcome": sa.Column("outcome", sa.Text(), server_default="", nullable=False),
    "attempts": sa.Column("attempts", sa.BigInteger(), server_default="0", nullable=False),
}


def upgrade() -> None:
    """Apply."""
    for column in _BECAME.values():
        op.add_column("inbox", column)
    for name in ("source", "state", "outcome", "attempts"):
        op.alter_column("inbox", name, server_default=None)
    op.drop_index("ix_inbox_unprocessed", table_name="inbox")
    op.create_index(
        "ix_inbox_due",
        "inbox",
        ["available_at"],
        unique=False,
        postgresql_where=sa.text("state = 'queued'"),
    )
    op.create_index(
        op.f("ix_inbox_received_at_system_event_id"),
        "inbox",
        ["received_at", "system", "event_id"],
        unique=False,
    )
    op.create_index(op.f("ix_inbox_account_id"), "inbox", ["account_id"], unique=False)
    op.create_index(op.f("ix_inbox_reference"), "inbox", ["reference"], unique=False)
    op.create_table(
        "inbox_arrivals",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("event_id", _EXACT, nullable=False),
        sa.Column("received_at", _TIME, nullable=False),
        sa.Column("headers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["system", "event_id"],
            ["inbox.system", "inbox.event_id"],
            name=op.f("fk_inbox_arrivals_system_event_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbox_arrivals")),
    )
    op.create_index(
        op.f("ix_inbox_arrivals_system_event_id"),
        "inbox_arrivals",
        ["system", "event_id"],
        unique=False,
    )
    op.create_table(
        "inbox_changes",
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("event_id", _EXACT, nullable=False),
        sa.Column("change_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["change_id"], ["service_changes.id"], name=op.f("fk_inbox_changes_change_id")
        ),
        sa.ForeignKeyConstraint(
            ["system", "event_id"],
            ["inbox.system", "inbox.event_id"],
            name=op.f("fk_inbox_changes_system_event_id"),
        ),
        sa.PrimaryKeyConstraint("system", "event_id", "change_id", name=op.f("pk_inbox_changes")),
    )
    op.create_index(
        op.f("ix_inbox_changes_change_id"), "inbox_changes", ["change_id"], unique=False
    )
    op.create_table(
        "object_versions",
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("reference", _EXACT, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("seen_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("system", "reference", name=op.f("pk_object_versions")),
    )
    op.create_table(
        "forged_webhooks",
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("hour", _TIME, nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("system", "hour", name=op.f("pk_forged_webhooks")),
    )
    op.create_table(
        "event_feeds",
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("cursor", sa.Text(), nullable=True),
        sa.Column("polled_at", _TIME, nullable=True),
        sa.Column("failed_at", _TIME, nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("retry_at", _TIME, nullable=True),
        sa.PrimaryKeyConstraint("system", name=op.f("pk_event_feeds")),
    )


def downgrade() -> None:
    """Take back."""
    for table in (
        "event_feeds",
        "forged_webhooks",
        "object_versions",
        "inbox_changes",
        "inbox_arrivals",
    ):
        op.drop_table(table)
    for index in (
        "ix_inbox_reference",
        "ix_inbox_account_id",
        "ix_inbox_received_at_system_event_id",
        "ix_inbox_due",
    ):
        op.drop_index(index, table_name="inbox")
    op.create_index(
        "ix_inbox_unprocessed",
        "inbox",
        ["received_at"],
        unique=False,
        postgresql_where=sa.text("processed_at IS NULL"),
    )
    for name in _BECAME:
        op.drop_column("inbox", name)
