"""What was asked of a vendor is kept with its hash; the replays a change was part of are found."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply. Effects of the older schema keep their hash alone."""
    op.add_column("effects", sa.Column("payload", JSONB(), nullable=True))
    op.create_index(op.f("ix_replay_items_change_id"), "replay_items", ["change_id"])


def downgrade() -> None:
    """Undo."""
    op.drop_index(op.f("ix_replay_items_change_id"), table_name="replay_items")
    op.drop_column("effects", "payload")
