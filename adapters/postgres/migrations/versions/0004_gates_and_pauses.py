"""Gates before vendors, pauses by people, and what is known of an effect's tries."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "vendor_gates",
        sa.Column("system", sa.Text(collation="C"), nullable=False),
        sa.Column("closed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cause", sa.Text(), nullable=True),
        sa.Column("prober", sa.Text(), nullable=True),
        sa.Column("probing_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("admitted", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.BigInteger(), nullable=False),
        sa.Column("closures", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("system", name=op.f("pk_vendor_gates")),
    )
    op.create_table(
        "pauses",
        sa.Column("scope", sa.Text(collation="C"), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("scope", name=op.f("pk_pauses")),
    )
    op.add_column(
        "effects",
        sa.Column("in_doubt", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
    )
    # Effects left open by the release before: nobody counted, so every one of them is in doubt.
    op.execute("UPDATE effects SET in_doubt = 1 WHERE status IN ('intended', 'unknown')")
    op.add_column(
        "effects",
        sa.Column("repeatability", sa.Text(), server_default=sa.text("'look_up'"), nullable=False),
    )
    op.add_column(
        "effects",
        sa.Column(
            "tried_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
    )
    op.add_column(
        "effects", sa.Column("settle_asked_at", sa.DateTime(timezone=True), nullable=True)
    )


def downgrade() -> None:
    """Undo."""
    op.drop_column("effects", "settle_asked_at")
    op.drop_column("effects", "tried_at")
    op.drop_column("effects", "repeatability")
    op.drop_column("effects", "in_doubt")
    op.drop_table("pauses")
    op.drop_table("vendor_gates")
