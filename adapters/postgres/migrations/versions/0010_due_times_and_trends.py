"""Due times of dead letters, indexes for how the desk fills and empties, replays of a cause."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

OPEN = sa.text("closed_at IS NULL")
# The promises as they were when due times came; what is opened from now on has its own.
DUE = """
    UPDATE dead_letters SET due_at = opened_at + CASE
        WHEN code = 'credential' THEN interval '1 hour'
        WHEN code IN ('workflow_lost', 'stalled') THEN interval '2 hours'
        WHEN code IN ('unavailable', 'throttled', 'outcome_unknown', 'unverifiable')
            THEN interval '4 hours'
        WHEN code IN ('unrecognised_payload', 'internal') THEN interval '8 hours'
        WHEN owner = 'field planning' THEN interval '8 hours'
        ELSE interval '24 hours'
    END
"""


def upgrade() -> None:
    """Apply."""
    op.add_column("dead_letters", sa.Column("due_at", sa.DateTime(timezone=True), nullable=True))
    op.execute(DUE)
    op.alter_column("dead_letters", "due_at", nullable=False)
    op.create_index("ix_dead_letters_open_due", "dead_letters", ["due_at"], postgresql_where=OPEN)
    op.create_index("ix_dead_letters_closed_at", "dead_letters", ["closed_at"])
    op.create_index(
        "ix_dead_letters_fingerprint_closed_at", "dead_letters", ["fingerprint", "closed_at"]
    )
    op.add_column("replays", sa.Column("fingerprint", sa.Text(), nullable=True))
    op.execute("UPDATE replays SET fingerprint = selection->>'fingerprint'")
    op.create_index(
        "ix_replays_fingerprint_created_at_id", "replays", ["fingerprint", "created_at", "id"]
    )


def downgrade() -> None:
    """Undo."""
    op.drop_index("ix_replays_fingerprint_created_at_id", table_name="replays")
    op.drop_column("replays", "fingerprint")
    op.drop_index("ix_dead_letters_fingerprint_closed_at", table_name="dead_letters")
    op.drop_index("ix_dead_letters_closed_at", table_name="dead_letters")
    op.drop_index("ix_dead_letters_open_due", table_name="dead_letters", postgresql_where=OPEN)
    op.drop_column("dead_letters", "due_at")
