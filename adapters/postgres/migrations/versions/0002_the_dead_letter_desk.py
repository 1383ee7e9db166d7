"""The dead-letter desk: decisions of two persons, dead letters, replays."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

RULES = {
    "four_eyes": "action NOT IN ('approve', 'apply_revision') OR actor <> submitted_by",
    "second_person": "second_actor <> actor",
    "second_person_missing": (
        "NOT needs_second OR second_actor IS NOT NULL OR state NOT IN ('given', 'taken')"
    ),
}


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "replays",
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("selection", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("sentence", sa.Text(), nullable=False),
        sa.Column("correlation_id", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_replays")),
    )
    op.create_table(
        "dead_letters",
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("change_id", sa.Text(collation="C"), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("next_action", sa.Text(), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("first_error", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("last_error", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("resumes", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.Text(), nullable=True),
        sa.Column("closed_action", sa.Text(), nullable=True),
        sa.Column("closed_reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["change_id"], ["service_changes.id"], name=op.f("fk_dead_letters_change_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dead_letters")),
    )
    op.create_index(op.f("ix_dead_letters_change_id"), "dead_letters", ["change_id"], unique=False)
    op.create_index(
        "ix_dead_letters_open",
        "dead_letters",
        ["fingerprint", "id"],
        unique=False,
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_table(
        "replay_items",
        sa.Column("replay_id", sa.Text(collation="C"), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("dead_letter_id", sa.Text(collation="C"), nullable=False),
        sa.Column("change_id", sa.Text(), nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("eligible", sa.Boolean(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("stage", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["dead_letter_id"], ["dead_letters.id"], name=op.f("fk_replay_items_dead_letter_id")
        ),
        sa.ForeignKeyConstraint(
            ["replay_id"], ["replays.id"], name=op.f("fk_replay_items_replay_id")
        ),
        sa.PrimaryKeyConstraint("replay_id", "position", name=op.f("pk_replay_items")),
    )
    op.create_index(
        op.f("ix_replay_items_dead_letter_id"), "replay_items", ["dead_letter_id"], unique=False
    )
    op.add_column(
        "decisions",
        sa.Column(
            "payload",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
    )
    op.add_column("decisions", sa.Column("revision", sa.BigInteger(), nullable=True))
    op.add_column("decisions", sa.Column("seen_sha256", sa.Text(), nullable=True))
    op.add_column(
        "decisions",
        sa.Column("state", sa.Text(), server_default=sa.text("'taken'"), nullable=False),
    )
    op.add_column(
        "decisions",
        sa.Column("needs_second", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.add_column("decisions", sa.Column("second_actor", sa.Text(), nullable=True))
    op.add_column("decisions", sa.Column("second_reason", sa.Text(), nullable=True))
    op.add_column("decisions", sa.Column("second_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("decisions", sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("decisions", sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "decisions", sa.Column("why", sa.Text(), server_default=sa.text("''"), nullable=False)
    )
    # What was decided before stands; what is decided from now on says it all.
    for column in ("payload", "state", "needs_second", "why"):
        op.alter_column("decisions", column, server_default=None)
    op.drop_constraint(op.f("ck_decisions_four_eyes"), "decisions")
    for name, rule in RULES.items():
        op.create_check_constraint(op.f(f"ck_decisions_{name}"), "decisions", rule)
    op.create_index(
        "uq_decisions_one_proposal",
        "decisions",
        ["change_id"],
        unique=True,
        postgresql_where=sa.text("state = 'proposed'"),
    )
    op.add_column(
        "notifications",
        sa.Column(
            "undelivered",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
    )
    op.add_column("service_changes", sa.Column("approved_plan_sha256", sa.Text(), nullable=True))
    op.execute(
        "UPDATE service_changes SET approved_plan_sha256 = plan_sha256 "
        "WHERE status IN ('applying', 'active', 'compensating')"
    )


def downgrade() -> None:
    """Undo."""
    op.drop_column("service_changes", "approved_plan_sha256")
    op.drop_column("notifications", "undelivered")
    op.drop_index(
        "uq_decisions_one_proposal",
        table_name="decisions",
        postgresql_where=sa.text("state = 'proposed'"),
    )
    for name in RULES:
        op.drop_constraint(op.f(f"ck_decisions_{name}"), "decisions")
    op.create_check_constraint(
        op.f("ck_decisions_four_eyes"), "decisions", "action <> 'approve' OR actor <> submitted_by"
    )
    op.drop_column("decisions", "why")
    op.drop_column("decisions", "closed_at")
    op.drop_column("decisions", "expires_at")
    op.drop_column("decisions", "second_at")
    op.drop_column("decisions", "second_reason")
    op.drop_column("decisions", "second_actor")
    op.drop_column("decisions", "needs_second")
    op.drop_column("decisions", "state")
    op.drop_column("decisions", "seen_sha256")
    op.drop_column("decisions", "revision")
    op.drop_column("decisions", "payload")
    op.drop_index(op.f("ix_replay_items_dead_letter_id"), table_name="replay_items")
    op.drop_table("replay_items")
    op.drop_index(
        "ix_dead_letters_open",
        table_name="dead_letters",
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.drop_index(op.f("ix_dead_letters_change_id"), table_name="dead_letters")
    op.drop_table("dead_letters")
    op.drop_table("replays")
