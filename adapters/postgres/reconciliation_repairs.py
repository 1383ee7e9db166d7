"""Repairs of differences in SQL: what was decided, the effect before and after the call."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from adapters.postgres.audit import audit_note
from adapters.postgres.mapping import exchange_values
from adapters.postgres.tables_reconciliation import DifferenceRow, RepairRow
from domain.identifiers import System, fingerprint
from domain.reconciliation_decisions import DifferenceState
from domain.reconciling import RepairTry, RepairWork
from domain.service_change import EffectStatus
from domain.vendor_values import Exchange

_R = RepairRow


class PostgresRepairs:
    """Satisfies `activities.reconciliations.Repairs`."""

    def __init__(
        self, sessions: async_sessionmaker[AsyncSession], clock: Callable[[], datetime]
    ) -> None:
        self._sessions = sessions
        self._clock = clock

    async def work(self, difference_id: str) -> RepairWork | None:
        """What was decided; None if there is nothing to repair any more."""
        async with self._sessions() as session:
            row = await session.get(DifferenceRow, difference_id)
            if row is None or row.state != DifferenceState.REPAIRING or row.decision is None:
                return None
            work = RepairWork(
                difference_id=row.id,
                account_id=row.account_id,
                field=row.field,
                subject=row.subject,
                system=System(row.system),
                owner_value=row.decision["owner_value"],
                value=row.decision["value"],
                correlation_id=row.decision["correlation_id"],
                group=row.decision["group"],
            )
            begun = await session.get(RepairRow, work.key)
        if begun is None:
            return work
        return dataclasses.replace(work, tries=begun.attempts, in_doubt=begun.in_doubt)

    async def intend(self, work: RepairWork, payload: Mapping[str, Any]) -> None:
        """Write the effect before the call, or count a further try of it."""
        async with self._sessions.begin() as session:
            await session.execute(
                insert(_R)
                .values(
                    idempotency_key=work.key,
                    difference_id=work.difference_id,
                    account_id=work.account_id,
                    field=work.field,
                    subject=work.subject,
                    system=work.system,
                    step=work.step,
                    value=work.owner_value,
                    payload=dict(payload),
                    payload_sha256=fingerprint(payload),
                    status=EffectStatus.INTENDED,
                    attempts=1,
                    in_doubt=1,
                    facts={},
                    exchanges=[],
                    intended_at=self._clock(),
                )
                .on_conflict_do_update(
                    index_elements=["idempotency_key"],
                    set_={"attempts": _R.attempts + 1, "in_doubt": _R.in_doubt + 1},
                    where=_R.status != EffectStatus.APPLIED,
                )
            )

    async def close(
        self, work: RepairWork, came: RepairTry, exchanges: Sequence[Exchange]
    ) -> DifferenceState:
        """Complete the effect after the call; where it stands, the difference is repaired."""
        now = self._clock()
        async with self._sessions.begin() as session:
            repair = await session.get_one(RepairRow, work.key, with_for_update=True)
            repair.status = came.status
            repair.exchanges = [*repair.exchanges, *map(exchange_values, exchanges)]
            applied = came.status is EffectStatus.APPLIED
            if applied:
                repair.in_doubt, repair.closed_at = 0, now
                repair.vendor_reference, repair.facts = came.reference, dict(came.facts or {})
            elif not came.in_doubt:
                repair.in_doubt = max(0, repair.in_doubt - 1)
            row = await session.get_one(DifferenceRow, work.difference_id, with_for_update=True)
            if applied and row.state == DifferenceState.REPAIRING:
                row.state, row.closed_at, row.failure = DifferenceState.REPAIRED, now, None
                self._note(session, row, "repaired", f"{work.system} now has the owner's value.")
            elif not applied:
                row.failure = came.words
        return DifferenceState(row.state)

    async def give_back(self, difference_id: str, why: str, *, agrees: bool) -> DifferenceState:
        """Nothing is written: the two agree again, or a person has to look at it once more."""
        async with self._sessions.begin() as session:
            row = await session.get_one(DifferenceRow, difference_id, with_for_update=True)
            if row.state != DifferenceState.REPAIRING:
                return DifferenceState(row.state)
            if agrees:
                row.state, row.closed_at = DifferenceState.AGREES_AGAIN, self._clock()
                self._note(session, row, "agrees_again", "They agreed before anything was written.")
            else:
                row.state = DifferenceState.OPEN
                row.failure = ". ".join(filter(None, (why.rstrip("."), row.failure)))
                self._note(session, row, "failed", row.failure)
        return DifferenceState(row.state)

    def _note(self, session: AsyncSession, row: DifferenceRow, outcome: str, why: str) -> None:
        decision = row.decision or {}
        session.add(
            audit_note(
                at=self._clock(),
                actor="throughline",
                actor_kind="service",
                action="repair_difference",
                outcome=outcome,
                correlation_id=decision.get("correlation_id", row.id),
                account_id=row.account_id,
                reason=why,
                facts={"difference": row.id, "field": row.field, "system": row.system},
            )
        )


async def next_group(session: AsyncSession, difference_id: str) -> int:
    """The attempt group of a new decision: what was tried before has keys of its own."""
    tried = await session.scalar(
        select(func.count()).select_from(_R).where(_R.difference_id == difference_id)
    )
    return (tried or 0) + 1


async def repairs_of(session: AsyncSession, difference_id: str) -> Sequence[RepairRow]:
    """Every repair of a difference, the latest first."""
    rows = await session.scalars(
        select(_R).where(_R.difference_id == difference_id).order_by(_R.intended_at.desc())
    )
    return list(rows)
