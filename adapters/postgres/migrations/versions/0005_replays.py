"""Replays: what an item was judged by, who claims a dead letter; messages about no one change."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

CLAIMED = sa.text("state IN ('waiting', 'retrying')")
UNFINISHED = sa.text("finished_at IS NULL")


def upgrade() -> None:
    """Apply."""
    op.drop_column("replay_items", "eligible")
    for column in ("attempt_mark", "audit_mark"):
        op.add_column(
            "replay_items",
            sa.Column(column, sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        )
        op.alter_column("replay_items", column, server_default=None)
    op.add_column("replay_items", sa.Column("looked_at", sa.DateTime(timezone=True), nullable=True))
    op.drop_index(op.f("ix_replay_items_dead_letter_id"), table_name="replay_items")
    op.create_index(op.f("ix_replay_items_replay_id_state"), "replay_items", ["replay_id", "state"])
    op.create_index(
        "uq_replay_items_claimed",
        "replay_items",
        ["dead_letter_id"],
        unique=True,
        postgresql_where=CLAIMED,
    )
    op.create_index(op.f("ix_replays_created_at_id"), "replays", ["created_at", "id"])
    op.create_index("ix_replays_unfinished", "replays", ["id"], postgresql_where=UNFINISHED)
    op.alter_column("outbox", "change_id", nullable=True)
    op.alter_column("outbox", "available_at", server_default=sa.text("now()"))
    op.alter_column("idempotency_keys", "change_id", nullable=True)


def downgrade() -> None:
    """Undo. Messages and answers that are about no change have no place in the older schema."""
    op.execute("DELETE FROM idempotency_keys WHERE change_id IS NULL")
    op.execute("DELETE FROM outbox WHERE change_id IS NULL")
    for table in ("idempotency_keys", "outbox"):
        op.alter_column(table, "change_id", nullable=False)
    op.alter_column("outbox", "available_at", server_default=None)
    op.drop_index("ix_replays_unfinished", table_name="replays", postgresql_where=UNFINISHED)
    op.drop_index(op.f("ix_replays_created_at_id"), table_name="replays")
    op.drop_index("uq_replay_items_claimed", table_name="replay_items", postgresql_where=CLAIMED)
    op.drop_index(op.f("ix_replay_items_replay_id_state"), table_name="replay_items")
    op.create_index(op.f("ix_replay_items_dead_letter_id"), "replay_items", ["dead_letter_id"])
    op.drop_column("replay_items", "looked_at")
    op.drop_column("replay_items", "audit_mark")
    op.drop_column("replay_items", "attempt_mark")
    op.add_column(
        "replay_items",
        sa.Column("eligible", sa.Boolean(), server_default=sa.true(), nullable=False),
    )
    op.alter_column("replay_items", "eligible", server_default=None)
