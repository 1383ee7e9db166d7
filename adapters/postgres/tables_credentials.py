"""The secrets shown to vendors, sealed; and how each has been used."""

from datetime import datetime

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from adapters.postgres.tables import EXACT, Base


class VendorSecretRow(Base):
    """One version of a system's secret, from its staging to its retirement."""

    __tablename__ = "vendor_secrets"
    __table_args__ = (
        Index(
            "uq_vendor_secrets_current",
            "system",
            unique=True,
            postgresql_where=text("state = 'current'"),
        ),
        Index(
            "uq_vendor_secrets_previous",
            "system",
            unique=True,
            postgresql_where=text("state = 'previous'"),
        ),
        Index(
            "uq_vendor_secrets_candidate",
            "system",
            unique=True,
            postgresql_where=text("state IN ('staged', 'tried')"),
        ),
    )

    system: Mapped[str] = mapped_column(EXACT, primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    state: Mapped[str]
    sealed: Mapped[bytes | None]
    """Encrypted by the keyring; None once it is retired."""
    login: Mapped[str | None]
    """The client id or user name that belongs to it, where it has its own."""
    fingerprint: Mapped[str]
    reason: Mapped[str]
    staged_by: Mapped[str]
    staged_at: Mapped[datetime]
    not_before: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    tried_by: Mapped[str | None]
    tried_at: Mapped[datetime | None]
    accepted: Mapped[bool | None]
    """What the last trial ended with; None if there was none, or it could not be made."""
    trial: Mapped[str | None]
    promoted_by: Mapped[str | None]
    promoted_at: Mapped[datetime | None]
    overlap_until: Mapped[datetime | None]
    """Of one that was replaced: until when it may still be shown."""
    retired_by: Mapped[str | None]
    retired_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None]
    """When the vendor last accepted it, to some seconds."""
    refreshed_at: Mapped[datetime | None]
    """When a token was last had for it."""
    token_expires_at: Mapped[datetime | None]
    refused_at: Mapped[datetime | None]
    refusal: Mapped[str | None]
