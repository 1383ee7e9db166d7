"""Writes audit entries and identifiers, in whatever transaction it is given."""

from datetime import datetime
from typing import Any

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from adapters.postgres.tables import AuditEntryRow, IdentifierRow, ServiceChangeRow
from domain.service_change import ChangeStatus


def audit_entry(
    *,
    at: datetime,
    actor: str,
    actor_kind: str,
    action: str,
    change: ServiceChangeRow,
    outcome: str = "done",
    from_status: ChangeStatus | None = None,
    to_status: ChangeStatus | None = None,
    reason: str = "",
    facts: dict[str, Any] | None = None,
) -> AuditEntryRow:
    """One entry about a change, to be written with the state it explains, or not at all."""
    return AuditEntryRow(
        at=at,
        actor=actor,
        actor_kind=actor_kind,
        action=action,
        outcome=outcome,
        change_id=change.id,
        account_id=change.account_id,
        correlation_id=change.correlation_id,
        from_status=from_status,
        to_status=to_status,
        reason=reason,
        facts=facts or {},
    )


async def add_identifier(session: AsyncSession, change_id: str, kind: str, value: str) -> None:
    """Make a change findable by one more name. Safe to repeat."""
    await session.execute(
        insert(IdentifierRow)
        .values(value=value, kind=kind, change_id=change_id)
        .on_conflict_do_nothing()
    )


def audit_note(
    *,
    at: datetime,
    actor: str,
    actor_kind: str,
    action: str,
    correlation_id: str,
    outcome: str = "done",
    reason: str = "",
    account_id: str | None = None,
    facts: dict[str, Any] | None = None,
) -> AuditEntryRow:
    """One entry about something that is not a single change."""
    return AuditEntryRow(
        at=at,
        actor=actor,
        actor_kind=actor_kind,
        action=action,
        outcome=outcome,
        account_id=account_id,
        correlation_id=correlation_id,
        reason=reason,
        facts=facts or {},
    )
