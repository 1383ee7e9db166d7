"""The tables of finding: texts that are searched, views that are kept, and alerts on views."""

from datetime import datetime
from typing import Any

from sqlalchemy import Computed, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from adapters.postgres.tables import EXACT, Base

WORDS_OF_BODY = (
    "to_tsvector('simple'::regconfig, body || ' ' || translate(body, '._/-@:', '      '))"
)
"""A file name or an address counts as a whole and by its parts."""


class SearchTextRow(Base):
    """Words somebody or some system wrote about a change; triggers keep it with its source.

    It holds what stands in `source` at `place` and no personal field. The database writes it in
    the transaction that writes the source, whoever does.
    """

    __tablename__ = "search_texts"
    __table_args__ = (Index(None, "words", postgresql_using="gin"),)

    change_id: Mapped[str] = mapped_column(ForeignKey("service_changes.id"), primary_key=True)
    source: Mapped[str] = mapped_column(primary_key=True)
    place: Mapped[str] = mapped_column(primary_key=True)
    body: Mapped[str]
    words: Mapped[str] = mapped_column(TSVECTOR, Computed(WORDS_OF_BODY, persisted=True))


class SavedViewRow(Base):
    """Filters of a page under a name, somebody's own or everybody's."""

    __tablename__ = "saved_views"
    __table_args__ = (
        Index("uq_saved_views_own", "page", "owner", "name", unique=True),
        Index(
            "uq_saved_views_shared",
            "page",
            "name",
            unique=True,
            postgresql_where=text("shared"),
        ),
        Index("ix_saved_views_alerting", "id", postgresql_where=text("alert_above IS NOT NULL")),
    )

    id: Mapped[str] = mapped_column(EXACT, primary_key=True)
    page: Mapped[str]
    name: Mapped[str]
    owner: Mapped[str] = mapped_column(EXACT)
    shared: Mapped[bool]
    filters: Mapped[dict[str, Any]]
    alert_above: Mapped[int | None]
    """Operations are told once the view holds more than this."""
    held: Mapped[int | None]
    """How many it held when that was last looked, counted no further than one above the limit."""
    looked_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class ViewAlertRow(Base):
    """One time a view held more than it should: from when, until when, and who was told."""

    __tablename__ = "view_alerts"
    __table_args__ = (
        Index(
            "uq_view_alerts_open",
            "view_id",
            unique=True,
            postgresql_where=text("resolved_at IS NULL"),
        ),
        Index("ix_view_alerts_untold", "opened_at", postgresql_where=text("NOT told")),
        Index(None, "view_id", "opened_at"),
    )

    id: Mapped[str] = mapped_column(EXACT, primary_key=True)
    view_id: Mapped[str] = mapped_column(ForeignKey("saved_views.id", ondelete="CASCADE"))
    above: Mapped[int]
    held: Mapped[int]
    opened_at: Mapped[datetime]
    resolved_at: Mapped[datetime | None]
    delivered: Mapped[dict[str, Any]]
    """What was told by which channel, such as `opened:mail`, and when."""
    undelivered: Mapped[dict[str, Any]]
    told: Mapped[bool]
    """Nothing is left to be told, or it has been given up."""
