"""Who works here, and whose work is whose: people seen, and what they took or put off."""

from datetime import datetime

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from adapters.postgres.tables import EXACT, Base


class PersonRow(Base):
    """Somebody who signed in; what they may do is said by every sign-in anew."""

    __tablename__ = "people"

    principal: Mapped[str] = mapped_column(EXACT, primary_key=True)
    role: Mapped[str]
    last_seen_at: Mapped[datetime]


class AssignmentRow(Base):
    """Whose work a change or a cause is, and until when it is put off."""

    __tablename__ = "assignments"
    __table_args__ = (
        Index(None, "assignee", "set_at", "subject", postgresql_where=text("assignee IS NOT NULL")),
    )

    subject: Mapped[str] = mapped_column(EXACT, primary_key=True)
    assignee: Mapped[str | None]
    follow_up_at: Mapped[datetime | None]
    note: Mapped[str]
    set_by: Mapped[str]
    set_at: Mapped[datetime]
