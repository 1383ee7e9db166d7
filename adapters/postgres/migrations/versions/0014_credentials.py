"""Credentials: the secrets shown to vendors, sealed, each with its life and its use."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

ONE_EACH = (
    ("current", "state = 'current'"),
    ("previous", "state = 'previous'"),
    ("candidate", "state IN ('staged', 'tried')"),
)


def upgrade() -> None:
    """Apply."""
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "vendor_secrets",
        sa.Column("system", sa.Text(collation="C"), nullable=False),
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("login", sa.Text(), nullable=True),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("staged_by", sa.Text(), nullable=False),
        sa.Column("staged_at", moment, nullable=False),
        sa.Column("not_before", moment, nullable=True),
        sa.Column("expires_at", moment, nullable=True),
        sa.Column("tried_by", sa.Text(), nullable=True),
        sa.Column("tried_at", moment, nullable=True),
        sa.Column("accepted", sa.Boolean(), nullable=True),
        sa.Column("trial", sa.Text(), nullable=True),
        sa.Column("promoted_by", sa.Text(), nullable=True),
        sa.Column("promoted_at", moment, nullable=True),
        sa.Column("overlap_until", moment, nullable=True),
        sa.Column("retired_by", sa.Text(), nullable=True),
        sa.Column("retired_at", moment, nullable=True),
        sa.Column("used_at", moment, nullable=True),
        sa.Column("refreshed_at", moment, nullable=True),
        sa.Column("token_expires_at", moment, nullable=True),
        sa.Column("refused_at", moment, nullable=True),
        sa.Column("refusal", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("system", "version", name=op.f("pk_vendor_secrets")),
    )
    for name, where in ONE_EACH:
        op.create_index(
            f"uq_vendor_secrets_{name}",
            "vendor_secrets",
            ["system"],
            unique=True,
            postgresql_where=sa.text(where),
        )


def downgrade() -> None:
    """Undo."""
    op.drop_table("vendor_secrets")
