"""Drift: shapes seen, what differed, whom it parked, what was mapped; payloads that expire."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

EXACT = sa.Text(collation="C")
TIME = sa.DateTime(timezone=True)
OPEN = sa.text("state = 'open'")
MAPPED = sa.text("state = 'mapped'")
KEPT = sa.text("payloads_expired_at IS NULL")
BODY_KEPT = sa.text("body_expired_at IS NULL")


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def _time(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, TIME, nullable=nullable)


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "shapes",
        _text("system"),
        sa.Column("operation", EXACT, nullable=False),
        sa.Column("fingerprint", EXACT, nullable=False),
        sa.Column("paths", JSONB(), nullable=False),
        _text("state"),
        sa.Column("count", sa.BigInteger(), nullable=False),
        _time("first_seen_at"),
        _time("last_seen_at"),
        sa.PrimaryKeyConstraint("system", "operation", "fingerprint", name=op.f("pk_shapes")),
    )
    op.create_table(
        "drift_items",
        sa.Column("id", EXACT, nullable=False),
        *map(_text, ("kind", "system", "operation", "path", "subject", "raw", "expected")),
        sa.Column("candidates", JSONB(), nullable=False),
        sa.Column("sample", JSONB(), nullable=True),
        sa.Column("diff", JSONB(), nullable=False),
        _text("shape"),
        sa.Column("count", sa.BigInteger(), nullable=False),
        _time("first_seen_at"),
        _time("last_seen_at"),
        _text("state"),
        _text("decided_by", nullable=True),
        _time("decided_at", nullable=True),
        _text("reason"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drift_items")),
    )
    op.create_index(op.f("ix_drift_items_first_seen_at_id"), "drift_items", ["first_seen_at", "id"])
    op.create_index(
        "ix_drift_items_open", "drift_items", ["first_seen_at", "id"], postgresql_where=OPEN
    )
    op.create_index("ix_drift_items_mapped", "drift_items", ["decided_at"], postgresql_where=MAPPED)
    op.create_table(
        "drift_changes",
        sa.Column("item_id", EXACT, nullable=False),
        sa.Column("change_id", sa.Text(collation="C"), nullable=False),
        _time("seen_at"),
        sa.ForeignKeyConstraint(
            ["item_id"], ["drift_items.id"], name=op.f("fk_drift_changes_item_id")
        ),
        sa.ForeignKeyConstraint(
            ["change_id"], ["service_changes.id"], name=op.f("fk_drift_changes_change_id")
        ),
        sa.PrimaryKeyConstraint("item_id", "change_id", name=op.f("pk_drift_changes")),
    )
    op.create_index(op.f("ix_drift_changes_change_id"), "drift_changes", ["change_id"])
    op.create_table(
        "drift_events",
        sa.Column("item_id", EXACT, nullable=False),
        _text("system"),
        sa.Column("event_id", EXACT, nullable=False),
        sa.ForeignKeyConstraint(
            ["item_id"], ["drift_items.id"], name=op.f("fk_drift_events_item_id")
        ),
        sa.ForeignKeyConstraint(
            ["system", "event_id"],
            ["inbox.system", "inbox.event_id"],
            name=op.f("fk_drift_events_system_event_id"),
        ),
        sa.PrimaryKeyConstraint("item_id", "system", "event_id", name=op.f("pk_drift_events")),
    )
    op.create_index(op.f("ix_drift_events_system_event_id"), "drift_events", ["system", "event_id"])
    op.create_table(
        "mappings",
        sa.Column("id", EXACT, nullable=False),
        sa.Column("item_id", EXACT, nullable=False),
        *map(_text, ("system", "kind", "subject", "raw", "known")),
        sa.Column("version", sa.BigInteger(), nullable=False),
        *map(_text, ("state", "proposed_by", "proposed_role", "reason")),
        _time("proposed_at"),
        _time("expires_at"),
        *(
            _text(name, nullable=True)
            for name in ("seen_sha256", "confirmed_by", "confirmed_role", "confirm_reason")
        ),
        _time("confirmed_at", nullable=True),
        *(_text(name, nullable=True) for name in ("retired_by", "retire_reason")),
        _time("retired_at", nullable=True),
        sa.CheckConstraint("confirmed_by <> proposed_by", name=op.f("ck_mappings_second_person")),
        sa.CheckConstraint(
            "state NOT IN ('active', 'retired') OR confirmed_by IS NOT NULL",
            name=op.f("ck_mappings_second_person_missing"),
        ),
        sa.CheckConstraint(
            "state <> 'active' OR 'admin' IN (proposed_role, confirmed_role)",
            name=op.f("ck_mappings_admin_missing"),
        ),
        sa.ForeignKeyConstraint(["item_id"], ["drift_items.id"], name=op.f("fk_mappings_item_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mappings")),
    )
    of = ["system", "kind", "subject", "raw"]
    op.create_index(
        op.f("ix_mappings_system_kind_subject_raw_version"),
        "mappings",
        [*of, "version"],
        unique=True,
    )
    op.create_index(
        "uq_mappings_active",
        "mappings",
        of,
        unique=True,
        postgresql_where=sa.text("state = 'active'"),
    )
    op.create_index(
        "uq_mappings_one_proposal",
        "mappings",
        ["item_id"],
        unique=True,
        postgresql_where=sa.text("state = 'proposed'"),
    )
    op.create_index(op.f("ix_mappings_proposed_at_id"), "mappings", ["proposed_at", "id"])
    op.add_column("replays", _text("drift", nullable=True))
    op.create_index(
        "ix_replays_drift", "replays", ["drift"], postgresql_where=sa.text("drift IS NOT NULL")
    )
    op.add_column("attempts", _time("payloads_expired_at", nullable=True))
    op.create_index("ix_attempts_kept", "attempts", ["finished_at"], postgresql_where=KEPT)
    op.add_column("inbox", _time("body_expired_at", nullable=True))
    op.add_column("inbox", _text("body_sha256", nullable=True))
    op.add_column("inbox", sa.Column("body_bytes", sa.BigInteger(), nullable=True))
    op.create_index("ix_inbox_kept", "inbox", ["received_at"], postgresql_where=BODY_KEPT)


def downgrade() -> None:
    """Undo."""
    op.drop_index("ix_inbox_kept", table_name="inbox", postgresql_where=BODY_KEPT)
    for column in ("body_bytes", "body_sha256", "body_expired_at"):
        op.drop_column("inbox", column)
    op.drop_index("ix_attempts_kept", table_name="attempts", postgresql_where=KEPT)
    op.drop_column("attempts", "payloads_expired_at")
    op.drop_index(
        "ix_replays_drift", table_name="replays", postgresql_where=sa.text("drift IS NOT NULL")
    )
    op.drop_column("replays", "drift")
    for table in ("mappings", "drift_events", "drift_changes", "drift_items", "shapes"):
        op.drop_table(table)
