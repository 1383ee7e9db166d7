"""Reconciliation: runs, what they read, the differences they found, and repairs of those."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

STANDING = sa.text("closed_at IS NULL")
UNDER_WAY = sa.text("finished_at IS NULL")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "reconciliation_differences",
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("account_id", sa.Text(collation="C"), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(collation="C"), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("owner_value", sa.Text(), nullable=False),
        sa.Column("owner_changed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("owner_read_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("explanation", JSONB(), nullable=True),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_run_id", sa.Text(), nullable=False),
        sa.Column("seen_in_runs", sa.BigInteger(), nullable=False),
        sa.Column("decision", JSONB(), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reconciliation_differences")),
    )
    op.create_index(
        op.f("ix_reconciliation_differences_account_id_first_seen_at"),
        "reconciliation_differences",
        ["account_id", "first_seen_at"],
    )
    op.create_index(
        op.f("ix_reconciliation_differences_first_seen_at_id"),
        "reconciliation_differences",
        ["first_seen_at", "id"],
    )
    op.create_index(
        op.f("ix_reconciliation_differences_last_run_id_first_seen_at"),
        "reconciliation_differences",
        ["last_run_id", "first_seen_at"],
    )
    op.create_index(
        op.f("ix_reconciliation_differences_state_first_seen_at_id"),
        "reconciliation_differences",
        ["state", "first_seen_at", "id"],
    )
    op.create_index(
        "uq_reconciliation_differences_standing",
        "reconciliation_differences",
        ["account_id", "field", "subject", "system"],
        unique=True,
        postgresql_where=STANDING,
    )
    op.create_table(
        "reconciliation_runs",
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("started_by", sa.Text(), nullable=False),
        sa.Column("started_by_kind", sa.Text(), nullable=False),
        sa.Column("correlation_id", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failed", JSONB(), nullable=False),
        sa.Column("rates", JSONB(), nullable=False),
        sa.Column("counts", JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reconciliation_runs")),
    )
    op.create_index(
        op.f("ix_reconciliation_runs_started_at_id"), "reconciliation_runs", ["started_at", "id"]
    )
    op.create_index(
        "uq_reconciliation_runs_under_way",
        "reconciliation_runs",
        ["state"],
        unique=True,
        postgresql_where=UNDER_WAY,
    )
    op.create_table(
        "reconciliation_pages",
        sa.Column("run_id", sa.Text(collation="C"), nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("next_cursor", sa.Text(), nullable=True),
        sa.Column("items", sa.BigInteger(), nullable=False),
        sa.Column("calls", sa.BigInteger(), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("duration_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["reconciliation_runs.id"], name=op.f("fk_reconciliation_pages_run_id")
        ),
        sa.PrimaryKeyConstraint("run_id", "system", "number", name=op.f("pk_reconciliation_pages")),
    )
    op.create_table(
        "reconciliation_repairs",
        sa.Column("idempotency_key", sa.Text(collation="C"), nullable=False),
        sa.Column("difference_id", sa.Text(collation="C"), nullable=False),
        sa.Column("account_id", sa.Text(collation="C"), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(collation="C"), nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("payload", JSONB(), nullable=False),
        sa.Column("payload_sha256", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("in_doubt", sa.BigInteger(), nullable=False),
        sa.Column("vendor_reference", sa.Text(), nullable=True),
        sa.Column("facts", JSONB(), nullable=False),
        sa.Column("exchanges", JSONB(), nullable=False),
        sa.Column("intended_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["difference_id"],
            ["reconciliation_differences.id"],
            name=op.f("fk_reconciliation_repairs_difference_id"),
        ),
        sa.PrimaryKeyConstraint("idempotency_key", name=op.f("pk_reconciliation_repairs")),
    )
    op.create_index(
        op.f("ix_reconciliation_repairs_account_id_closed_at"),
        "reconciliation_repairs",
        ["account_id", "closed_at"],
    )
    op.create_index(
        op.f("ix_reconciliation_repairs_difference_id"), "reconciliation_repairs", ["difference_id"]
    )
    op.create_table(
        "reconciliation_values",
        sa.Column("run_id", sa.Text(collation="C"), nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(collation="C"), nullable=False),
        sa.Column("subject", sa.Text(collation="C"), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["reconciliation_runs.id"], name=op.f("fk_reconciliation_values_run_id")
        ),
        sa.PrimaryKeyConstraint(
            "run_id",
            "system",
            "field",
            "account_id",
            "subject",
            name=op.f("pk_reconciliation_values"),
        ),
    )


def downgrade() -> None:
    """Undo."""
    op.drop_table("reconciliation_values")
    op.drop_index(
        op.f("ix_reconciliation_repairs_difference_id"), table_name="reconciliation_repairs"
    )
    op.drop_index(
        op.f("ix_reconciliation_repairs_account_id_closed_at"), table_name="reconciliation_repairs"
    )
    op.drop_table("reconciliation_repairs")
    op.drop_table("reconciliation_pages")
    op.drop_index(
        "uq_reconciliation_runs_under_way",
        table_name="reconciliation_runs",
        postgresql_where=UNDER_WAY,
    )
    op.drop_index(op.f("ix_reconciliation_runs_started_at_id"), table_name="reconciliation_runs")
    op.drop_table("reconciliation_runs")
    op.drop_index(
        "uq_reconciliation_differences_standing",
        table_name="reconciliation_differences",
        postgresql_where=STANDING,
    )
    op.drop_index(
        op.f("ix_reconciliation_differences_state_first_seen_at_id"),
        table_name="reconciliation_differences",
    )
    op.drop_index(
        op.f("ix_reconciliation_differences_last_run_id_first_seen_at"),
        table_name="reconciliation_differences",
    )
    op.drop_index(
        op.f("ix_reconciliation_differences_first_seen_at_id"),
        table_name="reconciliation_differences",
    )
    op.drop_index(
        op.f("ix_reconciliation_differences_account_id_first_seen_at"),
        table_name="reconciliation_differences",
    )
    op.drop_table("reconciliation_differences")
