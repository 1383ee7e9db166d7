"""Every payload of one change, sent or planned, and what each system holds. Nothing here writes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from adapters.postgres import mapping
from adapters.postgres.situations import standing_effects, stands
from adapters.postgres.tables import DocumentVersionRow, EffectRow, ServiceChangeRow
from domain.contracts_evidence import (
    Held,
    HoldingView,
    PayloadState,
    PayloadView,
    PendingReason,
    PendingVersionView,
)
from domain.identifiers import VENDORS, System, fingerprint
from domain.payloads import PAYLOADS, canonical
from domain.personal_data import personal_fields
from domain.plan import Plan
from domain.records import ChangeRecord
from domain.service_change import FINAL, ChangeStatus, DocumentState, EffectStatus
from domain.steps import APPLY_ORDER, SYSTEM_OF, Step

_OVER: Final = FINAL - {ChangeStatus.ACTIVE}
"""Statuses in which nothing is planned any more."""


@dataclass(frozen=True, slots=True)
class Sendings:
    """Everything that was sent for a change, and what the plan as it stands would send besides."""

    change: ServiceChangeRow
    effects: Sequence[EffectRow]
    planned: Sequence[PayloadView]
    revision: int | None
    """The document version that waits for a decision."""

    @property
    def payloads(self) -> list[PayloadView]:
        """What was sent, in order, then what is planned."""
        return [*(_sent(effect) for effect in self.effects), *self.planned]

    @property
    def holdings(self) -> list[HoldingView]:
        """What each system of record holds, in the order of application."""
        return [self._holding(system) for system in VENDORS]

    def _holding(self, system: System) -> HoldingView:
        mine = [
            effect
            for effect in self.effects
            if effect.system == system and effect.step in APPLY_ORDER
        ]
        latest = next((effect for effect in reversed(mine) if _held(effect)), None)
        held = _held(latest) if latest else None
        return HoldingView(
            system=system,
            held=held or Held.NOTHING,
            step=latest.step if latest else None,
            document_version=latest.document_version if latest else None,
            payload_version=latest.payload_version if latest else None,
            vendor_reference=latest.vendor_reference if latest else None,
            since=latest.closed_at if latest else None,
            effect=latest.idempotency_key if latest else None,
            pending=[
                *(_under_way(effect) for effect in mine if _is_under_way(effect)),
                *self._planned_at(system),
                *self._revision_at(system, mine),
            ],
        )

    def _planned_at(self, system: System) -> list[PendingVersionView]:
        approved = self.change.approved_plan_sha256 is not None
        why = PendingReason.TO_BE_APPLIED if approved else PendingReason.AWAITING_APPROVAL
        return [
            PendingVersionView(
                document_version=each.document_version,
                payload_version=each.payload_version,
                why=why,
            )
            for each in self.planned
            if each.system is system
        ]

    def _revision_at(
        self, system: System, mine: Iterable[EffectRow]
    ) -> Iterable[PendingVersionView]:
        touched = any(mine) or any(each.system is system for each in self.planned)
        if self.revision is not None and touched:
            yield PendingVersionView(
                document_version=self.revision,
                payload_version=None,
                why=PendingReason.PENDING_REVIEW,
            )


async def read_sendings(session: AsyncSession, change: ServiceChangeRow) -> Sendings:
    """What was and would be sent for a change: two statements."""
    effects = await standing_effects(session, change.id)
    documents = list(
        await session.scalars(
            select(DocumentVersionRow).where(DocumentVersionRow.change_id == change.id)
        )
    )
    current = next((each for each in documents if each.state == DocumentState.CURRENT), None)
    waiting = [each.version for each in documents if each.state == DocumentState.PENDING_REVIEW]
    record = mapping.change_record(change, current, None)
    planned = [] if record.plan is None or record.status in _OVER else _planned(record, effects)
    return Sendings(change, effects, planned, max(waiting, default=None))


def _planned(change: ChangeRecord, effects: Sequence[EffectRow]) -> list[PayloadView]:
    """What the plan asks of each system and has not been begun there."""
    plan = change.plan
    assert plan is not None  # noqa: S101 - the caller has looked
    return [
        planned
        for effect in plan.effects
        if effect.step in PAYLOADS
        and (planned := _planned_step(change, plan, effect.step, effect.summary, effects))
    ]


def _planned_step(
    change: ChangeRecord, plan: Plan, step: Step, summary: str, effects: Sequence[EffectRow]
) -> PayloadView | None:
    payload = canonical(PAYLOADS[step](change, plan))
    sha256 = fingerprint(payload)
    earlier = [effect for effect in effects if effect.step == step]
    same = next((effect for effect in earlier if effect.payload_sha256 == sha256), None)
    if same is not None and _begun(same):
        return None
    return PayloadView(
        id=f"planned:{step}",
        system=SYSTEM_OF[step],
        step=step,
        summary=summary,
        state=PayloadState.PLANNED,
        payload_version=same.payload_version if same else len(earlier) + 1,
        document_version=plan.document_version,
        payload_sha256=sha256,
        idempotency_key=None,
        status=None,
        vendor_reference=None,
        at=None,
        closed_at=None,
        payload=payload,
        personal=personal_fields(payload),
    )


def _begun(effect: EffectRow) -> bool:
    return stands(effect) or effect.status in {EffectStatus.INTENDED, EffectStatus.UNKNOWN}


def _held(effect: EffectRow) -> Held | None:
    if stands(effect):
        return Held.HOLDS
    return Held.MAY_HOLD if effect.status == EffectStatus.UNKNOWN else None


def _is_under_way(effect: EffectRow) -> bool:
    return effect.status == EffectStatus.INTENDED


def _under_way(effect: EffectRow) -> PendingVersionView:
    return PendingVersionView(
        document_version=effect.document_version,
        payload_version=effect.payload_version,
        why=PendingReason.IN_PROGRESS,
    )


def _sent(effect: EffectRow) -> PayloadView:
    return PayloadView(
        id=effect.idempotency_key,
        system=System(effect.system),
        step=effect.step,
        summary=effect.summary,
        state=PayloadState.SENT,
        payload_version=effect.payload_version,
        document_version=effect.document_version,
        payload_sha256=effect.payload_sha256,
        idempotency_key=effect.idempotency_key,
        status=EffectStatus(effect.status),
        vendor_reference=effect.vendor_reference,
        at=effect.intended_at,
        closed_at=effect.closed_at,
        payload=effect.payload,
        personal=personal_fields(effect.payload),
    )
