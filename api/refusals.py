"""Puts on record that somebody was refused something that is not about one change."""

from collections.abc import Iterable
from typing import Any

from adapters.postgres.audit import audit_note
from api.dependencies import Parts, Principal, require_role
from api.errors import ApiError
from domain.service_change import Role


async def note_refusal(
    parts: Parts,
    caller: Principal,
    action: str,
    correlation_id: str,
    why: str,
    *,
    facts: dict[str, Any] | None = None,
) -> None:
    """One entry of the audit trail, in a transaction of its own."""
    async with parts.sessions.begin() as session:
        session.add(
            audit_note(
                at=parts.clock(),
                actor=caller.name,
                actor_kind="person",
                action=action,
                correlation_id=correlation_id,
                outcome="refused",
                reason=why,
                facts=facts,
            )
        )


async def require_role_on_record(
    parts: Parts,
    caller: Principal,
    roles: Iterable[Role],
    action: str,
    correlation_id: str,
    *,
    facts: dict[str, Any] | None = None,
) -> None:
    """Raise forbidden, on record, for a caller with none of the roles."""
    try:
        require_role(caller, *roles)
    except ApiError as error:
        await note_refusal(parts, caller, action, correlation_id, str(error), facts=facts)
        raise
