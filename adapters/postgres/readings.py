"""Who of the staff read what is personal: a reading is an audit entry like any other act."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, Protocol

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from adapters.postgres.audit import audit_entry
from adapters.postgres.tables import AuditEntryRow, ServiceChangeRow

ONE_LOOK: Final = timedelta(minutes=10)
"""A page that draws itself again reads again; within this time that is the same look."""


class Reading(StrEnum):
    """What of a change was read; the name is the action of the audit entry."""

    DOCUMENT = "read_document"
    PERSONAL = "read_personal"


class Reader(Protocol):
    """Whoever is calling, by name."""

    @property
    def name(self) -> str:
        """As audit entries name them."""
        ...


async def record_reading(
    session: AsyncSession,
    caller: Reader,
    change: ServiceChangeRow,
    what: Reading,
    *,
    at: datetime,
    facts: dict[str, Any] | None = None,
) -> None:
    """Put on record that `caller` reads something personal of `change`. No commit.

    To be committed before the answer begins: what cannot be recorded is not shown. `facts` say
    which part was read and hold nothing personal themselves. Reading what one submitted is not
    recorded, and the same look at the same part within ONE_LOOK is recorded once.
    """
    if caller.name == change.submitted_by:
        return
    which = facts or {}
    entry = AuditEntryRow
    seen = await session.scalar(
        select(entry.id)
        .where(
            entry.change_id == change.id,
            entry.actor == caller.name,
            entry.action == what,
            entry.facts == which,
            entry.at > at - ONE_LOOK,
        )
        .limit(1)
    )
    if seen is None:
        session.add(
            audit_entry(
                at=at,
                actor=caller.name,
                actor_kind="person",
                action=what,
                change=change,
                facts=which,
            )
        )
