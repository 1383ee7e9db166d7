"""The approval queue in its own order: the soonest due first."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_index(
        "ix_service_changes_approvals",
        "service_changes",
        ["due_at", "submitted_at", "id"],
        postgresql_where=sa.text("status = 'awaiting_approval'"),
    )


def downgrade() -> None:
    """Take back."""
    op.drop_index("ix_service_changes_approvals", table_name="service_changes")
