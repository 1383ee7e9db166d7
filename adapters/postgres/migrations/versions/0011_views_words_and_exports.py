"""Words that are searched, views that are kept, and indexes for what lists are narrowed to."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

EXACT = sa.Text(collation="C")
WORDS = "to_tsvector('simple'::regconfig, body || ' ' || translate(body, '._/-@:', '      '))"
PRICE_DIFFERENCE = (
    "(plan ->> 'recurring_after_minor')::bigint - (plan ->> 'recurring_before_minor')::bigint"
)

SHARED = sa.text("shared")
ALERTING = sa.text("alert_above IS NOT NULL")
OPEN = sa.text("resolved_at IS NULL")
UNTOLD = sa.text("NOT told")
REPEATED = sa.text("attempt > 1")

INDEXES = (
    ("ix_service_changes_kind_submitted_at_id", "service_changes", ["kind", "submitted_at", "id"]),
    ("ix_service_changes_updated_at", "service_changes", ["updated_at"]),
    (
        "ix_service_changes_requested_date_submitted_at_id",
        "service_changes",
        ["requested_date", "submitted_at", "id"],
    ),
    ("ix_service_changes_price_difference_minor", "service_changes", ["price_difference_minor"]),
    ("ix_effects_system_change_id", "effects", ["system", "change_id"]),
    ("ix_audit_entries_at_id", "audit_entries", ["at", "id"]),
)

KEEP = """
CREATE FUNCTION keep_{source}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF coalesce({body}, '') <> '' THEN
        INSERT INTO search_texts AS kept (change_id, source, place, body)
        VALUES ({change}, '{source}', {place}, {body})
        ON CONFLICT (change_id, source, place) DO UPDATE SET body = excluded.body
        WHERE kept.body <> excluded.body;
    ELSIF TG_OP = 'UPDATE' THEN
        DELETE FROM search_texts AS kept
        WHERE kept.change_id = {change} AND kept.source = '{source}' AND kept.place = {place};
    END IF;
    RETURN NULL;
END $$
"""

FAILURE = """
concat_ws(' ', {0}.failure ->> 'cause', {0}.failure ->> 'reason', {0}.failure ->> 'words')
"""

BY_PERSON = """
{0}.actor_kind = 'person' AND {0}.reason <> '' AND {0}.change_id IS NOT NULL
AND {0}.action NOT IN ('submit', 'add_document')
"""
"""Those two say by themselves what was handed in; no person wrote it."""

SOURCES = (
    ("note", "service_changes", "INSERT OR UPDATE OF note", "id", "''", "{0}.note", "true"),
    ("failure", "service_changes", "INSERT OR UPDATE OF failure", "id", "''", FAILURE, "true"),
    (
        "document_name",
        "document_versions",
        "INSERT OR UPDATE OF filename",
        "change_id",
        "{0}.version::text",
        "{0}.filename",
        "true",
    ),
    (
        "ticket_subject",
        "tickets",
        "INSERT OR UPDATE OF subject",
        "change_id",
        "{0}.reference",
        "{0}.subject",
        "true",
    ),
    ("reason", "audit_entries", "INSERT", "change_id", "{0}.id::text", "{0}.reason", BY_PERSON),
)
"""What is searched: its name, its table, when it is written, change, place, words, and which."""


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "search_texts",
        sa.Column("change_id", EXACT, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("words", TSVECTOR(), sa.Computed(WORDS, persisted=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["change_id"], ["service_changes.id"], name=op.f("fk_search_texts_change_id")
        ),
        sa.PrimaryKeyConstraint("change_id", "source", "place", name=op.f("pk_search_texts")),
    )
    for source in SOURCES:
        _keep(source)
    # After the rows, which is several times faster than row by row.
    op.create_index("ix_search_texts_words", "search_texts", ["words"], postgresql_using="gin")
    _narrowing()
    _views()


def _keep(kept: tuple[str, str, str, str, str, str, str]) -> None:
    """The trigger that keeps one source, and the rows that are there already."""
    source, table, when, change, place, body, which = kept
    # Names and expressions are this file's own; there is nothing of a caller's in them.
    op.execute(
        KEEP.format(
            source=source,
            change=f"NEW.{change}",
            place=place.format("NEW"),
            body=body.format("NEW"),
        )
    )
    op.execute(
        f"CREATE TRIGGER {table}_{source} AFTER {when} ON {table} FOR EACH ROW "
        f"WHEN ({which.format('NEW')}) EXECUTE FUNCTION keep_{source}()"
    )
    # Every name comes from SOURCES; there is nothing of a caller's in this statement.
    op.execute(
        "INSERT INTO search_texts (change_id, source, place, body) "  # noqa: S608
        f"SELECT t.{change}, '{source}', {place.format('t')}, {body.format('t')} FROM {table} t "
        f"WHERE {which.format('t')} AND coalesce({body.format('t')}, '') <> ''"
    )


def _narrowing() -> None:
    op.add_column(
        "service_changes",
        sa.Column(
            "price_difference_minor",
            sa.BigInteger(),
            sa.Computed(PRICE_DIFFERENCE, persisted=True),
            nullable=True,
        ),
    )
    for name, table, columns in INDEXES:
        op.create_index(name, table, columns)
    op.create_index(
        "ix_service_changes_waiting_on",
        "service_changes",
        ["waiting_on"],
        postgresql_using="gin",
        postgresql_ops={"waiting_on": "jsonb_path_ops"},
    )
    op.create_index(
        "ix_attempts_repeated", "attempts", ["attempt", "change_id"], postgresql_where=REPEATED
    )


def _views() -> None:
    op.create_table(
        "saved_views",
        sa.Column("id", EXACT, nullable=False),
        sa.Column("page", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("owner", EXACT, nullable=False),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.Column("filters", JSONB(), nullable=False),
        sa.Column("alert_above", sa.BigInteger(), nullable=True),
        sa.Column("held", sa.BigInteger(), nullable=True),
        sa.Column("looked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_views")),
    )
    op.create_index("uq_saved_views_own", "saved_views", ["page", "owner", "name"], unique=True)
    op.create_index(
        "uq_saved_views_shared",
        "saved_views",
        ["page", "name"],
        unique=True,
        postgresql_where=SHARED,
    )
    op.create_index("ix_saved_views_alerting", "saved_views", ["id"], postgresql_where=ALERTING)
    op.create_table(
        "view_alerts",
        sa.Column("id", EXACT, nullable=False),
        sa.Column("view_id", EXACT, nullable=False),
        sa.Column("above", sa.BigInteger(), nullable=False),
        sa.Column("held", sa.BigInteger(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("delivered", JSONB(), nullable=False),
        sa.Column("undelivered", JSONB(), nullable=False),
        sa.Column("told", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["view_id"],
            ["saved_views.id"],
            name=op.f("fk_view_alerts_view_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_view_alerts")),
    )
    op.create_index(
        "uq_view_alerts_open", "view_alerts", ["view_id"], unique=True, postgresql_where=OPEN
    )
    op.create_index("ix_view_alerts_untold", "view_alerts", ["opened_at"], postgresql_where=UNTOLD)
    op.create_index("ix_view_alerts_view_id_opened_at", "view_alerts", ["view_id", "opened_at"])


def downgrade() -> None:
    """Undo."""
    op.drop_table("view_alerts")
    op.drop_table("saved_views")
    op.drop_index("ix_attempts_repeated", table_name="attempts", postgresql_where=REPEATED)
    op.drop_index("ix_service_changes_waiting_on", table_name="service_changes")
    for name, table, _ in reversed(INDEXES):
        op.drop_index(name, table_name=table)
    op.drop_column("service_changes", "price_difference_minor")
    for source, table, *_ in reversed(SOURCES):
        op.execute(f"DROP TRIGGER {table}_{source} ON {table}")
        op.execute(f"DROP FUNCTION keep_{source}")
    op.drop_table("search_texts")
