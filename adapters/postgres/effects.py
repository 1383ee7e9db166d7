"""Effects on record: intended before the call, closed after it, and what is known in between."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from adapters.postgres import mapping
from adapters.postgres.audit import add_identifier, audit_entry
from adapters.postgres.tables import EffectRow, ServiceChangeRow
from domain.identifiers import fingerprint
from domain.records import EffectIntent, EffectState, Finding
from domain.service_change import EffectStatus
from domain.steps import Step
from domain.vendor_values import REFERENCE_KIND, EffectEvidence
from domain.verdicts import Repeatability

_CERTAIN = frozenset({EffectStatus.APPLIED, EffectStatus.SKIPPED, EffectStatus.REFUSED})
"""Statuses by which every try is accounted for: earlier ones were looked up before the last."""


class EffectRecords:
    """The part of a transaction that writes effects; see `activities.records`."""

    _session: AsyncSession
    _now: Callable[[], datetime]

    async def intend(self, intent: EffectIntent, repeatability: Repeatability) -> EffectState:
        """Write the effect before the call, or count a further attempt of it."""
        done = EffectRow.status == EffectStatus.APPLIED
        mine = EffectRow.change_id == intent.change_id, EffectRow.step == intent.step
        earlier = select(func.count()).select_from(EffectRow).where(*mine).scalar_subquery()
        statement = (
            insert(EffectRow)
            .values(
                idempotency_key=intent.key,
                change_id=intent.change_id,
                system=intent.system,
                step=intent.step,
                summary=intent.summary,
                document_version=intent.document_version,
                payload_version=earlier + 1,
                payload_sha256=fingerprint(intent.payload),
                payload=dict(intent.payload),
                status=EffectStatus.INTENDED,
                attempts=1,
                in_doubt=1,
                repeatability=repeatability,
                reverses=intent.reverses,
                facts={},
                intended_at=self._now(),
                tried_at=func.now(),
            )
            .on_conflict_do_update(
                index_elements=["idempotency_key"],
                set_={
                    "attempts": EffectRow.attempts + 1,
                    "in_doubt": EffectRow.in_doubt + 1,
                    "repeatability": repeatability,
                    "tried_at": func.now(),
                    "closed_at": None,
                    "status": EffectStatus.INTENDED,
                },
                where=~done,
            )
            .returning(EffectRow)
        )
        row = await self._session.scalar(statement, execution_options={"populate_existing": True})
        if row is None:  # done already, and left as it is
            row = await self._session.get_one(EffectRow, intent.key)
        return mapping.effect_state(row)

    async def close_effect(
        self,
        key: str,
        status: EffectStatus,
        evidence: EffectEvidence | None = None,
        *,
        in_doubt: bool = False,
    ) -> None:
        """Complete the effect after the call; a reversal also marks what it reversed."""
        proof = (
            {"vendor_reference": evidence.vendor_reference, "facts": dict(evidence.facts)}
            if evidence
            else {}
        )
        doubt: dict[str, Any] = {}
        if status in _CERTAIN:
            doubt["in_doubt"] = 0
        elif not in_doubt:
            doubt["in_doubt"] = func.greatest(EffectRow.in_doubt - 1, 0)
        still_open = status in {EffectStatus.UNKNOWN, EffectStatus.INTENDED}
        changed = await self._session.execute(
            update(EffectRow)
            .where(EffectRow.idempotency_key == key)
            .values(status=status, closed_at=None if still_open else self._now(), **proof, **doubt)
            .returning(EffectRow.change_id, EffectRow.system, EffectRow.reverses)
        )
        row = changed.one()
        if evidence is None:
            return
        kind = REFERENCE_KIND[mapping.system(row.system)]
        await add_identifier(self._session, row.change_id, kind, evidence.vendor_reference)
        if row.reverses is not None:
            await self._session.execute(
                update(EffectRow)
                .where(EffectRow.idempotency_key == row.reverses)
                .values(status=EffectStatus.REVERSED)
            )

    async def effect_of(self, change_id: str, step: Step) -> EffectState | None:
        """The latest effect of a step."""
        row = await self._session.scalar(
            select(EffectRow)
            .where(EffectRow.change_id == change_id, EffectRow.step == step)
            .order_by(EffectRow.intended_at.desc())
            .limit(1)
        )
        return mapping.effect_state(row) if row else None

    async def effect(self, key: str) -> EffectState | None:
        """The effect under a key, with the vendor's reference of what it is about."""
        row = await self._session.get(EffectRow, key)
        if row is None:
            return None
        about = select(EffectRow.vendor_reference).where(EffectRow.vendor_reference.is_not(None))
        if row.reverses is not None:
            about = about.where(EffectRow.idempotency_key == row.reverses)
        else:
            about = about.where(
                EffectRow.change_id == row.change_id, EffectRow.step == Step.OPEN_TICKET
            )
        subject = await self._session.scalar(about.order_by(EffectRow.intended_at.desc()).limit(1))
        return mapping.effect_state(row, subject or "")

    async def leave_effect_open_no_longer(self, key: str) -> None:
        """Give up finding out what became of an effect; it stays unknown, for a person."""
        await self._session.execute(
            update(EffectRow)
            .where(EffectRow.idempotency_key == key)
            .values(status=EffectStatus.UNKNOWN, closed_at=self._now())
        )

    async def note(self, change_id: str, finding: Finding) -> None:
        """Put on the change's audit trail what was found out about one of its effects."""
        change = await self._session.get_one(ServiceChangeRow, change_id)
        self._session.add(
            audit_entry(
                at=self._now(),
                actor="sweeper",
                actor_kind="schedule",
                action=finding.action,
                outcome=finding.outcome,
                change=change,
                reason=finding.sentence,
                facts={"effect": finding.effect_key, "vendor_reference": finding.reference},
            )
        )
