"""People who signed in, and whose work is whose."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

ASSIGNED = sa.text("assignee IS NOT NULL")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "people",
        sa.Column("principal", sa.Text(collation="C"), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("principal", name=op.f("pk_people")),
    )
    op.create_table(
        "assignments",
        sa.Column("subject", sa.Text(collation="C"), nullable=False),
        sa.Column("assignee", sa.Text(), nullable=True),
        sa.Column("follow_up_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("set_by", sa.Text(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_assignments")),
    )
    op.create_index(
        op.f("ix_assignments_assignee_set_at_subject"),
        "assignments",
        ["assignee", "set_at", "subject"],
        postgresql_where=ASSIGNED,
    )


def downgrade() -> None:
    """Undo."""
    op.drop_index(
        op.f("ix_assignments_assignee_set_at_subject"),
        table_name="assignments",
        postgresql_where=ASSIGNED,
    )
    op.drop_table("assignments")
    op.drop_table("people")
