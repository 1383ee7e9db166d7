"""The first schema."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "api_keys",
        sa.Column("key_sha256", sa.String(length=64), nullable=False),
        sa.Column("principal", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("key_sha256", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("principal", name=op.f("uq_api_keys_principal")),
    )
    op.create_table(
        "audit_entries",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("actor_kind", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("change_id", sa.Text(), nullable=True),
        sa.Column("account_id", sa.Text(), nullable=True),
        sa.Column("correlation_id", sa.Text(), nullable=False),
        sa.Column("from_status", sa.Text(), nullable=True),
        sa.Column("to_status", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entries")),
    )
    op.create_index(
        op.f("ix_audit_entries_account_id_id"), "audit_entries", ["account_id", "id"], unique=False
    )
    op.create_index(
        op.f("ix_audit_entries_action_id"), "audit_entries", ["action", "id"], unique=False
    )
    op.create_index(
        op.f("ix_audit_entries_actor_id"), "audit_entries", ["actor", "id"], unique=False
    )
    op.create_index(
        op.f("ix_audit_entries_change_id_id"), "audit_entries", ["change_id", "id"], unique=False
    )
    op.create_index(
        op.f("ix_audit_entries_correlation_id_id"),
        "audit_entries",
        ["correlation_id", "id"],
        unique=False,
    )
    op.create_table(
        "inbox",
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(collation="C"), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=True),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("headers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("processed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("duplicates", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("system", "event_id", name=op.f("pk_inbox")),
    )
    op.create_index(
        "ix_inbox_unprocessed",
        "inbox",
        ["received_at"],
        unique=False,
        postgresql_where=sa.text("processed_at IS NULL"),
    )
    op.create_table(
        "service_changes",
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("account_id", sa.Text(collation="C"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("details", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("wish_sha256", sa.Text(), nullable=False),
        sa.Column("requested_date", sa.Date(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("correlation_id", sa.Text(), nullable=False),
        sa.Column("workflow_id", sa.Text(), nullable=False),
        sa.Column("submitted_by", sa.Text(), nullable=False),
        sa.Column("submitted_role", sa.Text(), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("duplicate_of", sa.Text(), nullable=True),
        sa.Column("waiting_on", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("next_action", sa.Text(), nullable=True),
        sa.Column("plan", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("plan_sha256", sa.Text(), nullable=True),
        sa.Column("failure", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_changes")),
        sa.UniqueConstraint("id", "submitted_by", name=op.f("uq_service_changes_id_submitted_by")),
    )
    op.create_index(
        op.f("ix_service_changes_account_id_submitted_at"),
        "service_changes",
        ["account_id", "submitted_at"],
        unique=False,
    )
    op.create_index(
        "ix_service_changes_open_wish",
        "service_changes",
        ["account_id", "wish_sha256"],
        unique=False,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_index(
        op.f("ix_service_changes_status_submitted_at_id"),
        "service_changes",
        ["status", "submitted_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_service_changes_submitted_at_id"),
        "service_changes",
        ["submitted_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_service_changes_submitted_by_submitted_at_id"),
        "service_changes",
        ["submitted_by", "submitted_at", "id"],
        unique=False,
    )
    op.create_table(
        "attempts",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("change_id", sa.Text(collation="C"), nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("effect_key", sa.Text(), nullable=True),
        sa.Column("attempt", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("http_status", sa.BigInteger(), nullable=True),
        sa.Column("retry_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("exchanges", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["change_id"], ["service_changes.id"], name=op.f("fk_attempts_change_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempts")),
    )
    op.create_index(op.f("ix_attempts_change_id_id"), "attempts", ["change_id", "id"], unique=False)
    op.create_index(
        op.f("ix_attempts_system_finished_at"), "attempts", ["system", "finished_at"], unique=False
    )
    op.create_table(
        "checks",
        sa.Column("change_id", sa.Text(collation="C"), nullable=False),
        sa.Column("round", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["change_id"], ["service_changes.id"], name=op.f("fk_checks_change_id")
        ),
        sa.PrimaryKeyConstraint("change_id", "round", "name", name=op.f("pk_checks")),
    )
    op.create_table(
        "decisions",
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("change_id", sa.Text(), nullable=False),
        sa.Column("submitted_by", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("plan_sha256", sa.Text(), nullable=True),
        sa.Column("document_version", sa.BigInteger(), nullable=False),
        sa.Column("document_sha256", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "action <> 'approve' OR actor <> submitted_by", name=op.f("ck_decisions_four_eyes")
        ),
        sa.ForeignKeyConstraint(
            ["change_id", "submitted_by"],
            ["service_changes.id", "service_changes.submitted_by"],
            name=op.f("fk_decisions_change_id_submitted_by"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decisions")),
    )
    op.create_index(op.f("ix_decisions_change_id"), "decisions", ["change_id"], unique=False)
    op.create_table(
        "document_versions",
        sa.Column("change_id", sa.Text(collation="C"), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("filename", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("storage_key", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("uploaded_by", sa.Text(), nullable=False),
        sa.Column("uploaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["change_id"], ["service_changes.id"], name=op.f("fk_document_versions_change_id")
        ),
        sa.PrimaryKeyConstraint("change_id", "version", name=op.f("pk_document_versions")),
    )
    op.create_table(
        "effects",
        sa.Column("idempotency_key", sa.Text(collation="C"), nullable=False),
        sa.Column("change_id", sa.Text(collation="C"), nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("document_version", sa.BigInteger(), nullable=False),
        sa.Column("payload_version", sa.BigInteger(), nullable=False),
        sa.Column("payload_sha256", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("vendor_reference", sa.Text(), nullable=True),
        sa.Column("reverses", sa.Text(), nullable=True),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("intended_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["change_id"], ["service_changes.id"], name=op.f("fk_effects_change_id")
        ),
        sa.PrimaryKeyConstraint("idempotency_key", name=op.f("pk_effects")),
    )
    op.create_index(
        op.f("ix_effects_change_id_intended_at"),
        "effects",
        ["change_id", "intended_at"],
        unique=False,
    )
    op.create_index(
        "ix_effects_open",
        "effects",
        ["intended_at"],
        unique=False,
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("caller", sa.Text(collation="C"), nullable=False),
        sa.Column("key", sa.Text(collation="C"), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("change_id", sa.Text(collation="C"), nullable=False),
        sa.Column("status_code", sa.BigInteger(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["change_id"], ["service_changes.id"], name=op.f("fk_idempotency_keys_change_id")
        ),
        sa.PrimaryKeyConstraint("caller", "key", name=op.f("pk_idempotency_keys")),
    )
    op.create_index(
        op.f("ix_idempotency_keys_change_id"), "idempotency_keys", ["change_id"], unique=False
    )
    op.create_table(
        "identifiers",
        sa.Column("value", sa.Text(collation="C"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("change_id", sa.Text(collation="C"), nullable=False),
        sa.Column(
            "folded",
            sa.Text(collation="C"),
            sa.Computed('lower(value) COLLATE "C"', persisted=True),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["change_id"], ["service_changes.id"], name=op.f("fk_identifiers_change_id")
        ),
        sa.PrimaryKeyConstraint("value", "kind", "change_id", name=op.f("pk_identifiers")),
    )
    op.create_index(op.f("ix_identifiers_change_id"), "identifiers", ["change_id"], unique=False)
    op.create_index(op.f("ix_identifiers_folded"), "identifiers", ["folded"], unique=False)
    op.create_table(
        "notifications",
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("change_id", sa.Text(collation="C"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("delivered", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["change_id"], ["service_changes.id"], name=op.f("fk_notifications_change_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notifications")),
    )
    op.create_index(
        op.f("ix_notifications_change_id"), "notifications", ["change_id"], unique=False
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("change_id", sa.Text(collation="C"), nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("available_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("dispatched_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["change_id"], ["service_changes.id"], name=op.f("fk_outbox_change_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
    )
    op.create_index(op.f("ix_outbox_change_id"), "outbox", ["change_id"], unique=False)
    op.create_index(
        "ix_outbox_due",
        "outbox",
        ["available_at"],
        unique=False,
        postgresql_where=sa.text("dispatched_at IS NULL"),
    )
    op.create_table(
        "tickets",
        sa.Column("change_id", sa.Text(collation="C"), nullable=False),
        sa.Column("reference", sa.Text(collation="C"), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["change_id"], ["service_changes.id"], name=op.f("fk_tickets_change_id")
        ),
        sa.PrimaryKeyConstraint("change_id", "reference", name=op.f("pk_tickets")),
    )
    op.execute(
        """
        CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'audit entries are only ever added';
        END $$
        """
    )
    op.execute(
        "CREATE TRIGGER audit_entries_append_only BEFORE UPDATE OR DELETE ON audit_entries "
        "FOR EACH ROW EXECUTE FUNCTION refuse_audit_change()"
    )
    op.execute(
        "CREATE TRIGGER audit_entries_never_emptied BEFORE TRUNCATE ON audit_entries "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()"
    )


def downgrade() -> None:
    """Undo."""
    op.drop_table("tickets")
    op.drop_index(
        "ix_outbox_due", table_name="outbox", postgresql_where=sa.text("dispatched_at IS NULL")
    )
    op.drop_index(op.f("ix_outbox_change_id"), table_name="outbox")
    op.drop_table("outbox")
    op.drop_index(op.f("ix_notifications_change_id"), table_name="notifications")
    op.drop_table("notifications")
    op.drop_index(op.f("ix_identifiers_folded"), table_name="identifiers")
    op.drop_index(op.f("ix_identifiers_change_id"), table_name="identifiers")
    op.drop_table("identifiers")
    op.drop_index(op.f("ix_idempotency_keys_change_id"), table_name="idempotency_keys")
    op.drop_table("idempotency_keys")
    op.drop_index(
        "ix_effects_open", table_name="effects", postgresql_where=sa.text("closed_at IS NULL")
    )
    op.drop_index(op.f("ix_effects_change_id_intended_at"), table_name="effects")
    op.drop_table("effects")
    op.drop_table("document_versions")
    op.drop_index(op.f("ix_decisions_change_id"), table_name="decisions")
    op.drop_table("decisions")
    op.drop_table("checks")
    op.drop_index(op.f("ix_attempts_system_finished_at"), table_name="attempts")
    op.drop_index(op.f("ix_attempts_change_id_id"), table_name="attempts")
    op.drop_table("attempts")
    op.drop_index(
        op.f("ix_service_changes_submitted_by_submitted_at_id"), table_name="service_changes"
    )
    op.drop_index(op.f("ix_service_changes_submitted_at_id"), table_name="service_changes")
    op.drop_index(op.f("ix_service_changes_status_submitted_at_id"), table_name="service_changes")
    op.drop_index(
        "ix_service_changes_open_wish",
        table_name="service_changes",
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.drop_index(op.f("ix_service_changes_account_id_submitted_at"), table_name="service_changes")
    op.drop_table("service_changes")
    op.drop_index(
        "ix_inbox_unprocessed", table_name="inbox", postgresql_where=sa.text("processed_at IS NULL")
    )
    op.drop_table("inbox")
    op.drop_index(op.f("ix_audit_entries_correlation_id_id"), table_name="audit_entries")
    op.drop_index(op.f("ix_audit_entries_change_id_id"), table_name="audit_entries")
    op.drop_index(op.f("ix_audit_entries_actor_id"), table_name="audit_entries")
    op.drop_index(op.f("ix_audit_entries_action_id"), table_name="audit_entries")
    op.drop_index(op.f("ix_audit_entries_account_id_id"), table_name="audit_entries")
    op.drop_table("audit_entries")
    op.drop_table("api_keys")
    op.execute("DROP FUNCTION refuse_audit_change")
