"""Alerts, thresholds people have set, and the trace a message goes on with."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

EXACT = sa.Text(collation="C")
MOMENT = sa.DateTime(timezone=True)
STANDING = sa.text("state <> 'resolved'")
UNTOLD = sa.text("NOT told")


def upgrade() -> None:
    """Apply."""
    op.add_column("outbox", sa.Column("traceparent", sa.Text(), nullable=True))
    op.create_table(
        "alerts",
        sa.Column("id", EXACT, nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("rank", sa.BigInteger(), nullable=False),
        sa.Column("value", sa.Float(), nullable=False),
        sa.Column("threshold", sa.Float(), nullable=False),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.Column("fired_at", MOMENT, nullable=True),
        sa.Column("last_seen_at", MOMENT, nullable=False),
        sa.Column("resolved_at", MOMENT, nullable=True),
        sa.Column("told_at", MOMENT, nullable=True),
        sa.Column("silenced_by", sa.Text(), nullable=True),
        sa.Column("silenced_at", MOMENT, nullable=True),
        sa.Column("silenced_until", MOMENT, nullable=True),
        sa.Column("silence_reason", sa.Text(), nullable=True),
        sa.Column("acknowledged_by", sa.Text(), nullable=True),
        sa.Column("acknowledged_at", MOMENT, nullable=True),
        sa.Column("acknowledge_reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alerts")),
    )
    op.create_index(
        "uq_alerts_standing",
        "alerts",
        ["rule", "system", "subject"],
        unique=True,
        postgresql_where=STANDING,
    )
    op.create_index("ix_alerts_rank_opened_at_id", "alerts", ["rank", "opened_at", "id"])
    op.create_index(
        "ix_alerts_rule_system_subject_opened_at",
        "alerts",
        ["rule", "system", "subject", "opened_at"],
    )
    op.create_table(
        "alert_notices",
        sa.Column("id", EXACT, nullable=False),
        sa.Column("announcement", JSONB(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("delivered", JSONB(), nullable=False),
        sa.Column("undelivered", JSONB(), nullable=False),
        sa.Column("told", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_notices")),
    )
    op.create_index(
        "ix_alert_notices_untold", "alert_notices", ["created_at"], postgresql_where=UNTOLD
    )
    op.create_table(
        "alert_thresholds",
        sa.Column("rule", EXACT, nullable=False),
        sa.Column("threshold", sa.Float(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("set_by", sa.Text(), nullable=False),
        sa.Column("set_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("rule", name=op.f("pk_alert_thresholds")),
    )


def downgrade() -> None:
    """Undo."""
    op.drop_table("alert_thresholds")
    op.drop_table("alert_notices")
    op.drop_table("alerts")
    op.drop_column("outbox", "traceparent")
