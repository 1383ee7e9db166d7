"""Morning reports, when jobs ran, and indexes for how changes stood at a moment in the past."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
JSONB = postgresql.JSONB()


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "morning_reports",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("since", TIME, nullable=False),
        sa.Column("cut", TIME, nullable=False),
        sa.Column("built_at", TIME, nullable=False),
        sa.Column("built_by", sa.Text(), nullable=False),
        sa.Column("built_by_kind", sa.Text(), nullable=False),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.Column("missing", JSONB, nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("delivered", JSONB, nullable=False),
        sa.Column("undelivered", JSONB, nullable=False),
        sa.PrimaryKeyConstraint("day", name="pk_morning_reports"),
    )
    op.create_table(
        "job_runs",
        sa.Column("job", sa.Text(collation="C"), nullable=False),
        sa.Column("slot", TIME, nullable=False),
        sa.Column("first_at", TIME, nullable=False),
        sa.Column("last_at", TIME, nullable=False),
        sa.Column("longest_gap", sa.Interval(), nullable=False),
        sa.PrimaryKeyConstraint("job", "slot", name="pk_job_runs"),
    )
    op.create_index(
        "ix_audit_entries_moved",
        "audit_entries",
        ["change_id", "at", "id"],
        postgresql_include=["to_status", "action", "actor"],
        postgresql_where=sa.text("to_status IS NOT NULL"),
    )
    op.create_index(
        "ix_inbox_quarantined",
        "inbox",
        ["processed_at"],
        postgresql_where=sa.text("state = 'quarantined'"),
    )


def downgrade() -> None:
    """Undo."""
    op.drop_index("ix_inbox_quarantined", table_name="inbox")
    op.drop_index("ix_audit_entries_moved", table_name="audit_entries")
    op.drop_table("job_runs")
    op.drop_table("morning_reports")
