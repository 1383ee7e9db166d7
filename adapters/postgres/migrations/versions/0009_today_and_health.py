"""Today and health: life signs, and indexes for what a day, a vendor and a list of tries ask."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

OPEN = sa.text("ended_at IS NULL")
ENDED = sa.text("ended_at IS NOT NULL")
FAILED = sa.text("outcome <> 'ok'")

INDEXES = (
    (
        "ix_service_changes_open",
        "service_changes",
        ["submitted_at", "id", "status", "submitted_by"],
        OPEN,
    ),
    ("ix_service_changes_open_due", "service_changes", ["due_at"], OPEN),
    ("ix_service_changes_ended", "service_changes", ["ended_at", "status", "submitted_by"], ENDED),
    ("ix_attempts_step_finished_at", "attempts", ["step", "finished_at"], None),
    ("ix_attempts_finished_at_id", "attempts", ["finished_at", "id"], None),
    ("ix_attempts_failed", "attempts", ["outcome", "finished_at", "id"], FAILED),
    ("ix_dead_letters_opened_at", "dead_letters", ["opened_at"], None),
    ("ix_dead_letters_fingerprint_opened_at", "dead_letters", ["fingerprint", "opened_at"], None),
    ("ix_inbox_system_received_at", "inbox", ["system", "received_at"], None),
)


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "life_signs",
        sa.Column("process", sa.Text(collation="C"), nullable=False),
        sa.Column("part", sa.Text(collation="C"), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ran_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ran_ms", sa.BigInteger(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("facts", JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("process", "part", name=op.f("pk_life_signs")),
    )
    for name, table, columns, where in INDEXES:
        op.create_index(name, table, columns, postgresql_where=where)


def downgrade() -> None:
    """Undo."""
    for name, table, _, where in reversed(INDEXES):
        op.drop_index(name, table_name=table, postgresql_where=where)
    op.drop_table("life_signs")
