"""What follows when a vendor accepts no secret of ours, and when it accepts one again."""

from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from adapters.postgres.audit import audit_note
from adapters.postgres.outbox import outbox_row
from adapters.postgres.tables import ServiceChangeRow
from domain.credentials import PROBER, fault_scope
from domain.errors import FailureCode
from domain.gates import Gate
from domain.identifiers import System

PROBE: Final = "probe_credential"
"""Topic of the outbox: have a vendor probed until it accepts a secret."""


async def note_fault(session: AsyncSession, before: Gate, gate: Gate, now: datetime) -> None:
    """Have the vendor probed when the fault begins; wake what waits when it is over. No commit."""
    was, is_ = (each.cause is FailureCode.CREDENTIAL for each in (before, gate))
    if is_ and not was:
        ask_probe(session, gate.system, now)
        _audit(session, gate.system, "credential_fault", "It accepts no secret of ours.", now)
    if was and not is_:
        waiting = await session.scalars(
            select(ServiceChangeRow.id).where(
                ServiceChangeRow.ended_at.is_(None),
                ServiceChangeRow.waiting_on.contains([{"pause": fault_scope(gate.system)}]),
            )
        )
        session.add_all(outbox_row("resumed", change_id, {}, now) for change_id in waiting)
        _audit(session, gate.system, "credential_fault_over", "It accepts a secret again.", now)


def ask_probe(session: AsyncSession, system: System, at: datetime) -> None:
    """Have the relay start a probe; nothing if one is under way. No commit."""
    session.add(outbox_row(PROBE, None, {"system": system}, at))


def _audit(session: AsyncSession, system: System, action: str, reason: str, at: datetime) -> None:
    session.add(
        audit_note(
            at=at,
            actor=PROBER,
            actor_kind="schedule",
            action=action,
            correlation_id=fault_scope(system),
            reason=reason,
            facts={"system": system},
        )
    )
